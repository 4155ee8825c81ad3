//! What an annotated function is: its name, arguments, result and error, its default options, and
//! how a worker runs it. The macros implement these traits; users name them only in bounds.

use std::any::TypeId;
use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

#[cfg(feature = "embedded")]
use persevere_proto::api::common::v1::Payload;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::dependencies::{Dependencies, MissingDependency};
use crate::failure::WireError;
use crate::payload::{Arguments, Value};
use crate::running;
use crate::runtime::spec::{ActivityRegistration, WorkflowRegistration};
#[cfg(feature = "embedded")]
use crate::runtime::spec::{DecodeError, WorkflowFuture};

/// A function that does something in the outside world, retried until it succeeds.
///
/// `#[activity]` implements it for the type `charge {}` that it leaves beside the function `charge`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an activity",
    note = "annotate the function with `#[activity]`"
)]
pub trait Activity: 'static {
    /// The name on the wire.
    const NAME: &'static str;
    /// The arguments' names, for messages.
    const ARGUMENTS: &'static [&'static str];
    /// The options of a call that sets none.
    const DEFAULTS: ActivityDefaults;
    /// The arguments as a tuple.
    type Input: Arguments;
    /// What it returns.
    type Output: Value;
    /// What it fails with.
    type Error: WireError;
}

/// An activity that this program can run, not only call.
pub trait ActivityImplementation: Activity {
    /// Takes what it depends on and gives what the worker runs.
    ///
    /// # Errors
    /// A dependency was not provided.
    fn bind(dependencies: &Dependencies) -> Result<running::ActivityHandler, MissingDependency>;
}

/// A function that decides what happens next, and is replayed rather than lost.
///
/// `#[workflow]` implements it for the type `hello {}` that it leaves beside the function `hello`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a workflow",
    note = "annotate the function with `#[workflow]`"
)]
pub trait Workflow: 'static {
    /// The name on the wire.
    const NAME: &'static str;
    /// The arguments' names, for messages.
    const ARGUMENTS: &'static [&'static str];
    /// The options of a call that sets none.
    const DEFAULTS: WorkflowDefaults;
    /// The arguments as a tuple.
    type Input: Arguments;
    /// What it returns.
    type Output: Value;
    /// What it fails with.
    type Error: WireError;
}

/// A workflow that this program can run, not only call.
pub trait WorkflowImplementation: Workflow {
    /// The function's future.
    fn start(
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + 'static;
}

/// A typed message to a running workflow: `#[signal] struct Approve { by: String }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a signal",
    note = "annotate the struct with `#[signal]`"
)]
pub trait Signal: Serialize + DeserializeOwned + 'static {
    /// The name on the wire.
    const NAME: &'static str;
}

/// What an activity or a workflow returns: any `Result`, by whatever alias.
#[diagnostic::on_unimplemented(
    message = "an activity or a workflow returns a `Result`, not `{Self}`",
    label = "not a `Result`",
    note = "write `-> Result<{Self}>` and end with `Ok(…)`"
)]
pub trait Returned {
    /// The value.
    type Output: Value;
    /// The error.
    type Error: WireError;

    /// As a plain `Result`.
    ///
    /// # Errors
    /// The function's own.
    fn into_result(self) -> Result<Self::Output, Self::Error>;
}

impl<T: Value, E: WireError> Returned for Result<T, E> {
    type Output = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// Options from `#[activity(…)]`.
#[derive(Clone, Copy, Debug)]
pub struct ActivityDefaults {
    /// Limit of one attempt.
    pub start_to_close: Option<Duration>,
    /// Limit of all attempts together.
    pub schedule_to_close: Option<Duration>,
    /// Limit for waiting in the task queue.
    pub schedule_to_start: Option<Duration>,
    /// Limit between two heartbeats.
    pub heartbeat: Option<Duration>,
    /// How it is tried again.
    pub retry: Option<RetryDefaults>,
    /// The task queue; the workflow's own if absent.
    pub queue: Option<&'static str>,
}

impl ActivityDefaults {
    /// No options.
    pub const NONE: Self = Self {
        start_to_close: None,
        schedule_to_close: None,
        schedule_to_start: None,
        heartbeat: None,
        retry: None,
        queue: None,
    };
}

/// Options from `retry(…)`.
#[derive(Clone, Copy, Debug)]
pub struct RetryDefaults {
    /// The first interval.
    pub initial: Option<Duration>,
    /// Attempts in all.
    pub max_attempts: Option<u32>,
    /// Growth of the interval.
    pub coefficient: Option<f64>,
    /// The longest interval.
    pub max_interval: Option<Duration>,
    /// Error types that end the retries.
    pub non_retryable: &'static [&'static str],
}

