//! Termination.
use crate::{
    command::Terminate, context::Context, rejection::Rejection, state::Execution,
    transition::Transition,
};
/// See `Command::Terminate`.
pub(crate) fn terminate(
    _e: &Execution,
    _c: Terminate,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
