//! The shell around the engine: what is durable, what is visible when, who gets which task.
//!
//! These tests drive a whole coordinator through its core, without gRPC: starts, polls,
//! completions. Rules of executions are the engine's tests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod deletion;
mod dispatching;
mod durability;
mod history;
mod messages;
mod queries;
mod retention;
mod support;
mod time;
