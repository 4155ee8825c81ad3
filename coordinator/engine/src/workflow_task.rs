//! Workflow tasks.
use std::iter;

use crate::{
    command::*,
    context::Context,
    key::Task,
    rejection::Rejection,
    state::Execution,
    time::Time,
    transition::{Draft, Transition},
};
use persevere_proto::api::workflowservice::v1::RespondWorkflowTaskFailedRequest;

/// Starts the scheduled workflow task.
pub(crate) fn start(
    _e: &Execution,
    _c: StartWorkflowTask,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
/// Completes the started workflow task.
pub(crate) fn complete(
    _e: &Execution,
    _c: CompleteWorkflowTask,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
/// Fails the started workflow task.
pub(crate) fn fail(
    _e: &Execution,
    _t: WorkflowTaskToken,
    _r: RespondWorkflowTaskFailedRequest,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
/// Forgets the sticky worker.
pub(crate) fn reset_sticky(_e: &Execution, _x: &Context<'_>) -> Result<Transition, Rejection> {
    todo!()
}
/// Schedules the first workflow task of a child.
pub(crate) fn release_first(_e: &Execution, _x: &Context<'_>) -> Result<Transition, Rejection> {
    todo!()
}
/// Makes sure that the workflow's code gets to see what was just recorded or buffered: schedules
/// a workflow task unless one is pending (semantics rules 21, 22 and 64).
pub(crate) fn ensure_scheduled(_draft: &mut Draft<'_>) {
    todo!()
}
/// When the pending workflow task times out, if it can.
pub(crate) fn deadline(_e: &Execution) -> Option<Time> {
    todo!()
}
/// The workflow task that waits for a worker.
pub(crate) fn task(_e: &Execution) -> Option<Task> {
    todo!()
}
