//! A worker takes the scheduled workflow task.
//!
//! Starting has no effect outside the run, so it may be lost in a crash (the task is then offered
//! again): the transition is [`Durability::Deferred`](crate::Durability::Deferred).

use persevere_proto::api::{
    common::v1::WorkerVersionStamp, enums::v1::SuggestContinueAsNewReason,
    history::v1::HistoryEvent,
};

use super::{events, start_to_close, started};
use crate::{
    command::{StartWorkflowTask, WorkflowTaskToken},
    context::Context,
    key::QueueName,
    rejection::Rejection,
    reply::{Reply, WorkflowTaskHandout},
    state::{Execution, ScheduledTask, StartedTask, WorkflowTask},
    transition::{Draft, Transition},
};

/// What the history names as the poll when a completion's reply brings the next task (rule 44).
const INLINE_REQUEST_ID: &str = "request-from-RespondWorkflowTaskCompleted";

/// See `Command::StartWorkflowTask`. Repeating a poll repeats the answer (semantics rule 46).
///
/// A task that was offered on a sticky queue may be started from the normal one, where the shell
/// moved it because no poller of the sticky queue was seen lately (semantics rule 39): the worker
/// then gets the whole history, and the stickiness is gone. Not the other way round (rule 40).
pub(crate) fn start(
    execution: &Execution,
    command: StartWorkflowTask,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    if !execution.is_running() {
        return Err(stale("the run is closed"));
    }
    let mut draft = Draft::of(execution, context);
    match &execution.overlay.workflow_task {
        WorkflowTask::Scheduled(task) => {
            check_offer(task, &command)?;
            let worker = Taker {
                queue: command.queue,
                request_id: command.request_id,
                identity: command.identity,
                worker_version: command.worker_version,
                history_size_bytes: execution.recorded.history_bytes,
            };
            take(&mut draft, worker);
            draft.defer();
        }
        WorkflowTask::Started(task) if task.request_id == command.request_id => {}
        WorkflowTask::Started(_) => return Err(stale("another poll took it")),
        WorkflowTask::None => return Err(stale("it has ended")),
    }
    let reply = Reply::WorkflowTask(Box::new(handout(&mut draft)));
    Ok(draft.finish(reply))
}

/// Starts the task that a completion has just scheduled, for the worker that completed
/// (semantics rule 44). That worker has the history up to its own task.
pub(crate) fn start_inline(
    draft: &mut Draft<'_>,
    identity: &str,
    worker_version: Option<WorkerVersionStamp>,
) -> WorkflowTaskHandout {
    let bytes = draft.execution.recorded.history_bytes;
    start_for(draft, INLINE_REQUEST_ID.to_owned(), identity, worker_version, bytes);
    let seen = draft.execution.recorded.previous_started_event_id;
    WorkflowTaskHandout { history_from: seen + 1, ..handout(draft) }
}

/// Starts the first task of a run for the client that started the run, which has a worker beside
/// it.
pub(crate) fn start_eagerly(
    draft: &mut Draft<'_>,
    request_id: String,
    identity: &str,
) -> WorkflowTaskHandout {
    // The reference server counts a history from its first commit on.
    start_for(draft, request_id, identity, None, 0);
    handout(draft)
}

fn start_for(
    draft: &mut Draft<'_>,
    request_id: String,
    identity: &str,
    worker_version: Option<WorkerVersionStamp>,
    history_size_bytes: i64,
) {
    if let WorkflowTask::Scheduled(task) = &draft.execution.overlay.workflow_task {
        let queue = task.queue.clone();
        let identity = identity.to_owned();
        take(draft, Taker { queue, request_id, identity, worker_version, history_size_bytes });
    }
}

/// The worker that takes a task.
struct Taker {
    queue: QueueName,
    request_id: String,
    identity: String,
    worker_version: Option<WorkerVersionStamp>,
    /// What the started event says of the history before it.
    history_size_bytes: i64,
}

fn check_offer(task: &ScheduledTask, command: &StartWorkflowTask) -> Result<(), Rejection> {
    let offered = (task.scheduled_event_id, task.attempt);
    if offered != (command.scheduled_event_id, command.attempt) {
        return Err(stale("a newer one is scheduled"));
    }
    if command.queue != task.queue && command.queue.sticky_of.is_some() {
        return Err(stale("it waits on the normal queue"));
    }
    Ok(())
}

