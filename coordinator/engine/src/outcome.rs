//! What became of messages to other executions.
use crate::{
    command::MessageOutcome, context::Context, rejection::Rejection, state::Execution,
    transition::Transition,
};
/// See `Command::Outcome`: removes the message from the outbox and records its outcome. A message
/// that is not there (any more) is no error: outcomes may arrive twice.
pub(crate) fn take(
    _e: &Execution,
    _n: i64,
    _o: MessageOutcome,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
