//! Chains of runs: one run continues another under the same workflow id, as new or to try again.
//!
//! The closing event of the one names the other, and both are stored in one commit (semantics rules
//! 16 to 19). What flows along the chain: the ids of its first run, of its parent and of its root,
//! the moment at which the whole chain expires, and the points a reset may go back to.

mod check;

use std::time::Duration;

use persevere_proto::api::{
    command::v1::ContinueAsNewWorkflowExecutionCommandAttributes,
    common::v1::WorkflowType,
    enums::v1::{ContinueAsNewInitiator, EventType, RetryState},
    failure::v1::Failure,
    history::v1::{
        WorkflowExecutionContinuedAsNewEventAttributes, WorkflowExecutionStartedEventAttributes,
        history_event::Attributes,
    },
    taskqueue::v1::TaskQueue,
    workflow::v1::ResetPoints,
};

use crate::{
    command_run::{BadCommand, CommandRun},
    key::{QueueName, RunKey},
    properties,
    reply::Reply,
    retry, search_attributes,
    start::timeouts,
    state::Execution,
    time::{Time, duration, span},
    transition::Draft,
    workflow_task,
};

/// Most reset points that a chain carries along.
const RESET_POINTS_MAX: usize = 20;

/// The run that continues a closing one.
#[derive(Debug)]
pub(crate) struct NextRun {
    key: RunKey,
    started: WorkflowExecutionStartedEventAttributes,
}

/// Decides whether a failed run is tried again (semantics rule 19).
pub(crate) fn retry(draft: &Draft<'_>, failure: &Failure) -> (RetryState, Option<NextRun>) {
    let started = &draft.execution.recorded.started;
    let Some(policy) = &started.retry_policy else {
        return (RetryState::RetryPolicyNotSet, None);
    };
    let attempt = u32::try_from(started.attempt).unwrap_or(1);
    let expires = draft.execution.execution_deadline();
    match retry::decide(policy, attempt, Some(failure), draft.context.now, expires) {
        Err(state) => (state, None),
        Ok(wait) => {
            let mut next = NextRun::after(draft);
            next.started.initiator = ContinueAsNewInitiator::Retry as i32;
            next.started.attempt = started.attempt + 1;
            next.started.continued_failure = Some(failure.clone());
            next.started.first_workflow_task_backoff = Some(duration(wait));
            (RetryState::InProgress, Some(next))
        }
    }
}

/// What `ContinueAsNewWorkflowExecution` amounts to: the closing event, and the next run.
pub(crate) fn continue_as_new(
    run: &CommandRun<'_, '_>,
    command: ContinueAsNewWorkflowExecutionCommandAttributes,
) -> Result<(WorkflowExecutionContinuedAsNewEventAttributes, NextRun), BadCommand> {
    let draft = &*run.draft;
    check::continue_as_new(draft, &command)?;
    let mut next = NextRun::after(draft);
    let started = &mut next.started;
    let run_timeout =
        span(command.workflow_run_timeout.as_ref()).or(span(started.workflow_run_timeout.as_ref()));
    let task_timeout = span(command.workflow_task_timeout.as_ref())
        .or(span(started.workflow_task_timeout.as_ref()));
    let timeouts = timeouts::normalise(
        span(started.workflow_execution_timeout.as_ref()),
        run_timeout,
        task_timeout,
        draft.context.limits,
    );

    started.workflow_type = named(command.workflow_type).or(started.workflow_type.take());
    started.task_queue = queue(command.task_queue).or(started.task_queue.take());
    started.workflow_run_timeout = Some(duration(timeouts.run.unwrap_or_default()));
    started.workflow_task_timeout = Some(duration(timeouts.task));
    started.input = command.input;
    started.header = command.header;
    started.memo = properties::given(command.memo);
    started.search_attributes = command.search_attributes.map(search_attributes::typed);
    started.last_completion_result = command.last_completion_result;
    started.continued_failure = command.failure;
    started.retry_policy = command.retry_policy.as_ref().map(retry::with_defaults);
    started.initiator = match command.initiator {
        0 => ContinueAsNewInitiator::Workflow as i32,
        given => given,
    };
    let is_retry = started.initiator == ContinueAsNewInitiator::Retry as i32;
    started.attempt = if is_retry { started.attempt + 1 } else { 1 };
    let asked = span(command.backoff_start_interval.as_ref()).unwrap_or_default();
    let backoff = paced(draft, asked);
    started.first_workflow_task_backoff = (!backoff.is_zero()).then(|| duration(backoff));

    #[expect(deprecated, reason = "the command may carry them, and they must come back")]
    let event = WorkflowExecutionContinuedAsNewEventAttributes {
        new_execution_run_id: next.key.run_id.clone(),
        workflow_type: started.workflow_type.clone(),
        task_queue: started.task_queue.clone(),
        input: started.input.clone(),
        workflow_run_timeout: started.workflow_run_timeout,
        workflow_task_timeout: started.workflow_task_timeout,
        workflow_task_completed_event_id: run.completed_event_id,
        backoff_start_interval: command.backoff_start_interval,
        initiator: command.initiator,
        failure: started.continued_failure.clone(),
        last_completion_result: started.last_completion_result.clone(),
        header: started.header.clone(),
        memo: started.memo.clone(),
        search_attributes: started.search_attributes.clone(),
        inherit_build_id: command.inherit_build_id,
        initial_versioning_behavior: command.initial_versioning_behavior,
    };
    Ok((event, next))
}

