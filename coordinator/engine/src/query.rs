//! Queries.
use crate::{
    command::{Query, QueryId},
    context::Context,
    rejection::Rejection,
    state::Execution,
    transition::Transition,
};
/// See `Command::Query`.
pub(crate) fn route(_e: &Execution, _q: Query, _x: &Context<'_>) -> Result<Transition, Rejection> {
    todo!()
}
/// See `Command::AbandonQuery`.
pub(crate) fn abandon(_e: &Execution, _id: QueryId, _x: &Context<'_>) -> Transition {
    todo!()
}
