//! All queues of a coordinator, and polls as guards: a poll that goes away gives back what it got.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use persevere_engine::{QueueName, RunKey, Task};
use tokio::{sync::oneshot, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    PollRequest, QueueDescription,
    queue::{Offer, Offered, Queue},
};
use crate::Clock;

/// A sticky queue whose worker has not polled for so long is passed over (semantics rule 39).
pub(crate) const STICKY_WINDOW: Duration = Duration::from_secs(10);

/// Queues without tasks and polls are forgotten after this time.
const FORGET_AFTER: Duration = Duration::from_secs(600);

/// Workers that went away are remembered for this time: longer than a poll of theirs can be on its
/// way.
const REMEMBER_DISMISSED: Duration = Duration::from_secs(60);

/// How many more queues there are each time before forgettable ones are looked for.
const FORGET_EVERY: usize = 256;

/// What a queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Workflow tasks and queries.
    Workflow,
    /// Activity tasks.
    Activity,
    /// Nothing: see `Dispatch::poll_nothing`.
    Nothing,
}

/// Names a queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QueueKey {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// All queues. Shards offer, workers poll.
#[derive(Debug)]
pub(crate) struct Queues {
    /// A queue's reference is taken only under this lock, so one that nobody else holds can be
    /// forgotten under it.
    table: Mutex<HashMap<QueueKey, Arc<Mutex<Queue>>>>,
    /// Workers that went away, and when.
    dismissed: Mutex<HashMap<String, Instant>>,
    clock: Clock,
    next_poll: AtomicU64,
    closing: CancellationToken,
}

impl Queues {
    /// No queues yet. Polls end when `closing` is cancelled.
    pub(crate) fn new(clock: Clock, closing: CancellationToken) -> Self {
        Queues {
            table: Mutex::default(),
            dismissed: Mutex::default(),
            clock,
            next_poll: AtomicU64::new(0),
            closing,
        }
    }

    /// Offers a task. One for a sticky queue that nobody polls goes to the normal queue at once.
    pub(crate) fn offer(self: &Arc<Self>, run: Arc<RunKey>, task: Task) {
        let (queue, kind, what, priority) = match task {
            Task::Workflow { queue, scheduled_event_id, attempt } => {
                (queue, Kind::Workflow, Offered::Workflow { scheduled_event_id, attempt }, 0)
            }
            Task::Activity { queue, scheduled_event_id, attempt, priority } => {
                let what = Offered::Activity { scheduled_event_id, attempt };
                (queue, Kind::Activity, what, priority)
            }
        };
        let namespace = run.namespace.clone();
        let name = match queue.sticky_of {
            Some(normal) if !self.is_polled(&namespace, &queue.name, STICKY_WINDOW) => normal,
            _ => queue.name,
        };
        self.add(&QueueKey { namespace, name, kind }, Offer { run, what, priority });
    }

    /// Offers a query, on exactly this queue.
    pub(crate) fn offer_query(self: &Arc<Self>, queue: &QueueName, offer: Offer) {
        let namespace = offer.run.namespace.clone();
        let key = QueueKey { namespace, name: queue.name.clone(), kind: Kind::Workflow };
        self.add(&key, offer);
    }

    /// Whether workflow tasks of this queue were polled for within `window`.
    pub(crate) fn is_polled(&self, namespace: &str, name: &str, window: Duration) -> bool {
        let kind = Kind::Workflow;
        let key = QueueKey { namespace: namespace.into(), name: name.into(), kind };
        let queue = self.table().get(&key).cloned();
        queue.is_some_and(|queue| lock(&queue).polled_within(window, Instant::now()))
    }

    /// Waits for a task until `deadline`; `None` if there was none, or if the worker or the
    /// coordinator goes away.
    pub(crate) async fn poll(
        self: &Arc<Self>,
        key: &QueueKey,
        request: &PollRequest,
        deadline: Instant,
    ) -> Option<Claim> {
        if self.is_dismissed(&request.worker_instance) {
            return None;
        }
        let mut poll = self.start_poll(key, request);
        // It may have gone away just before its poll could be found.
        if self.is_dismissed(&request.worker_instance) {
            return None;
        }
        let offer = tokio::select! {
            biased;
            offer = &mut poll.receiver => offer.ok(),
            () = self.closing.cancelled() => None,
            () = tokio::time::sleep_until(deadline) => None,
        };
        let (queues, queue) = (self.clone(), poll.queue.clone());
        offer.map(|offer| Claim { queues, key: key.clone(), queue, offer: Some(offer) })
    }

    /// Who polls and what waits.
    pub(crate) fn describe(&self, key: &QueueKey) -> QueueDescription {
        let queue = self.table().get(key).cloned();
        queue.map(|queue| lock(&queue).describe(Instant::now())).unwrap_or_default()
    }

