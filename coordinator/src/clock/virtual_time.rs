//! A clock that moves from deadline to deadline when nothing else happens.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use persevere_engine::Time;
use tokio::sync::{Notify, watch};

use super::Holder;

/// How long (in real time) nothing must have happened before time is skipped: enough for a
/// message to get from one task of this process to another.
const QUIET: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub(super) struct VirtualTime {
    now: watch::Sender<Time>,
    deadlines: Mutex<BTreeSet<(Time, u64)>>,
    next_sleeper: AtomicU64,
    stirred: AtomicU64,
    work: Mutex<Work>,
    skippers: AtomicI64,
    changed: Notify,
}

/// What there is to do, and who of those that could do it will never do it.
#[derive(Debug, Default)]
struct Work {
    /// How much of it each can do.
    by_holder: BTreeMap<Holder, i64>,
    dead: BTreeSet<Holder>,
}

impl VirtualTime {
    pub(super) fn new(start: Time) -> Self {
        VirtualTime {
            now: watch::Sender::new(start),
            deadlines: Mutex::default(),
            next_sleeper: AtomicU64::new(0),
            stirred: AtomicU64::new(0),
            work: Mutex::default(),
            skippers: AtomicI64::new(0),
            changed: Notify::new(),
        }
    }

    pub(super) fn now(&self) -> Time {
        *self.now.borrow()
    }

    pub(super) fn stir(&self) {
        self.stirred.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn add_work(&self, holder: &Holder, change: i64) {
        {
            let by_holder = &mut self.work().by_holder;
            let amount = by_holder.entry(holder.clone()).or_default();
            *amount += change;
            if *amount == 0 {
                by_holder.remove(holder);
            }
        }
        self.changed.notify_waiters();
    }

    pub(super) fn bury(&self, holder: Holder) {
        self.work().dead.insert(holder);
        self.changed.notify_waiters();
    }

    pub(super) fn skippers(&self, change: i64) {
        self.skippers.fetch_add(change, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    pub(super) async fn sleep_until(&self, deadline: Time) {
        let sleeper = self.next_sleeper.fetch_add(1, Ordering::Relaxed);
        let _asleep = Asleep::new(self, (deadline, sleeper));
        let mut now = self.now.subscribe();
        // The sender lives as long as `self`.
        let _ = now.wait_for(|now| *now >= deadline).await;
        self.stir();
    }

    pub(super) async fn advance(&self, step: Duration) {
        let goal = self.now().plus(step);
        loop {
            self.idle().await;
            match self.earliest().filter(|earliest| *earliest <= goal) {
                Some(earliest) => self.move_to(earliest),
                None => break self.move_to(goal),
            }
        }
        self.idle().await;
    }

    /// Skips to the next deadline, again and again, while someone wants that.
    pub(super) async fn run(&self) {
        loop {
            let changed = self.changed.notified();
            if self.skippers.load(Ordering::SeqCst) == 0 {
                changed.await;
                continue;
            }
            self.idle().await;
            if self.skippers.load(Ordering::SeqCst) == 0 {
                continue;
            }
            match self.earliest() {
                Some(earliest) => self.move_to(earliest),
                None => tokio::time::sleep(QUIET).await,
            }
        }
    }

    /// Returns when no worker has anything to do and nothing has happened for a while.
    async fn idle(&self) {
        loop {
            self.not_busy().await;
            let before = self.stirred.load(Ordering::SeqCst);
            tokio::time::sleep(QUIET).await;
            let now = self.stirred.load(Ordering::SeqCst);
            if now == before && self.is_idle() {
                return;
            }
        }
    }

    async fn not_busy(&self) {
        loop {
            let changed = self.changed.notified();
            if self.is_idle() {
                return;
            }
            changed.await;
        }
    }

    fn is_idle(&self) -> bool {
        let Work { by_holder, dead } = &*self.work();
        by_holder.keys().all(|holder| dead.contains(holder))
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        // Each change is one operation on a map or a set.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn move_to(&self, time: Time) {
        self.stir();
        self.now.send_if_modified(|now| {
            let later = time > *now;
            *now = time.max(*now);
            later
        });
    }

    fn earliest(&self) -> Option<Time> {
        self.deadlines().first().map(|(time, _)| *time)
    }

    fn deadlines(&self) -> MutexGuard<'_, BTreeSet<(Time, u64)>> {
        // A set is whole between any two of its operations.
        self.deadlines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sleeper's deadline, for as long as it sleeps.
struct Asleep<'t> {
    time: &'t VirtualTime,
    deadline: (Time, u64),
}

impl<'t> Asleep<'t> {
    fn new(time: &'t VirtualTime, deadline: (Time, u64)) -> Self {
        time.deadlines().insert(deadline);
        Asleep { time, deadline }
    }
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        self.time.deadlines().remove(&self.deadline);
    }
}
