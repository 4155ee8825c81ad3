//! Answers to queries: the handlers that the code registered, and `__stack_trace`, which every run
//! answers with the list of what it waits for.
//!
//! A handler runs inside the run's context but may only look. It leaves no trace in the history.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
};

use persevere_proto::api::{common::v1::Payload, failure::v1::Failure};

use super::{
    context::{Context, Mode, QueryHandler, enter},
    execution::panic_message,
    failures::application,
};

/// The query that every workflow of every SDK answers.
const STACK_TRACE: &str = "__stack_trace";

/// `type` of the failure of a query that the workflow does not answer.
pub const UNKNOWN_QUERY: &str = "UnknownQuery";

pub(crate) fn answer(
    context: &Rc<Context>,
    name: &str,
    input: Vec<Payload>,
) -> Result<Option<Payload>, Failure> {
    let handler = context.state.borrow().queries.get(name).cloned();
    match handler {
        Some(handler) => call(context, name, &handler, input),
        None if name == STACK_TRACE => Ok(Some(text_payload(&stack_trace(context)))),
        None => {
            let known = context.state.borrow();
            let known: Vec<_> = known.queries.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            let message = format!("this workflow does not answer query {name}; it answers {known}");
            Err(application(message, UNKNOWN_QUERY, true))
        }
    }
}

fn call(
    context: &Rc<Context>,
    name: &str,
    handler: &QueryHandler,
    input: Vec<Payload>,
) -> Result<Option<Payload>, Failure> {
    let _entered = enter(context);
    let mode = context.mode();
    context.set_mode(Mode::Querying);
    let answered = catch_unwind(AssertUnwindSafe(|| handler(input)));
    context.set_mode(mode);
    answered.unwrap_or_else(|panic| {
        let message = panic_message(panic.as_ref());
        Err(application(format!("the handler of query {name} panicked: {message}"), "Panic", true))
    })
}

/// One line for each thing the code waits for, with where it does.
fn stack_trace(context: &Context) -> String {
    let state = context.state.borrow();
    let mut lines = state.operations.awaited();
    lines.extend(state.signals.describe());
    if lines.is_empty() { "waits for nothing".into() } else { lines.join("\n") }
}

fn text_payload(text: &str) -> Payload {
    let metadata = HashMap::from([("encoding".to_owned(), b"json/plain".to_vec())]);
    let data = serde_json::to_vec(text).expect("text is always JSON");
    Payload { metadata, data, ..Default::default() }
}