    /// A worker goes away: its polls end, those that are still on their way too, and what waits in
    /// its sticky queue moves to the normal one (semantics rule 123).
    pub(crate) fn dismiss(
        self: &Arc<Self>,
        namespace: &str,
        sticky_queue: &str,
        worker_instance: &str,
    ) {
        if !worker_instance.is_empty() {
            self.remember_dismissed(worker_instance);
            let queues: Vec<_> = self.table().values().cloned().collect();
            queues.iter().for_each(|queue| lock(queue).dismiss(worker_instance));
        }
        let kind = Kind::Workflow;
        let key = |name: &str| QueueKey { namespace: namespace.into(), name: name.into(), kind };
        let queue = self.table().get(&key(sticky_queue)).cloned();
        let Some(queue) = queue else { return };
        let (normal, orphans) = lock(&queue).close();
        let normal = normal.map(|normal| key(&normal));
        for orphan in orphans {
            match &normal {
                Some(normal) => self.add(normal, orphan),
                None => self.put_back(&queue, orphan),
            }
        }
    }

    fn remember_dismissed(&self, worker_instance: &str) {
        let now = Instant::now();
        let mut dismissed = self.dismissed.lock().unwrap_or_else(PoisonError::into_inner);
        dismissed.retain(|_, since| now - *since < REMEMBER_DISMISSED);
        dismissed.insert(worker_instance.to_owned(), now);
    }

    fn is_dismissed(&self, worker_instance: &str) -> bool {
        let dismissed = self.dismissed.lock().unwrap_or_else(PoisonError::into_inner);
        let since = dismissed.get(worker_instance);
        since.is_some_and(|since| since.elapsed() < REMEMBER_DISMISSED)
    }

    fn start_poll(self: &Arc<Self>, key: &QueueKey, request: &PollRequest) -> Poll {
        let queue = self.queue(key);
        let poll = self.next_poll.fetch_add(1, Ordering::Relaxed);
        let now = (Instant::now(), self.clock.now());
        let receiver = lock(&queue).wait(poll, request, now);
        self.match_up(&queue);
        Poll { queues: self.clone(), queue, poll, receiver }
    }

    fn add(self: &Arc<Self>, key: &QueueKey, offer: Offer) {
        let queue = self.queue(key);
        lock(&queue).add(offer, Instant::now());
        self.match_up(&queue);
    }

    fn put_back(self: &Arc<Self>, queue: &Arc<Mutex<Queue>>, offer: Offer) {
        lock(queue).put_back(offer, Instant::now());
        self.match_up(queue);
    }

    /// Pairs what can be paired now, and later what the rate limit holds back.
    fn match_up(self: &Arc<Self>, queue: &Arc<Mutex<Queue>>) {
        let wait = lock(queue).match_up(Instant::now());
        let Some(mut wait) = wait else { return };
        let (queue, closing) = (queue.clone(), self.closing.clone());
        tokio::spawn(closing.run_until_cancelled_owned(async move {
            loop {
                tokio::time::sleep(wait).await;
                match lock(&queue).match_again(Instant::now()) {
                    Some(again) => wait = again,
                    None => break,
                }
            }
        }));
    }

    fn queue(&self, key: &QueueKey) -> Arc<Mutex<Queue>> {
        let mut table = self.table();
        if let Some(queue) = table.get(key) {
            return queue.clone();
        }
        let now = Instant::now();
        if table.len() % FORGET_EVERY == FORGET_EVERY - 1 {
            table.retain(|_, queue| {
                let known = lock(queue);
                // What waits in a sticky queue for so long has timed out there and is offered
                // elsewhere.
                Arc::strong_count(queue) > 1
                    || (known.backlog() > 0 && !known.is_sticky())
                    || known.polled_within(FORGET_AFTER, now)
            });
        }
        table.entry(key.clone()).or_insert_with(|| Arc::new(Mutex::new(Queue::new(now)))).clone()
    }

    fn table(&self) -> MutexGuard<'_, HashMap<QueueKey, Arc<Mutex<Queue>>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A queue is whole between any two of its operations, so a poisoned lock is as good as another.
fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A poll that waits. However it ends, it stops waiting, and a task that had already been sent to
/// it is not lost (semantics rule 120).
struct Poll {
    queues: Arc<Queues>,
    queue: Arc<Mutex<Queue>>,
    poll: u64,
    receiver: oneshot::Receiver<Offer>,
}

impl Drop for Poll {
    fn drop(&mut self) {
        lock(&self.queue).stop_waiting(self.poll, Instant::now());
        self.receiver.close();
        if let Ok(offer) = self.receiver.try_recv() {
            self.queues.put_back(&self.queue, offer);
        }
    }
}

/// A task that a poll has got, and gives back unless it is settled.
#[derive(Debug)]
pub(crate) struct Claim {
    queues: Arc<Queues>,
    key: QueueKey,
    queue: Arc<Mutex<Queue>>,
    offer: Option<Offer>,
}

impl Claim {
    pub(crate) fn offer(&self) -> &Offer {
        self.offer.as_ref().expect("taken only by `settle` and `drop`, which end the claim")
    }

    /// The task is handed out, or nobody wants it any more. Returns how many wait behind it.
    pub(crate) fn settle(mut self) -> usize {
        self.offer = None;
        lock(&self.queue).backlog()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(offer) = self.offer.take() {
            tracing::debug!(queue = %self.key.name, run = %offer.run.run_id, "task given back");
            self.queues.put_back(&self.queue, offer);
        }
    }
}
