//! Starting a run: request-id dedup, conflict and reuse policies, signal with start.
use crate::{
    command::Start, context::Context, rejection::Rejection, state::Execution,
    transition::Transition,
};

/// Decides a start, given the latest run of the workflow id, if there is one.
///
/// The transition is that of the run which answers to the workflow id afterwards; a run that it
/// displaces is in its `with`. If nothing is started, it is a transition of `latest`.
///
/// # Errors
/// If the workflow id is taken, or the request breaks a rule.
pub fn start(
    _namespace: &str,
    _latest: Option<&Execution>,
    _start: Start,
    _context: &Context<'_>,
) -> Result<Transition, Rejection> {
    todo!()
}