impl RetryDefaults {
    /// No options.
    pub const NONE: Self = Self {
        initial: None,
        max_attempts: None,
        coefficient: None,
        max_interval: None,
        non_retryable: &[],
    };
}

/// Options from `#[workflow(…)]`.
#[derive(Clone, Copy, Debug)]
pub struct WorkflowDefaults {
    /// Limit of all runs together.
    pub execution_timeout: Option<Duration>,
    /// Limit of one run.
    pub run_timeout: Option<Duration>,
    /// Limit of one workflow task.
    pub task_timeout: Option<Duration>,
    /// How a failed run is tried again.
    pub retry: Option<RetryDefaults>,
    /// The task queue it is started on.
    pub queue: Option<&'static str>,
}

impl WorkflowDefaults {
    /// No options.
    pub const NONE: Self = Self {
        execution_timeout: None,
        run_timeout: None,
        task_timeout: None,
        retry: None,
        queue: None,
    };
}

/// An annotated activity, as the linker collects it.
#[derive(Clone, Copy, Debug)]
pub struct ActivityDefinition {
    pub(crate) id: fn() -> TypeId,
    pub(crate) name: &'static str,
    pub(crate) queue: Option<&'static str>,
    bind: fn(&Dependencies) -> Result<running::ActivityHandler, MissingDependency>,
}

inventory::collect!(ActivityDefinition);

impl ActivityDefinition {
    /// The definition of `A`.
    #[must_use]
    pub const fn of<A: ActivityImplementation>() -> Self {
        Self { id: TypeId::of::<A>, name: A::NAME, queue: A::DEFAULTS.queue, bind: A::bind }
    }

    /// What a worker runs.
    pub(crate) fn register(
        &self,
        dependencies: &Dependencies,
    ) -> Result<ActivityRegistration, MissingDependency> {
        let execute = (self.bind)(dependencies)?;
        Ok(ActivityRegistration { name: Cow::Borrowed(self.name), execute })
    }
}

/// An annotated workflow, as the linker collects it.
#[derive(Clone, Copy, Debug)]
pub struct WorkflowDefinition {
    pub(crate) id: fn() -> TypeId,
    pub(crate) name: &'static str,
    pub(crate) queue: Option<&'static str>,
    registration: fn() -> WorkflowRegistration,
    /// What a test runs in its place.
    #[cfg(feature = "embedded")]
    fake: fn(Vec<Payload>) -> Result<WorkflowFuture, DecodeError>,
}

inventory::collect!(WorkflowDefinition);

impl WorkflowDefinition {
    /// The definition of `W`.
    #[must_use]
    pub const fn of<W: WorkflowImplementation>() -> Self {
        Self {
            id: TypeId::of::<W>,
            name: W::NAME,
            queue: W::DEFAULTS.queue,
            registration: registration::<W>,
            #[cfg(feature = "embedded")]
            fake: crate::harness::start::<W>,
        }
    }

    /// What a worker runs.
    pub(crate) fn register(&self) -> WorkflowRegistration {
        (self.registration)()
    }

    /// What a test's worker runs: the mock, if there is one.
    #[cfg(feature = "embedded")]
    pub(crate) fn register_fake(&self) -> WorkflowRegistration {
        WorkflowRegistration { name: Cow::Borrowed(self.name), start: self.fake }
    }
}

fn registration<W: WorkflowImplementation>() -> WorkflowRegistration {
    WorkflowRegistration { name: Cow::Borrowed(W::NAME), start: running::start_workflow::<W> }
}
