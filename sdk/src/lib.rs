//! Durable execution: async functions that survive the death of the process that runs them.
//!
//! An *activity* does something in the outside world and is retried until it succeeds. A *workflow*
//! decides what happens next; its progress is recorded, so that another process takes it up where
//! one left it. Both are plain async functions:
//!
//! ```
//! use persevere::prelude::*;
//!
//! #[activity]
//! async fn greet(name: String) -> Result<String> {
//!     Ok(format!("Hello, {name}!"))
//! }
//!
//! #[workflow]
//! async fn hello(name: String) -> Result<String> {
//!     Ok(greet(name).await?)
//! }
//! ```
//!
//! An annotated function `greet` leaves two things of its name: the stub `greet(name)`, a typed call
//! whose options can be changed before it is awaited, and the type `greet`, whose `greet::run(name)`
//! is the plain function, for unit tests.
//!
//! What is typed here stands on the untyped `runtime`, `worker` and `client`, which speak
//! Temporal's public protocol: the server may be ours, in this process or another, or a Temporal
//! cluster.

// Generated code says `::persevere`, also in this crate's own tests.
extern crate self as persevere;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod activity;
#[cfg(feature = "embedded")]
mod app;
mod call;
pub mod client;
pub mod collections;
mod concurrency;
mod definition;
mod dependencies;
mod error;
mod failure;
mod handle;
#[cfg(feature = "embedded")]
mod harness;
mod histories;
mod payload;
pub mod prelude;
pub mod replay;
mod running;
pub mod runtime;
mod saga;
mod scope;
mod signals;
mod time;
mod typed_worker;
mod wire_time;
pub mod worker;

pub use persevere_macros::{Failure, activities, activity, signal, test, workflow};

#[cfg(feature = "embedded")]
pub use app::{App, AppBuilder, AppError, DEFAULT_QUEUE};
pub use call::{
    ActivityCall, ActivityFuture, CallError, CallFailure, ChildFuture, ChildHandle, ContinueAsNew,
    DEFAULT_START_TO_CLOSE, ExternalWorkflow, Retry, TimeoutKind, WorkflowCall, continue_as_new,
    external,
};
pub use client::Client;
pub use concurrency::{cancelled, for_each_concurrent, shielded};
pub use definition::{Activity, Returned, Signal, Workflow};
pub use dependencies::MissingDependency;
pub use error::{Context, Error, Result};
pub use failure::{Cancelled, Failure, FailureKind, RemoteFailure, WireError};
pub use handle::{RequestError, Target, WorkflowHandle};
#[cfg(feature = "embedded")]
pub use harness::{Harness, Stub, TestRun};
pub use histories::{ReplayError, replay};
pub use payload::{Arguments, EncodeError, Value};
pub use saga::Saga;
pub use signals::{Receive, on_query, receive, try_receive};
pub use time::{
    Elapsed, Sleep, days, hours, millis, minutes, now, random_u64, secs, sleep, timeout, uuid4,
};
pub use typed_worker::{RunError, Worker, ctrl_c};
