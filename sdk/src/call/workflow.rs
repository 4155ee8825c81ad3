//! A call of a workflow: a child when awaited in a workflow, a start from outside.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::panic::Location;
use std::time::Duration;

use persevere_proto::api::common::v1::Payload;
use persevere_proto::api::enums::v1::{
    ParentClosePolicy, WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
};

use super::{CallError, ChildFuture, Retry};
use crate::definition::Workflow;
use crate::payload::{Arguments, EncodeError};
use crate::runtime::spec::{CancellationType, ContinueAsNewSpec};
use crate::runtime::surface;
use crate::scope::Scope;

/// A call of a workflow: what its stub returns.
///
/// In a workflow, await it to run a child. Outside, [`start`](Self::start) it with a client or
/// [`run`](Self::run) it to its end.
#[must_use = "a call does nothing until it is awaited or started"]
pub struct WorkflowCall<W: Workflow> {
    pub(crate) input: Result<Vec<Payload>, EncodeError>,
    pub(crate) options: Options,
    pub(crate) location: &'static Location<'static>,
    workflow: PhantomData<fn() -> W>,
}

/// What is set for one start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) id: Option<String>,
    pub(crate) queue: Option<String>,
    pub(crate) execution_timeout: Option<Duration>,
    pub(crate) run_timeout: Option<Duration>,
    pub(crate) task_timeout: Option<Duration>,
    pub(crate) retry: Option<Retry>,
    pub(crate) id_reuse: WorkflowIdReusePolicy,
    pub(crate) id_conflict: WorkflowIdConflictPolicy,
    pub(crate) start_delay: Option<Duration>,
    pub(crate) parent_close: ParentClosePolicy,
    pub(crate) on_cancel: CancellationType,
}

impl<W: Workflow> WorkflowCall<W> {
    /// Made by the stub.
    #[doc(hidden)]
    #[track_caller]
    pub fn __new(input: W::Input) -> Self {
        let defaults = &W::DEFAULTS;
        let options = Options {
            queue: defaults.queue.map(str::to_owned),
            execution_timeout: defaults.execution_timeout,
            run_timeout: defaults.run_timeout,
            task_timeout: defaults.task_timeout,
            retry: defaults.retry.as_ref().map(Retry::from_defaults),
            ..Default::default()
        };
        Self {
            input: input.encode(W::ARGUMENTS),
            options,
            location: Location::caller(),
            workflow: PhantomData,
        }
    }

    /// Sets the workflow id: what the run is known by. One workflow of an id runs at a time.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.options.id = Some(id.into());
        self
    }

    /// Sets the task queue whose workers run it.
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.options.queue = Some(queue.into());
        self
    }

    /// Limits all its runs together: retries and continuations included.
    pub fn execution_timeout(mut self, limit: Duration) -> Self {
        self.options.execution_timeout = Some(limit);
        self
    }

    /// Limits one run.
    pub fn run_timeout(mut self, limit: Duration) -> Self {
        self.options.run_timeout = Some(limit);
        self
    }

    /// Limits one workflow task: the time until a dead worker is noticed. 10 s if not set.
    pub fn task_timeout(mut self, limit: Duration) -> Self {
        self.options.task_timeout = Some(limit);
        self
    }

    /// Sets how a failed run is tried again; without it, it is not.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.options.retry = Some(retry);
        self
    }

    /// Whether the id may be one that a closed workflow had.
    pub fn id_reuse(mut self, policy: WorkflowIdReusePolicy) -> Self {
        self.options.id_reuse = policy;
        self
    }

    /// What a start from outside does when a workflow of this id is running.
    pub fn id_conflict(mut self, policy: WorkflowIdConflictPolicy) -> Self {
        self.options.id_conflict = policy;
        self
    }

    /// Delays the first task of a start from outside.
    pub fn start_delay(mut self, delay: Duration) -> Self {
        self.options.start_delay = Some(delay);
        self
    }

    /// What happens to the child when its parent closes; it is terminated if not set.
    pub fn on_parent_close(mut self, policy: ParentClosePolicy) -> Self {
        self.options.parent_close = policy;
        self
    }

    /// What cancelling the child means to the parent that awaits it.
    pub fn on_cancel(mut self, cancellation: CancellationType) -> Self {
        self.options.on_cancel = cancellation;
        self
    }
}

impl<W: Workflow> std::fmt::Debug for WorkflowCall<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkflowCall")
            .field("workflow", &W::NAME)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Awaited in a workflow, a call is a child and its result.
impl<W: Workflow> IntoFuture for WorkflowCall<W> {
    type Output = Result<W::Output, CallError<W::Error>>;
    type IntoFuture = ChildFuture<W>;

    fn into_future(self) -> ChildFuture<W> {
        ChildFuture::new(self)
    }
}

/// How a workflow ends that goes on as a new run with a fresh history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContinueAsNew {}

/// Ends this run and goes on as a new one: of the same workflow or of another, under the same id.
/// It does not return: a saga without commit compensates before the new run begins.
///
/// ```
/// use persevere::prelude::*;
///
/// #[workflow]
/// async fn counter(from: u64) -> Result<u64> {
///     if from < 1_000_000 {
///         sleep(days(1)).await;
///         persevere::continue_as_new(counter(from + 1)).await?;
///     }
///     Ok(from)
/// }
/// ```
///
/// # Errors
/// An argument has no JSON form, or this is no workflow.
pub async fn continue_as_new<W: Workflow>(call: WorkflowCall<W>) -> crate::Result<ContinueAsNew> {
    surface::workflow_info()?;
    let scope = Scope::current().expect("a workflow that is polled has its scope");
    let options = call.options;
    scope.continue_as_new(ContinueAsNewSpec {
        kind: Some(W::NAME.to_owned()),
        input: call.input?,
        task_queue: options.queue,
        run_timeout: options.run_timeout,
        task_timeout: options.task_timeout,
        retry: options.retry.map(Retry::into_policy),
        memo: None,
        search_attributes: None,
    });
    std::future::pending().await
}
