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

/// Makes an async function that takes a harness a test.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::test::attribute(options.into(), item.into()).into()
}

/// Lets an error cross the wire and come back typed.
#[proc_macro_derive(Failure, attributes(failure))]
pub fn failure(item: TokenStream) -> TokenStream {
    expand::failure::derive(item.into()).into()
}