/// A run that lasted for less than the shortest interval makes the next one wait for the rest of
/// it, so that a chain cannot spin (semantics rule 17).
fn paced(draft: &Draft<'_>, asked: Duration) -> Duration {
    let shortest = draft.context.limits.continue_as_new_interval;
    let lasted = draft.context.now.since(draft.execution.first_task_due());
    if lasted + asked < shortest { shortest - lasted } else { asked }
}

fn named(workflow_type: Option<WorkflowType>) -> Option<WorkflowType> {
    workflow_type.filter(|workflow_type| !workflow_type.name.is_empty())
}

fn queue(queue: Option<TaskQueue>) -> Option<TaskQueue> {
    let queue = queue.filter(|queue| !queue.name.is_empty())?;
    Some(workflow_task::task_queue(&QueueName::normal(queue.name)))
}

impl NextRun {
    /// A run that repeats the one of `draft`, for the caller to change.
    fn after(draft: &Draft<'_>) -> Self {
        let execution = &draft.execution;
        let run_id = draft.context.fresh_id();
        let mut started = (*execution.recorded.started).clone();
        started.identity = String::new();
        started.continued_execution_run_id = execution.key.run_id.clone();
        started.original_execution_run_id.clone_from(&run_id);
        started.eager_execution_accepted = false;
        started.last_completion_result = None;
        started.prev_auto_reset_points = Some(reset_points(draft));
        NextRun { key: RunKey { run_id, ..execution.key.clone() }, started }
    }

    /// Its id, for the closing event of the run before it.
    pub(crate) fn run_id(&self) -> String {
        self.key.run_id.clone()
    }

    /// Starts it, in the same commit as `closing`, the transition that closes the run before it.
    pub(crate) fn begin(self, closing: &mut Draft<'_>) {
        let backoff = span(self.started.first_workflow_task_backoff.as_ref());
        let started = Attributes::WorkflowExecutionStartedEventAttributes(self.started);
        let mut draft = Draft::begin(self.key, started, closing.context);
        let request_id = closing.context.fresh_id();
        draft.note_request(&request_id, 1, EventType::WorkflowExecutionStarted);
        hold_back(&mut draft, backoff);
        workflow_task::ensure_scheduled(&mut draft);
        closing.with(draft.finish(Reply::Done));
    }
}

/// Lets the first workflow task of a run wait (semantics rule 1).
pub(crate) fn hold_back(draft: &mut Draft<'_>, backoff: Option<Duration>) {
    if let Some(backoff) = backoff {
        draft.overlay().first_task_at = Some(draft.context.now.plus(backoff));
    }
}

/// The points a reset may go back to, for the next run: those of this run expire with it.
fn reset_points(draft: &Draft<'_>) -> ResetPoints {
    let Execution { key, recorded, .. } = &draft.execution;
    let expires: Time = draft.context.now.plus(draft.context.limits.retention);
    let mut points = recorded.reset_points.clone();
    for point in points.iter_mut().filter(|point| point.run_id == key.run_id) {
        point.expire_time = Some(expires.into());
    }
    let surplus = points.len().saturating_sub(RESET_POINTS_MAX);
    points.drain(..surplus);
    ResetPoints { points }
}
