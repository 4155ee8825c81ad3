//! What became of messages to other executions, as their sender records it.

use crate::{
    child,
    command::MessageOutcome,
    context::Context,
    external,
    rejection::Rejection,
    reply::Reply,
    state::{Execution, Message},
    transition::{Draft, Transition},
};

/// See `Command::Outcome`: removes the message from the outbox and records its outcome. A message
/// that is not there (any more) is no error: outcomes may arrive twice.
pub(crate) fn take(
    execution: &Execution,
    number: i64,
    outcome: MessageOutcome,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    use MessageOutcome as O;
    let mut draft = Draft::of(execution, context);
    if !execution.overlay.outbox.contains_key(&number) {
        return Ok(draft.finish(Reply::Done));
    }
    let running = execution.is_running();
    let message = draft.overlay().outbox.remove(&number).expect("it was found there");
    match (message, outcome) {
        (Message::StartChild { initiated_event_id }, O::ChildStarted { run_id }) => {
            if running {
                child::started(&mut draft, initiated_event_id, run_id);
            } else {
                child::apply_late(&mut draft, initiated_event_id, run_id);
            }
        }
        (Message::StartChild { initiated_event_id }, O::ChildRefused(cause)) if running => {
            child::refused(&mut draft, initiated_event_id, cause);
        }
        (Message::Signal { initiated_event_id }, O::Delivered) if running => {
            external::signal_ended(&mut draft, initiated_event_id, Ok(()));
        }
        (Message::Signal { initiated_event_id }, O::SignalRefused(cause)) if running => {
            external::signal_ended(&mut draft, initiated_event_id, Err(cause));
        }
        (Message::Cancel { initiated_event_id }, O::Delivered) if running => {
            external::cancel_ended(&mut draft, initiated_event_id, Ok(()));
        }
        (Message::Cancel { initiated_event_id }, O::CancelRefused(cause)) if running => {
            external::cancel_ended(&mut draft, initiated_event_id, Err(cause));
        }
        (message, outcome) if running && !is_answered_by_anything(&message) => {
            return Err(Rejection::InvalidArgument(format!(
                "{outcome:?} is no outcome of {message:?}"
            )));
        }
        // Nobody waits for this one: it was delivered, or need not be any more.
        _ => {}
    }
    Ok(draft.finish(Reply::Done))
}

/// Whether the sender only wants to know that the message is done with.
fn is_answered_by_anything(message: &Message) -> bool {
    match message {
        Message::ReleaseChild { .. }
        | Message::ReportClose
        | Message::TerminateChild { .. }
        | Message::CancelChild { .. } => true,
        Message::StartChild { .. } | Message::Signal { .. } | Message::Cancel { .. } => false,
    }
}
