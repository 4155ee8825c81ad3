//! The untyped half of the SDK against a server of the protocol: worker, workflow runtime, client.
//!
//! `PERSEVERE_TEST_TARGET` says which, as for the end-to-end suite. Every history that a test makes is
//! also replayed from its first event.

#![allow(clippy::unwrap_used, reason = "in a test, unwrapping is an assertion")]

#[path = "untyped/activities.rs"]
mod activities;
#[path = "untyped/cancellation.rs"]
mod cancellation;
#[path = "untyped/children.rs"]
mod children;
#[path = "untyped/failing_tasks.rs"]
mod failing_tasks;
#[path = "untyped/fixture.rs"]
mod fixture;
#[path = "untyped/messages.rs"]
mod messages;
#[path = "untyped/runs.rs"]
mod runs;
#[path = "untyped/stopping.rs"]
mod stopping;
#[path = "target/connect.rs"]
mod target;
#[path = "untyped/too_large.rs"]
mod too_large;
