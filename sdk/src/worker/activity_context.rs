//! What an activity can know and do while it runs: its task, heartbeats, cancellation.
//!
//! An [`ActivityContext`] only records and waits; sending heartbeats is the worker's part.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use persevere_proto::api::common::v1::{Payload, RetryPolicy};
use tokio::sync::{Notify, watch};

/// Why a running activity should stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// The workflow asked for it, or the workflow was cancelled.
    Requested,
    /// The server no longer knows this attempt: it timed out, or its workflow closed.
    Gone,
    /// The attempt ran longer than its time limit; its result will not be accepted.
    TimedOut,
    /// An operator paused the activity.
    Paused,
    /// An operator reset the activity.
    Reset,
    /// The worker is shutting down and its grace period is over.
    WorkerShutdown,
}

/// The task that an activity executes.
#[derive(Clone, Debug)]
pub struct ActivityInfo {
    /// Opaque proof of this attempt, with which it can be completed from anywhere.
    pub task_token: Vec<u8>,
    /// The activity's id within its workflow run.
    pub activity_id: String,
    /// The activity type.
    pub activity_type: String,
    /// The namespace.
    pub namespace: String,
    /// The task queue it came from.
    pub task_queue: String,
    /// The workflow that scheduled it.
    pub workflow_id: String,
    /// The run that scheduled it.
    pub run_id: String,
    /// The type of the workflow that scheduled it.
    pub workflow_type: String,
    /// 1 for the first try.
    pub attempt: u32,
    /// When the activity was first scheduled.
    pub scheduled: Option<SystemTime>,
    /// When this attempt was scheduled.
    pub attempt_scheduled: Option<SystemTime>,
    /// When this attempt started.
    pub started: Option<SystemTime>,
    /// Limit over all attempts.
    pub schedule_to_close: Option<Duration>,
    /// Limit of this attempt.
    pub start_to_close: Option<Duration>,
    /// Limit between two heartbeats.
    pub heartbeat_timeout: Option<Duration>,
    /// The retry policy in force.
    pub retry: Option<RetryPolicy>,
    /// What the last attempt's last heartbeat carried.
    pub heartbeat_details: Vec<Payload>,
}

/// Handle of one running activity attempt; cheap to clone, usable from any thread.
#[derive(Clone, Debug)]
pub struct ActivityContext {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    info: ActivityInfo,
    /// Details of the newest heartbeat that has not been sent; `None` once taken.
    beat: Mutex<Option<Vec<Payload>>>,
    /// Tells the worker that `beat` has something new.
    beaten: Notify,
    cancel: watch::Sender<Option<CancelReason>>,
    complete_later: std::sync::atomic::AtomicBool,
}

impl ActivityContext {
    /// The context of one attempt. Workers make these; tests of activities may, too.
    #[must_use]
    pub fn new(info: ActivityInfo) -> Self {
        let shared = Shared {
            info,
            beat: Mutex::new(None),
            beaten: Notify::new(),
            cancel: watch::Sender::new(None),
            complete_later: std::sync::atomic::AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The task being executed.
    #[must_use]
    pub fn info(&self) -> &ActivityInfo {
        &self.shared.info
    }

    /// Reports progress. The worker sends the newest details at most once in 80 % of the heartbeat
    /// timeout, so this may be called as often as is convenient. The next attempt finds the details
    /// in [`ActivityInfo::heartbeat_details`]; cancellation is learnt through the answers.
    pub fn heartbeat(&self, details: Vec<Payload>) {
        *self.shared.beat.lock().unwrap_or_else(PoisonError::into_inner) = Some(details);
        self.shared.beaten.notify_one();
    }

    /// Waits until this attempt should stop, and says why. An activity that never sends heartbeats
    /// does not learn of a cancellation request.
    pub async fn cancelled(&self) -> CancelReason {
        let mut changes = self.shared.cancel.subscribe();
        let reason = changes.wait_for(Option::is_some).await.ok().and_then(|reason| *reason);
        reason.expect("the sender lives in `self` and the predicate demands a reason")
    }

    /// Why this attempt should stop, if it should.
    #[must_use]
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        *self.shared.cancel.borrow()
    }

    /// Declares that returning `Ok` does not complete the activity: something else will, by its
    /// task token or by its id.
    pub fn complete_later(&self) {
        self.shared.complete_later.store(true, std::sync::atomic::Ordering::Release);
    }

    pub(super) fn is_completed_later(&self) -> bool {
        self.shared.complete_later.load(std::sync::atomic::Ordering::Acquire)
    }

    /// Waits for a heartbeat that has not been taken, and takes it.
    pub(super) async fn next_beat(&self) -> Vec<Payload> {
        loop {
            if let Some(details) = self.take_beat() {
                return details;
            }
            self.shared.beaten.notified().await;
        }
    }

    /// The newest heartbeat's details, if nobody has taken them.
    pub(super) fn take_beat(&self) -> Option<Vec<Payload>> {
        self.shared.beat.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Tells the activity to stop; the first reason stays.
    pub fn cancel(&self, reason: CancelReason) {
        self.shared.cancel.send_if_modified(|now| {
            let first = now.is_none();
            if first {
                *now = Some(reason);
            }
            first
        });
    }
}
