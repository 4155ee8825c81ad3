//! Activity tasks from poll to completion: the user's code, its heartbeats, its outcome.
//!
//! Whatever an activity does, the worker lives: a panic, undecodable input and an unknown type are
//! failures that the server may retry. An attempt that the server gave up is not reported on.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use persevere_proto::api::{
    command::v1::ScheduleActivityTaskCommandAttributes,
    common::v1::{Payload, Payloads},
    failure::v1::{Failure, failure::FailureInfo},
    workflowservice::v1::{
        PollActivityTaskQueueResponse, RespondActivityTaskCanceledRequest,
        RespondActivityTaskCompletedRequest, RespondActivityTaskFailedRequest,
    },
};
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;

use super::{ActivityContext, ActivityInfo, CancelReason, Shared, heartbeat::send_heartbeats};
use crate::{
    client::{Limits, is_gone, retry::is_too_large, rpc},
    runtime::{
        application_failure, execution::panic_message, spec::ActivityRegistration,
        surface::is_cancelled,
    },
    wire_time::{duration_from_wire, limit_from_wire, time_from_wire},
};

/// The result of an activity is worth more patience than most calls.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(60);
/// After an hour without a server the attempt is lost in any case that matters.
const LONGEST_PATIENCE: Duration = Duration::from_secs(3600);

/// What is left of the message of a failure that is too large, in characters.
const ABRIDGED_CHARS: usize = 1000;

/// How an attempt ended.
enum Outcome {
    Completed(Option<Payload>),
    Failed(Failure),
    Cancelled(Option<Payloads>),
    /// Nothing to report: it completes elsewhere, or nobody waits for it any more.
    Silent,
}

impl Outcome {
    /// What is reported in its place if it is larger than the server takes: a result becomes a
    /// failure that is not retried, since the next attempt would bring the same.
    fn without_data(&self) -> Self {
        match self {
            Self::Completed(_) => Self::Failed(application_failure(
                "the activity's result is larger than the server takes in one message: store it \
                 elsewhere and return a reference to it",
                "MessageTooLarge",
                true,
            )),
            Self::Failed(failure) => Self::Failed(abridged(failure)),
            Self::Cancelled(_) => Self::Cancelled(None),
            Self::Silent => Self::Silent,
        }
    }
}

/// A failure without its details and causes: what it is and whether it is retried.
fn abridged(failure: &Failure) -> Failure {
    let message: String = failure.message.chars().take(ABRIDGED_CHARS).collect();
    let (kind, non_retryable) = match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            (info.r#type.as_str(), info.non_retryable)
        }
        _ => ("MessageTooLarge", false),
    };
    let message = format!("{message} (abridged: too large for the server)");
    application_failure(&message, kind, non_retryable)
}

impl Shared {
    /// Whether an activity that a workflow just scheduled may be handed to this worker at once.
    pub(super) fn may_run_eagerly(&self, activity: &ScheduleActivityTaskCommandAttributes) -> bool {
        let kind = activity.activity_type.as_ref().map_or("", |t| t.name.as_str());
        // A rate limit is the server's to keep, and it does so where activities are polled.
        self.options.max_activities_per_second.is_none()
            && self.options.max_task_queue_activities_per_second.is_none()
            && !self.stopping.is_cancelled()
            && self.activities.contains_key(kind)
    }

    /// Starts the activities that came with a workflow task's completion; slots held in vain are
    /// freed.
    pub(super) fn start_eager(
        self: &Arc<Self>,
        tasks: Vec<PollActivityTaskQueueResponse>,
        reserved: Vec<OwnedSemaphorePermit>,
    ) {
        let mut reserved = reserved.into_iter();
        for task in tasks {
            let shared = self.clone();
            let slot = reserved.next();
            self.tasks.spawn(async move { shared.handle_activity_task(task, slot).await });
        }
    }

