//! Timers.
use crate::{
    command_run::{BadCommand, CommandRun},
    state::Execution,
    time::Time,
    transition::Draft,
};
use persevere_proto::api::{command::v1::*, sdk::v1::UserMetadata};

/// Carries out `StartTimer`.
pub(crate) fn start(
    _run: &mut CommandRun<'_, '_>,
    _c: StartTimerCommandAttributes,
    _m: Option<UserMetadata>,
) -> Result<(), BadCommand> {
    todo!()
}
/// Carries out `CancelTimer`; may take a buffered firing back (semantics rule 27).
pub(crate) fn cancel(
    _run: &mut CommandRun<'_, '_>,
    _c: CancelTimerCommandAttributes,
) -> Result<(), BadCommand> {
    todo!()
}
/// Fires every timer that is due.
pub(crate) fn tick(_draft: &mut Draft<'_>) {
    todo!()
}
/// When the next timer fires.
pub(crate) fn deadline(_e: &Execution) -> Option<Time> {
    todo!()
}
