//! Child workflows.
use crate::{
    command::ChildClosed,
    command_run::{BadCommand, CommandRun},
    context::Context,
    rejection::Rejection,
    state::Execution,
    transition::{Draft, Transition},
};
use persevere_proto::api::{command::v1::*, sdk::v1::UserMetadata};

/// Carries out `StartChildWorkflowExecution`.
pub(crate) fn start(
    _run: &mut CommandRun<'_, '_>,
    _c: StartChildWorkflowExecutionCommandAttributes,
    _m: Option<UserMetadata>,
) -> Result<(), BadCommand> {
    todo!()
}
/// See `Command::ChildClosed`.
pub(crate) fn closed(
    _e: &Execution,
    _c: ChildClosed,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
/// What a run that has just closed for good owes its children and its parent (rules 60 and 107).
pub(crate) fn on_close(_draft: &mut Draft<'_>) {
    todo!()
}
