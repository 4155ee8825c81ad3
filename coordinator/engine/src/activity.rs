//! Activities.
use crate::{
    command::*,
    command_run::{BadCommand, CommandRun},
    context::Context,
    key::Task,
    rejection::Rejection,
    state::Execution,
    time::Time,
    transition::{Draft, Transition},
};
use persevere_proto::api::{command::v1::*, sdk::v1::UserMetadata, workflowservice::v1::*};

/// Carries out `ScheduleActivityTask`.
pub(crate) fn schedule(
    _run: &mut CommandRun<'_, '_>,
    _c: ScheduleActivityTaskCommandAttributes,
    _m: Option<UserMetadata>,
) -> Result<(), BadCommand> {
    todo!()
}
/// Carries out `RequestCancelActivityTask`.
pub(crate) fn request_cancel(
    _run: &mut CommandRun<'_, '_>,
    _c: &RequestCancelActivityTaskCommandAttributes,
) -> Result<(), BadCommand> {
    todo!()
}
/// After all commands of a completion: offers the new activities, or starts the eager ones.
pub(crate) fn dispatch_scheduled(_run: &mut CommandRun<'_, '_>) {
    todo!()
}
/// See `Command::StartActivity`.
pub(crate) fn start(
    _e: &Execution,
    _s: StartActivity,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
/// See `Command::CompleteActivity`.
pub(crate) fn complete(
    _e: &Execution,
    _t: &ActivityTarget,
    _r: RespondActivityTaskCompletedRequest,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
/// See `Command::FailActivity`.
pub(crate) fn fail(
    _e: &Execution,
    _t: &ActivityTarget,
    _r: RespondActivityTaskFailedRequest,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
/// See `Command::CancelActivity`.
pub(crate) fn cancel(
    _e: &Execution,
    _t: &ActivityTarget,
    _r: RespondActivityTaskCanceledRequest,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
/// See `Command::HeartbeatActivity`.
pub(crate) fn heartbeat(
    _e: &Execution,
    _t: &ActivityTarget,
    _r: RecordActivityTaskHeartbeatRequest,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
/// Times out, or makes due, every activity whose deadline has passed.
pub(crate) fn tick(_draft: &mut Draft<'_>) {
    todo!()
}
/// The earliest deadline of any pending activity.
pub(crate) fn deadline(_e: &Execution) -> Option<Time> {
    todo!()
}
/// Attempts that wait for a worker.
pub(crate) fn tasks(_e: &Execution) -> impl Iterator<Item = Task> {
    std::iter::empty()
}