    /// Executes an activity and reports its outcome. It holds its slot until then.
    pub(super) async fn handle_activity_task(
        self: &Arc<Self>,
        mut task: PollActivityTaskQueueResponse,
        _slot: Option<OwnedSemaphorePermit>,
    ) {
        let input = task.input.take().map(|payloads| payloads.payloads).unwrap_or_default();
        let info = activity_info(task, &self.options.task_queue);
        let deadline = deadline(&info);
        let patience = deadline.map_or(SHORTEST_PATIENCE, |at| {
            let left = at.saturating_duration_since(Instant::now());
            left.clamp(SHORTEST_PATIENCE, LONGEST_PATIENCE)
        });
        let context = ActivityContext::new(info);
        let outcome = self.execute(&context, input, deadline).await;
        let instead = outcome.without_data();
        let mut reported = self.report(&context, outcome, patience).await;
        if let Err(status) = &reported
            && is_too_large(status)
        {
            reported = self.report(&context, instead, patience).await;
        }
        if let Err(status) = reported {
            let (info, code, message) = (context.info(), status.code(), status.message());
            if is_gone(&status) {
                tracing::debug!(
                    activity = info.activity_type,
                    id = info.activity_id,
                    "nobody waits for this attempt any more"
                );
            } else {
                tracing::warn!(
                    activity = info.activity_type,
                    id = info.activity_id,
                    ?code,
                    message,
                    "the server did not take an activity's outcome"
                );
            }
        }
    }

    async fn execute(
        self: &Arc<Self>,
        context: &ActivityContext,
        input: Vec<Payload>,
        deadline: Option<Instant>,
    ) -> Outcome {
        let kind = &context.info().activity_type;
        let Some(registration) = self.activities.get(kind) else {
            return Outcome::Failed(unknown_activity(&self.activities, kind));
        };
        let attending = tokio::spawn({
            let (shared, context) = (self.clone(), context.clone());
            async move { shared.attend(&context, deadline).await }
        });
        // Inside the future, so that a panic before the first await is caught, too.
        let execute = &registration.execute;
        let work = async { execute(context.clone(), input).await };
        let finished = tokio::select! {
            finished = AssertUnwindSafe(work).catch_unwind() => Some(finished),
            () = self.aborting.cancelled() => None,
        };
        attending.abort();
        match finished {
            None => Outcome::Failed(failure(
                "the worker stopped before the activity had finished",
                "WorkerShutdown",
            )),
            Some(Err(panic)) => {
                let message = panic_message(panic.as_ref());
                Outcome::Failed(failure(&format!("activity {kind} panicked: {message}"), "Panic"))
            }
            Some(Ok(Ok(_))) if context.is_completed_later() => Outcome::Silent,
            Some(Ok(Ok(payload))) => Outcome::Completed(payload),
            Some(Ok(Err(failure))) => failed(failure, context.cancel_reason()),
        }
    }

    /// Sends heartbeats and brings the reasons to stop, until the activity has finished.
    async fn attend(&self, context: &ActivityContext, deadline: Option<Instant>) {
        let timed_out = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
            context.cancel(CancelReason::TimedOut);
        };
        let stopped = async {
            self.hurrying.cancelled().await;
            context.cancel(CancelReason::WorkerShutdown);
        };
        let heartbeats =
            send_heartbeats(&self.connection, context, self.options.max_heartbeat_interval);
        tokio::join!(timed_out, stopped, heartbeats);
    }

    async fn report(
        &self,
        context: &ActivityContext,
        outcome: Outcome,
        patience: Duration,
    ) -> Result<(), Status> {
        let limits = Limits { attempt: Duration::from_secs(10), total: patience };
        let task_token = context.info().task_token.clone();
        let namespace = self.connection.namespace().to_owned();
        let identity = self.connection.identity().to_owned();
        match outcome {
            Outcome::Silent => Ok(()),
            Outcome::Completed(payload) => {
                let request = RespondActivityTaskCompletedRequest {
                    task_token,
                    result: payload.map(|payload| Payloads { payloads: vec![payload] }),
                    identity,
                    namespace,
                    ..Default::default()
                };
                let call = self.connection.try_call(
                    limits,
                    request,
                    rpc!(respond_activity_task_completed),
                );
                call.await.map(drop)
            }
            Outcome::Failed(failure) => {
                let request = RespondActivityTaskFailedRequest {
                    task_token,
                    failure: Some(failure),
                    identity,
                    namespace,
                    last_heartbeat_details: context
                        .take_beat()
                        .map(|payloads| Payloads { payloads }),
                    ..Default::default()
                };
                let call =
                    self.connection.try_call(limits, request, rpc!(respond_activity_task_failed));
                call.await.map(drop)
            }
            Outcome::Cancelled(details) => {
                let request = RespondActivityTaskCanceledRequest {
                    task_token,
                    details,
                    identity,
                    namespace,
                    ..Default::default()
                };
                let call =
                    self.connection.try_call(limits, request, rpc!(respond_activity_task_canceled));
                call.await.map(drop)
            }
        }
    }
}

