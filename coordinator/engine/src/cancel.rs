//! Cancel requests.
use crate::{
    command::RequestCancel, context::Context, rejection::Rejection, state::Execution,
    transition::Transition,
};
/// See `Command::RequestCancel`.
pub(crate) fn request(
    _e: &Execution,
    _c: RequestCancel,
    _x: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
