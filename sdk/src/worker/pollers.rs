//! Asking the server for tasks: a slot first, then a long poll, then the task on its way.
//!
//! A poll is only made with a slot in hand, so no task waits in this process. Failed polls are
//! repeated after growing, jittered waits; a failure that no waiting can mend stops the worker.

use std::{sync::Arc, time::Duration};

use persevere_proto::api::{
    enums::v1::TaskQueueKind,
    taskqueue::v1::{TaskQueue, TaskQueueMetadata},
    workflowservice::v1::{PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest},
};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tonic::Status;

use super::Shared;
use crate::client::{
    Limits,
    retry::{Backoff, is_retryable},
    rpc,
};

/// One start in a year is as good as none, and clocks can still count it.
const LONGEST_INTERVAL: Duration = Duration::from_secs(365 * 86_400);

/// Spaces the starts of activities evenly. One for all pollers of a worker.
#[derive(Debug)]
pub(super) struct RateLimit {
    interval: Duration,
    next: Mutex<Instant>,
}

impl RateLimit {
    /// Absent if the rate is absent; a rate that is no positive number is no limit.
    pub(super) fn new(per_second: Option<f64>) -> Option<Self> {
        let per_second = per_second.filter(|rate| rate.is_finite() && *rate > 0.0)?;
        let interval = Duration::try_from_secs_f64(1.0 / per_second);
        let interval = interval.unwrap_or(LONGEST_INTERVAL).min(LONGEST_INTERVAL);
        Some(Self { interval, next: Mutex::new(Instant::now()) })
    }

    async fn wait(&self) {
        let mut next = self.next.lock().await;
        tokio::time::sleep_until(*next).await;
        *next = Instant::now() + self.interval;
    }
}

impl Shared {
    /// Polls for workflow tasks of the common or the sticky queue until the worker stops.
    pub(super) async fn poll_workflow_tasks(self: Arc<Self>, sticky: bool) {
        let queue = if sticky { self.sticky_task_queue() } else { self.common_task_queue() };
        let mut backoff = Backoff::default();
        while let Some(slot) = self.slot(&self.workflow_slots).await {
            let request = PollWorkflowTaskQueueRequest {
                namespace: self.connection.namespace().into(),
                task_queue: Some(queue.clone()),
                identity: self.connection.identity().into(),
                worker_instance_key: self.instance_key.clone(),
                ..Default::default()
            };
            let rpc = rpc!(poll_workflow_task_queue);
            let poll = self.connection.once(Limits::LONG_POLL.attempt, request, &rpc);
            let Some(polled) = self.unless_stopped(poll).await else { return };
            match polled {
                Ok(task) => {
                    backoff.reset();
                    if !task.task_token.is_empty() {
                        let shared = self.clone();
                        self.tasks
                            .spawn(async move { shared.handle_workflow_task(task, slot).await });
                    }
                }
                Err(status) => self.after_failed_poll(&status, &mut backoff).await,
            }
        }
    }

    /// Polls for activity tasks until the worker stops.
    pub(super) async fn poll_activity_tasks(self: Arc<Self>) {
        let max_tasks_per_second = self.options.max_task_queue_activities_per_second;
        let task_queue_metadata =
            max_tasks_per_second.map(|rate| TaskQueueMetadata { max_tasks_per_second: Some(rate) });
        let mut backoff = Backoff::default();
        while let Some(slot) = self.slot(&self.activity_slots).await {
            if let Some(limit) = &self.activity_rate {
                limit.wait().await;
            }
            let request = PollActivityTaskQueueRequest {
                namespace: self.connection.namespace().into(),
                task_queue: Some(self.common_task_queue()),
                identity: self.connection.identity().into(),
                worker_instance_key: self.instance_key.clone(),
                task_queue_metadata,
                ..Default::default()
            };
            let rpc = rpc!(poll_activity_task_queue);
            let poll = self.connection.once(Limits::LONG_POLL.attempt, request, &rpc);
            let Some(polled) = self.unless_stopped(poll).await else { return };
            match polled {
                Ok(task) => {
                    backoff.reset();
                    if !task.task_token.is_empty() {
                        let shared = self.clone();
                        self.tasks.spawn(async move {
                            shared.handle_activity_task(task, Some(slot)).await
                        });
                    }
                }
                Err(status) => self.after_failed_poll(&status, &mut backoff).await,
            }
        }
    }

    pub(super) fn common_task_queue(&self) -> TaskQueue {
        TaskQueue {
            name: self.options.task_queue.clone(),
            kind: TaskQueueKind::Normal.into(),
            normal_name: String::new(),
        }
    }

    /// A free slot, or nothing once the worker stops.
    async fn slot(&self, slots: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => None,
            slot = slots.clone().acquire_owned() => slot.ok(),
        }
    }

    /// A poll's answer. When the worker stops, the server is told to end the polls; one that is
    /// answered in time is still heeded, since a task may be in it.
    async fn unless_stopped<T>(&self, poll: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            polled = poll => Some(polled),
            () = self.polls_over.cancelled() => None,
        }
    }

    async fn after_failed_poll(&self, status: &Status, backoff: &mut Backoff) {
        if self.stopping.is_cancelled() {
            return;
        }
        let (code, message) = (status.code(), status.message());
        if !is_retryable(code) {
            self.fail(status);
            return;
        }
        // A long poll that ran into its limit was simply silent.
        if code == tonic::Code::DeadlineExceeded {
            return backoff.reset();
        }
        let wait = backoff.next(code);
        tracing::warn!(?code, message, ?wait, "polling failed");
        tokio::select! {
            () = self.stopping.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_may_be_anything() {
        for none in [None, Some(0.0), Some(-1.0), Some(f64::NAN), Some(f64::INFINITY)] {
            assert!(RateLimit::new(none).is_none(), "{none:?}");
        }
        let interval = |rate| RateLimit::new(Some(rate)).expect("a limit").interval;
        assert_eq!(interval(4.0), Duration::from_millis(250));
        assert_eq!(interval(f64::MIN_POSITIVE), LONGEST_INTERVAL);
    }
}