/// What a failure means, given why the activity was told to stop.
fn failed(failure: Failure, reason: Option<CancelReason>) -> Outcome {
    match reason {
        Some(CancelReason::Gone | CancelReason::TimedOut) => Outcome::Silent,
        Some(CancelReason::Requested) if is_cancelled(&failure) => {
            Outcome::Cancelled(match failure.failure_info {
                Some(FailureInfo::CanceledFailureInfo(info)) => info.details,
                _ => None,
            })
        }
        // It stopped because it was told to, for a reason that is no reason to give up: the server
        // would never retry a cancelled failure.
        Some(_) if is_cancelled(&failure) => {
            let stopped = "the activity stopped because its worker told it to";
            Outcome::Failed(self::failure(stopped, "ActivityInterrupted"))
        }
        _ => Outcome::Failed(failure),
    }
}

fn failure(message: &str, kind: &str) -> Failure {
    application_failure(message, kind, false)
}

fn unknown_activity(known: &HashMap<String, ActivityRegistration>, kind: &str) -> Failure {
    let mut known: Vec<_> = known.keys().map(String::as_str).collect();
    known.sort_unstable();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let message =
        format!("activity {kind} is not registered with this worker, which knows {known}");
    failure(&message, "UnknownActivityType")
}

/// When the attempt's result stops counting, by this machine's clock. How old the activity was when
/// the attempt started is the server's to say: its clock need not be this machine's.
fn deadline(info: &ActivityInfo) -> Option<Instant> {
    let now = Instant::now();
    let attempt = info.start_to_close.and_then(|limit| now.checked_add(limit));
    let total = info.schedule_to_close.and_then(|limit| {
        let age = info
            .scheduled
            .zip(info.started)
            .map(|(scheduled, started)| started.duration_since(scheduled).unwrap_or_default());
        now.checked_add(limit.saturating_sub(age?))
    });
    match (attempt, total) {
        (Some(attempt), Some(total)) => Some(attempt.min(total)),
        (attempt, total) => attempt.or(total),
    }
}

fn activity_info(task: PollActivityTaskQueueResponse, task_queue: &str) -> ActivityInfo {
    let workflow = task.workflow_execution.unwrap_or_default();
    ActivityInfo {
        task_token: task.task_token,
        activity_id: task.activity_id,
        activity_type: task.activity_type.unwrap_or_default().name,
        namespace: task.workflow_namespace,
        task_queue: task_queue.to_owned(),
        workflow_id: workflow.workflow_id,
        run_id: workflow.run_id,
        workflow_type: task.workflow_type.unwrap_or_default().name,
        attempt: task.attempt.max(1).unsigned_abs(),
        scheduled: task.scheduled_time.as_ref().map(time_from_wire),
        attempt_scheduled: task.current_attempt_scheduled_time.as_ref().map(time_from_wire),
        started: task.started_time.as_ref().map(time_from_wire),
        schedule_to_close: limit_from_wire(task.schedule_to_close_timeout.as_ref()),
        start_to_close: limit_from_wire(task.start_to_close_timeout.as_ref()),
        heartbeat_timeout: task
            .heartbeat_timeout
            .as_ref()
            .map(duration_from_wire)
            .filter(|timeout| !timeout.is_zero()),
        retry: task.retry_policy,
        heartbeat_details: task
            .heartbeat_details
            .map(|details| details.payloads)
            .unwrap_or_default(),
    }
}
