//! Runs one workflow execution deterministically: history in, commands out.
//!
//! What a workflow may ask for is in [`surface`], in terms of the data in [`spec`]. The typed layer
//! and the macros build on those two and on nothing else in here.
//!
//! Inside: an [`execution`](self) takes events in history order and polls the workflow's futures; a
//! state machine for each operation says what an event means to it; intents are what the code wants
//! recorded and are met by the recorded events one by one. All of it is synchronous and knows no
//! clock, no network and no async runtime.

mod context;
pub(crate) mod execution;
mod failures;
mod intent;
mod machine;
mod operations;
mod queries;
mod random;
mod resolution;
mod signals;
pub mod spec;
pub mod surface;
pub mod task_failure;
mod tasks;

pub(crate) use self::failures::application as application_failure;
