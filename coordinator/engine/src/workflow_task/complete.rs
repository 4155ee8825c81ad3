//! A worker advanced the workflow: its answer is written, its commands are carried out, and what
//! happened meanwhile is let through, in that order (semantics rule 24).
//!
//! One bad command and nothing of the answer is kept: the task fails instead (rules 30 and 31).

use persevere_proto::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest;

use super::{dispatch, events, fail, schedule, start::token, start_inline, started};
use crate::{
    activity, buffer,
    command::{CompleteWorkflowTask, WorkflowTaskToken},
    command_run::{BadCommand, CommandRun},
    context::Context,
    external, query,
    rejection::Rejection,
    reply::{CompletedReply, Reply},
    state::{Execution, StartedTask, Sticky, WorkflowTask},
    time::span,
    transition::{Draft, Transition},
};

/// See `Command::CompleteWorkflowTask`.
pub(crate) fn complete(
    execution: &Execution,
    command: CompleteWorkflowTask,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let task = of_token(execution, &command.token)?;
    let request = &*command.request;
    dispatch::check_sequence(&request.commands)?;
    external::check_namespaces(&request.commands, context.namespaces)?;
    let mut draft = Draft::of(execution, context);
    if heartbeat_expired(&draft, task, request) {
        note_worker(&mut draft, task, request);
        return Ok(fail::expire_heartbeat(draft, task));
    }
    match carry_out(&mut draft, task, request) {
        Ok(reply) => Ok(draft.finish(Reply::WorkflowTaskCompleted(Box::new(reply)))),
        Err(bad) => fail::refuse(execution, task, &bad, &request.identity, context),
    }
}

/// The started task, if `token` names it (semantics rule 29).
pub(super) fn of_token<'e>(
    execution: &'e Execution,
    named: &WorkflowTaskToken,
) -> Result<&'e StartedTask, Rejection> {
    started(execution)
        .filter(|task| execution.is_running() && token(task) == *named)
        .ok_or_else(Rejection::no_workflow_task)
}

/// Writes the answer and what follows from it; on an error the draft is of no use any more.
fn carry_out(
    draft: &mut Draft<'_>,
    task: &StartedTask,
    request: &RespondWorkflowTaskCompletedRequest,
) -> Result<CompletedReply, BadCommand> {
    if task.scheduled.attempt > 1 {
        draft.record_event(events::scheduled(&task.scheduled));
        draft.record_event(events::started(task));
    }
    let completed_event_id = draft.record(events::completed(task, request));
    note_worker(draft, task, request);

    let mut reply = CompletedReply::default();
    let mut wants_workflow_task = false;
    let mut run = CommandRun {
        draft: &mut *draft,
        completed_event_id,
        identity: &request.identity,
        eager: &mut reply.activity_tasks,
        wants_workflow_task: &mut wants_workflow_task,
    };
    dispatch::carry_out(&mut run, &request.commands)?;
    activity::dispatch_scheduled(&mut run);

    let mut follow_up = false;
    if draft.execution.is_running() {
        let flushed = buffer::flush(draft);
        follow_up = request.force_create_new_workflow_task || wants_workflow_task || flushed;
    }
    if !is_heartbeat(request) {
        query::answer_buffered(draft, &request.query_results, follow_up);
    }
    if follow_up {
        schedule(draft, 1);
        if request.return_new_workflow_task {
            #[expect(deprecated, reason = "the worker's build, as older SDKs state it")]
            let worker_version = request.worker_version_stamp.clone();
            reply.workflow_task = Some(start_inline(draft, &request.identity, worker_version));
        }
    }
    Ok(reply)
}

/// Ends the task and remembers where the run is cached from now on (semantics rule 38).
fn note_worker(
    draft: &mut Draft<'_>,
    task: &StartedTask,
    request: &RespondWorkflowTaskCompletedRequest,
) {
    let normal = draft.execution.task_queue().name;
    let heartbeat_since = draft.execution.overlay.heartbeat_since;
    let overlay = draft.overlay();
    overlay.workflow_task = WorkflowTask::None;
    overlay.heartbeat_since =
        is_heartbeat(request).then(|| heartbeat_since.unwrap_or(task.scheduled.scheduled_time));
    overlay.sticky = request.sticky_attributes.as_ref().and_then(|attributes| {
        let queue = attributes.worker_task_queue.as_ref()?;
        let schedule_to_start = span(attributes.schedule_to_start_timeout.as_ref());
        Some(Sticky {
            queue: crate::QueueName { name: queue.name.clone(), sticky_of: Some(normal) },
            schedule_to_start: schedule_to_start.unwrap_or_default(),
        })
    });
}

/// An answer that only asks for more time: a local activity still runs (semantics rule 43).
fn is_heartbeat(request: &RespondWorkflowTaskCompletedRequest) -> bool {
    request.force_create_new_workflow_task
        && request.commands.is_empty()
        && request.messages.is_empty()
}

fn heartbeat_expired(
    draft: &Draft<'_>,
    task: &StartedTask,
    request: &RespondWorkflowTaskCompletedRequest,
) -> bool {
    let since = draft.execution.overlay.heartbeat_since.unwrap_or(task.scheduled.scheduled_time);
    is_heartbeat(request)
        && draft.context.now > since.plus(draft.context.limits.workflow_task_heartbeat)
}
