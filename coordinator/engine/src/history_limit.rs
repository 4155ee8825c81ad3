//! A run whose history has grown too large is ended by the server (semantics rule 48): its replay
//! would take ever longer, and no code of its own can shorten it.

use crate::{
    context::Context,
    rejection::Rejection,
    reply::Reply,
    state::Execution,
    terminate,
    transition::{Draft, Transition},
};

/// Lets `decided` pass, unless the run would go on with a history beyond a limit: then nothing of
/// it is kept, the run is terminated as it was, and the caller is told why.
pub(crate) fn enforce(
    before: &Execution,
    decided: Transition,
    context: &Context<'_>,
) -> Transition {
    let (recorded, limits) = (&decided.next.recorded, context.limits);
    // As the reference server: bytes are those before the transition, events those after it.
    let excess = if before.recorded.history_bytes > limits.history_bytes {
        "Workflow history size exceeds limit."
    } else if recorded.next_event_id - 1 > limits.history_events {
        "Workflow history count exceeds limit."
    } else {
        return decided;
    };
    if !before.is_running() || !decided.next.is_running() {
        return decided;
    }
    let mut draft = Draft::of(before, context);
    terminate::by_server(&mut draft, excess, None);
    draft.finish(Reply::Refused(Rejection::InvalidArgument(excess.into())))
}
