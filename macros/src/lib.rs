//! The attributes and derives of Persevere. Use them through the crate `persevere`, where they are
//! documented with examples that compile.
//!
//! Each macro is three steps, a file each: `parse` (tokens to syntax, bodies left opaque), `model`
//! (syntax to what the macro means; every error found is collected), `expand` (model to tokens).
//!
//! Invariants: a macro never panics; it always emits the user's item again, with the user's spans,
//! even beside errors, so that editors keep completing; it never guesses what a type is from its
//! name but asks a trait; generated code names one crate, `::persevere::__private`.
//!
//! Deliberately absent: rewriting of bodies. A line in a workflow means what it says; what would
//! break replay is denied with the replacement in the message (see `deny`).

use proc_macro::TokenStream;

mod deny;
mod errors;
mod expand;
mod model;
mod parse;

/// Makes an async function a durable activity.
#[proc_macro_attribute]
pub fn activity(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::activity::attribute(options.into(), item.into()).into()
}

/// Makes the async methods of an `impl` block durable activities.
#[proc_macro_attribute]
pub fn activities(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::activities::attribute(options.into(), item.into()).into()
}

/// Makes an async function a durable workflow.
#[proc_macro_attribute]
pub fn workflow(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::workflow::attribute(options.into(), item.into()).into()
}

/// Makes a struct a signal: a typed message to a running workflow.
#[proc_macro_attribute]
pub fn signal(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::signal::attribute(options.into(), item.into()).into()
}

/// Makes an async function that takes a harness a test: `async fn expires(t: Harness)`.
///
/// With `chaos = 200` the function runs 200 times, each time in a world of its own in which other
/// things go wrong, as its seed says: workers die before, during and after their work and others
/// take their place, tasks are handed out again once they have timed out, replies get lost and are
/// asked for again. A failure names its seed; `PERSEVERE_CHAOS_SEED=17 cargo test` runs that one
/// alone.
///
/// Chaos tests are about what the world looks like in the end. An activity may run more than once,
/// unless it has `max_attempts = 1`, which may then fail without having run; so assert the
/// workflow's result and, for example, that a ledger holds one charge, not how often something was
/// called or how long it took. Statics outlive a seed: keep the test's state in its function.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::test::attribute(options.into(), item.into()).into()
}

/// Lets an error cross the wire and come back typed.
#[proc_macro_derive(Failure, attributes(failure))]
pub fn failure(item: TokenStream) -> TokenStream {
    expand::failure::derive(item.into()).into()
}