fn take(draft: &mut Draft<'_>, worker: Taker) {
    let WorkflowTask::Scheduled(mut task) = draft.execution.overlay.workflow_task.clone() else {
        return;
    };
    if task.attempt > 1 && task.scheduled_event_id != draft.execution.recorded.next_event_id {
        make_normal(draft, &mut task);
    }
    if task.queue != worker.queue {
        task.queue = worker.queue;
        draft.overlay().sticky = None;
    }
    let recorded = &draft.execution.recorded;
    let reasons = suggest_reasons(draft);
    let started = StartedTask {
        started_event_id: recorded.next_event_id + i64::from(task.attempt > 1),
        started_time: draft.context.now,
        request_id: worker.request_id,
        identity: worker.identity,
        worker_version: worker.worker_version,
        suggest_continue_as_new: !reasons.is_empty(),
        suggest_reasons: reasons,
        history_size_bytes: worker.history_size_bytes,
        scheduled: task,
    };
    if started.scheduled.attempt == 1 {
        draft.record_event(events::started(&started));
    }
    let overlay = draft.overlay();
    overlay.last_worker.clone_from(&started.identity);
    overlay.workflow_task = WorkflowTask::Started(started);
}

/// Something happened since a transient task was scheduled: it becomes a first attempt, written
/// behind what happened (semantics rule 33).
fn make_normal(draft: &mut Draft<'_>, task: &mut ScheduledTask) {
    task.attempt = 1;
    task.scheduled_event_id = draft.execution.recorded.next_event_id;
    task.scheduled_time = draft.context.now;
    task.start_to_close = start_to_close(&draft.execution, 1);
    draft.record_event(events::scheduled(task));
}

/// Why the workflow should continue as new soon (semantics rule 47).
fn suggest_reasons(draft: &Draft<'_>) -> Vec<i32> {
    let (recorded, limits) = (&draft.execution.recorded, draft.context.limits);
    let mut reasons = Vec::new();
    if recorded.history_bytes >= limits.suggest_bytes {
        reasons.push(SuggestContinueAsNewReason::HistorySizeTooLarge as i32);
    }
    if recorded.next_event_id >= limits.suggest_events {
        reasons.push(SuggestContinueAsNewReason::TooManyHistoryEvents as i32);
    }
    reasons
}

/// The started task, for the worker that took it.
pub(crate) fn handout(draft: &mut Draft<'_>) -> WorkflowTaskHandout {
    let mut queries = std::collections::BTreeMap::new();
    for (id, buffered) in &mut draft.execution.fleeting.queries {
        buffered.delivered = true;
        queries.insert(*id, buffered.query.clone());
    }
    let execution = &draft.execution;
    let task = started(execution).expect("called only while a workflow task is started");
    let previous_started_event_id = execution.recorded.previous_started_event_id;
    let cached = task.scheduled.queue.sticky_of.is_some();
    WorkflowTaskHandout {
        token: token(task),
        scheduled_time: task.scheduled.scheduled_time,
        previous_started_event_id,
        history_from: if cached { previous_started_event_id + 1 } else { 1 },
        history_to: execution.recorded.next_event_id - 1,
        transient: transient_of_started(task),
        queries,
        task_queue: execution.task_queue(),
    }
}

pub(super) fn token(task: &StartedTask) -> WorkflowTaskToken {
    WorkflowTaskToken {
        scheduled_event_id: task.scheduled.scheduled_event_id,
        started_event_id: task.started_event_id,
        started_time: task.started_time,
        attempt: task.scheduled.attempt,
    }
}

/// The events that a started transient task would have; none for a first attempt.
pub(super) fn transient_of_started(task: &StartedTask) -> Vec<HistoryEvent> {
    if task.scheduled.attempt == 1 {
        return Vec::new();
    }
    let mut scheduled = events::scheduled(&task.scheduled);
    scheduled.event_id = task.scheduled.scheduled_event_id;
    let mut started = events::started(task);
    started.event_id = task.started_event_id;
    vec![scheduled, started]
}

fn stale(why: &'static str) -> Rejection {
    Rejection::StaleTask(why)
}

impl Execution {
    /// The events of a transient workflow task (semantics rule 32), for whoever reads the history:
    /// they follow the stored ones and have the ids they will get if the task completes.
    #[must_use]
    pub fn transient_events(&self) -> Vec<HistoryEvent> {
        match &self.overlay.workflow_task {
            WorkflowTask::Started(task) => {
                // The reference server leaves the worker's name out of these.
                transient_of_started(&StartedTask { identity: String::new(), ..task.clone() })
            }
            WorkflowTask::Scheduled(task)
                if task.attempt > 1 && task.scheduled_event_id == self.recorded.next_event_id =>
            {
                let scheduled = events::scheduled(task);
                vec![HistoryEvent { event_id: task.scheduled_event_id, ..scheduled }]
            }
            WorkflowTask::Scheduled(_) | WorkflowTask::None => Vec::new(),
        }
    }
}
