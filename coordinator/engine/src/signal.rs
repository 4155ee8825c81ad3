//! Signals.
use crate::{
    command::Signal, context::Context, rejection::Rejection, state::Execution,
    transition::Transition,
};
/// See `Command::Signal`.
pub(crate) fn receive(
    _e: &Execution,
    _s: Signal,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
