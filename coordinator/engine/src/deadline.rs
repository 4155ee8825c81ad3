//! Deadlines that have passed, in the order in which they were due.
use crate::{context::Context, rejection::Rejection, state::Execution, transition::Transition};
/// See `Command::Tick`. A tick before any deadline changes nothing.
pub(crate) fn tick(_e: &Execution, _x: &Context<'_>) -> Result<Transition, Rejection> {
    todo!()
}
