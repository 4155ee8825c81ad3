//! Where time comes from: the machine, or a value that tests move.
//!
//! A virtual clock stands still until it is moved: by [`Clock::advance`], or by itself while
//! someone waits for a workflow to end and nothing but a deadline can bring that about. It moves
//! from deadline to deadline, never past one, and only when the coordinator is idle: no request
//! in work, no task waiting for or held by a worker. So a year passes in seconds, and nothing that
//! runs sees time jump.
//!
//! A worker that died does nothing any more, but only the clock is told ([`Clock::bury`]): to the
//! coordinator the tasks that it held stay held, until they time out.

mod virtual_time;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use persevere_engine::Time;

use virtual_time::VirtualTime;

/// Time for a coordinator. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Arc<Source>,
}

#[derive(Debug)]
enum Source {
    /// The machine's clock, kept from running backwards.
    Real {
        last: AtomicI64,
    },
    Virtual(VirtualTime),
}

/// Who can do a piece of work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holder {
    /// Any worker, or the coordinator itself.
    Anyone,
    /// Only the worker that has this identity, or that polls this queue of its own.
    Only(String),
}

/// Longest sleep before the machine's clock is looked at again: it may have been set.
const SLEEP_MAX: Duration = Duration::from_secs(60);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn real() -> Self {
        Clock { source: Arc::new(Source::Real { last: AtomicI64::new(0) }) }
    }

    /// A clock that stands at `start` until it is moved.
    #[must_use]
    pub fn virtual_from(start: Time) -> Self {
        Clock { source: Arc::new(Source::Virtual(VirtualTime::new(start))) }
    }

    /// Now; never earlier than what was returned before.
    #[must_use]
    pub fn now(&self) -> Time {
        match &*self.source {
            Source::Real { last } => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let now = Time::default().plus(since).0;
                Time(last.fetch_max(now, Ordering::Relaxed).max(now))
            }
            Source::Virtual(time) => time.now(),
        }
    }

    /// Moves a virtual clock by `step`, stopping at each deadline on the way until all that it
    /// set off has come to rest. The machine's clock is not moved.
    pub async fn advance(&self, step: Duration) {
        if let Source::Virtual(time) = &*self.source {
            time.advance(step).await;
        }
    }

    /// While the value lives, a virtual clock skips idle time by itself.
    #[must_use]
    pub fn skip_when_idle(&self) -> Skipping {
        if let Source::Virtual(time) = &*self.source {
            time.skippers(1);
        }
        Skipping(self.clone())
    }

    /// A worker is dead, known by its identity or by the name of its own (sticky) queue: a virtual
    /// clock waits no longer for what it holds, but skips to when that times out.
    pub fn bury(&self, worker: impl Into<String>) {
        if let Source::Virtual(time) = &*self.source {
            time.bury(Holder::Only(worker.into()));
        }
    }

    /// Whether the clock is virtual.
    pub(crate) fn is_virtual(&self) -> bool {
        matches!(&*self.source, Source::Virtual(_))
    }

    /// Returns once the clock shows `time` or later, or earlier: look at it again.
    pub(crate) async fn sleep_towards(&self, time: Time) {
        match &*self.source {
            Source::Real { .. } => {
                tokio::time::sleep(time.since(self.now()).min(SLEEP_MAX)).await;
            }
            Source::Virtual(virtual_time) => virtual_time.sleep_until(time).await,
        }
    }

    /// Something happens: a virtual clock must not skip right now.
    pub(crate) fn stir(&self) {
        if let Source::Virtual(time) = &*self.source {
            time.stir();
        }
    }

    /// So many pieces of work more (or fewer) for anyone.
    pub(crate) fn add_busy(&self, change: i64) {
        if let Source::Virtual(time) = &*self.source {
            time.add_work(&Holder::Anyone, change);
        }
    }

    /// An execution had work for those before, and now has for these.
    pub(crate) fn change_busy(&self, before: &BTreeSet<Holder>, now: &BTreeSet<Holder>) {
        if let Source::Virtual(time) = &*self.source {
            now.difference(before).for_each(|holder| time.add_work(holder, 1));
            before.difference(now).for_each(|holder| time.add_work(holder, -1));
        }
    }

    /// Skips idle time for as long as it is polled; never returns.
    pub(crate) async fn run(&self) {
        match &*self.source {
            Source::Real { .. } => std::future::pending().await,
            Source::Virtual(time) => time.run().await,
        }
    }
}

/// See [`Clock::skip_when_idle`].
#[derive(Debug)]
pub struct Skipping(Clock);

impl Drop for Skipping {
    fn drop(&mut self) {
        if let Source::Virtual(time) = &*self.0.source {
            time.skippers(-1);
        }
    }
}
