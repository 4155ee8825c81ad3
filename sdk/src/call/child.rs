//! A child workflow: awaited for its result, or started and held.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use persevere_proto::api::common::v1::Payload;
use persevere_proto::api::failure::v1::Failure as ProtoFailure;

use super::{CallError, CallFailure, ExternalWorkflow, Retry, WorkflowCall};
use crate::Signal;
use crate::definition::Workflow;
use crate::payload::EncodeError;
use crate::running;
use crate::runtime::spec::{ChildOptions, ChildSpec};
use crate::runtime::surface::{self, ChildOperation};

impl<W: Workflow> WorkflowCall<W> {
    /// Starts it as a child of this workflow and waits until it has started. Its result can be
    /// awaited later, so that several run at once.
    ///
    /// # Errors
    /// It could not be started: an open workflow has its id, for instance.
    pub async fn start_child(self) -> Result<ChildHandle<W>, CallError<W::Error>> {
        let mut operation = schedule(self).map_err(|error| CallError::Other(error.into()))?;
        let run_id = operation.started().await.map_err(CallError::from_wire)?;
        Ok(ChildHandle { operation, run_id, workflow: PhantomData })
    }
}

fn schedule<W: Workflow>(call: WorkflowCall<W>) -> Result<ChildOperation, EncodeError> {
    let options = call.options;
    Ok(surface::start_child(ChildSpec {
        kind: W::NAME.to_owned(),
        input: call.input?,
        workflow_id: options.id,
        options: ChildOptions {
            task_queue: options.queue,
            execution_timeout: options.execution_timeout,
            run_timeout: options.run_timeout,
            task_timeout: options.task_timeout,
            parent_close: options.parent_close,
            id_reuse: options.id_reuse,
            retry: options.retry.map(Retry::into_policy),
            cancellation: options.on_cancel,
            ..Default::default()
        },
        location: call.location,
    }))
}

fn result<W: Workflow>(
    result: Result<Option<Payload>, ProtoFailure>,
) -> Result<W::Output, CallError<W::Error>> {
    match result {
        Ok(payload) => running::decode_result(W::NAME, payload.as_ref()).map_err(CallError::Other),
        Err(failure) => Err(CallError::from_wire(failure)),
    }
}

/// A child workflow, started at the first poll. Dropping it unfinished cancels the child.
#[must_use = "futures do nothing unless awaited"]
pub struct ChildFuture<W: Workflow> {
    state: State<W>,
}

enum State<W: Workflow> {
    Inert(Box<WorkflowCall<W>>),
    Started(ChildOperation),
    Done,
}

impl<W: Workflow> ChildFuture<W> {
    pub(super) fn new(call: WorkflowCall<W>) -> Self {
        Self { state: State::Inert(Box::new(call)) }
    }
}

impl<W: Workflow> std::fmt::Debug for ChildFuture<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChildFuture").field("workflow", &W::NAME).finish_non_exhaustive()
    }
}

impl<W: Workflow> Future for ChildFuture<W> {
    type Output = Result<W::Output, CallError<W::Error>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut operation = match std::mem::replace(&mut self.state, State::Done) {
            State::Inert(call) => match schedule(*call) {
                Ok(operation) => operation,
                Err(error) => {
                    return Poll::Ready(Err(CallError::Other(CallFailure::Encode(error))));
                }
            },
            State::Started(operation) => operation,
            State::Done => panic!("a child workflow was polled after its result"),
        };
        match Pin::new(&mut operation).poll(cx) {
            Poll::Ready(done) => Poll::Ready(result::<W>(done)),
            Poll::Pending => {
                self.state = State::Started(operation);
                Poll::Pending
            }
        }
    }
}

/// A child workflow that has started. Dropping it unfinished cancels the child.
#[must_use = "dropping an unfinished child cancels it: await its result or call `detach`"]
pub struct ChildHandle<W: Workflow> {
    operation: ChildOperation,
    run_id: String,
    workflow: PhantomData<fn() -> W>,
}

impl<W: Workflow> ChildHandle<W> {
    /// The child's workflow id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.operation.workflow_id()
    }

    /// The child's first run.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Waits for the child's end.
    ///
    /// # Errors
    /// The child's own, or how else it ended.
    pub async fn result(self) -> Result<W::Output, CallError<W::Error>> {
        result::<W>(self.operation.await)
    }

    /// Sends it a signal and waits until that is delivered.
    ///
    /// # Errors
    /// The child has closed.
    #[track_caller]
    pub fn signal<S: Signal>(&self, signal: S) -> impl Future<Output = crate::Result<()>> {
        ExternalWorkflow::child(self.id()).signal(signal)
    }

    /// Asks it to stop; its result can still be awaited.
    pub fn cancel(&self) {
        self.operation.cancel();
    }

    /// Lets it run on; what this workflow's end does to it its `on_parent_close` says.
    pub fn detach(self) {
        self.operation.detach();
    }
}

impl<W: Workflow> std::fmt::Debug for ChildHandle<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChildHandle")
            .field("workflow", &W::NAME)
            .field("id", &self.id())
            .field("run_id", &self.run_id)
            .finish_non_exhaustive()
    }
}
