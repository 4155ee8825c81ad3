//! A run whose history has grown too large is ended by the server (semantics rule 48): its replay
//! would take ever longer, and no code of its own can shorten it.

use crate::{terminate, transition::Draft};

/// Terminates the run of `draft` if its history is beyond a limit.
pub(crate) fn enforce(draft: &mut Draft<'_>) {
    if !draft.execution.is_running() {
        return;
    }
    let (recorded, limits) = (&draft.execution.recorded, draft.context.limits);
    if recorded.history_bytes >= limits.history_bytes {
        terminate::by_server(draft, "Workflow history size exceeds limit.", None);
    } else if recorded.next_event_id > limits.history_events {
        terminate::by_server(draft, "Workflow history count exceeds limit.", None);
    }
}
