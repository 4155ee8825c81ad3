//! What generated code names, and nothing else does: no part of the public interface.

pub use inventory;
pub use serde;
pub use tokio;

pub use crate::definition::{
    Activity, ActivityDefaults, ActivityDefinition, ActivityImplementation, RetryDefaults,
    Returned, Workflow, WorkflowDefaults, WorkflowDefinition, WorkflowImplementation,
};
pub use crate::dependencies::{Dependencies, MissingDependency};
pub use crate::failure::{ErrorProbe, FailureDefinition, FoundAsError, NeverFound};
#[cfg(feature = "embedded")]
pub use crate::harness::{run_chaos_test, run_test};
pub use crate::running::{ActivityHandler, handler};

use crate::payload::Value;

/// Holds where `T` can be an argument; generated under the argument's type.
pub fn assert_argument<T: Value>() {}

/// Asks an error for its message: its `Display` where it has one, else its `Debug`. The derive calls
/// `message` on a reference to a reference, which prefers [`MessageByDisplay`].
#[derive(Debug)]
pub struct Probe<'a, T>(pub &'a T);

/// See [`Probe`].
pub trait MessageByDisplay {
    /// The text.
    fn message(&self) -> String;
}

impl<T: std::fmt::Display> MessageByDisplay for &Probe<'_, T> {
    fn message(&self) -> String {
        self.0.to_string()
    }
}

/// See [`Probe`].
pub trait MessageByDebug {
    /// The text.
    fn message(&self) -> String;
}

impl<T: std::fmt::Debug> MessageByDebug for Probe<'_, T> {
    fn message(&self) -> String {
        format!("{:?}", self.0)
    }
}
