//! Workflows from outside: started by their stubs, followed and influenced by typed handles.

use std::marker::PhantomData;

use persevere_proto::api::enums::v1::QueryRejectCondition;
use persevere_proto::api::history::v1::History;
use persevere_proto::api::workflowservice::v1::DescribeWorkflowExecutionResponse;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Signal;
use crate::call::{CallError, CallFailure, Retry, WorkflowCall};
use crate::client::{
    Client, ClientError, ResultError, SignalSpec, StartOptions, StartSpec, WorkflowRef,
};
use crate::definition::Workflow;
use crate::payload::{self, EncodeError};
use crate::running;

/// Where workflows can be started: a client, or what contains one.
pub trait Target {
    /// The client to start them with.
    fn client(&self) -> &Client;

    /// The task queue for a workflow that names none.
    fn default_queue(&self) -> Option<&str> {
        None
    }
}

impl Target for Client {
    fn client(&self) -> &Client {
        self
    }
}

/// A request about a workflow was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No task queue is known to start the workflow on.
    #[error(
        "workflow `{workflow}` has no task queue: say `.queue(\"…\")` on the call or \
         `#[workflow(queue = \"…\")]` on the function"
    )]
    NoQueue {
        /// The workflow.
        workflow: &'static str,
    },
    /// A value has no JSON form.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The answer is of another type.
    #[error("the answer to query `{query}` could not be decoded: {reason}")]
    Decode {
        /// The query.
        query: String,
        /// What was expected and what came.
        reason: String,
    },
    /// The server refused, or could not be reached.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl<W: Workflow> WorkflowCall<W> {
    /// Starts the workflow and gives its handle. Without an [`id`](Self::id) it gets a new one.
    ///
    /// # Errors
    /// The id is taken, there is no task queue, the server cannot be reached.
    pub async fn start<T: Target + ?Sized>(
        self,
        target: &T,
    ) -> Result<WorkflowHandle<W>, RequestError> {
        let client = target.client();
        let spec = self.into_spec(target.default_queue())?;
        let workflow_id = spec.workflow_id.clone();
        let started = client.start_workflow(spec).await?;
        Ok(WorkflowHandle::first_run(client, workflow_id, started.run_id))
    }

    /// Starts the workflow and waits for its result.
    ///
    /// # Errors
    /// It could not be started, it failed, or it could not be followed.
    pub async fn run<T: Target + ?Sized>(
        self,
        target: &T,
    ) -> Result<W::Output, CallError<W::Error>> {
        match self.start(target).await {
            Ok(handle) => handle.result().await,
            Err(error) => Err(CallError::Other(CallFailure::Request(error))),
        }
    }

    /// Sends the workflow a signal, and starts it first if it is not running.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub async fn signal_with_start<T: Target + ?Sized, S: Signal>(
        self,
        target: &T,
        signal: S,
    ) -> Result<WorkflowHandle<W>, RequestError> {
        let client = target.client();
        let spec = self.into_spec(target.default_queue())?;
        let workflow_id = spec.workflow_id.clone();
        let started = client.signal_with_start(spec, signal_spec(&signal)?).await?;
        Ok(WorkflowHandle::first_run(client, workflow_id, started.run_id))
    }

    fn into_spec(self, default_queue: Option<&str>) -> Result<StartSpec, RequestError> {
        let options = self.options;
        let task_queue = options.queue.or_else(|| default_queue.map(str::to_owned));
        Ok(StartSpec {
            workflow_id: options
                .id
                .unwrap_or_else(|| format!("{}-{}", W::NAME, uuid::Uuid::new_v4())),
            kind: W::NAME.to_owned(),
            task_queue: task_queue.ok_or(RequestError::NoQueue { workflow: W::NAME })?,
            input: self.input?,
            options: StartOptions {
                execution_timeout: options.execution_timeout,
                run_timeout: options.run_timeout,
                task_timeout: options.task_timeout,
                id_reuse: options.id_reuse,
                id_conflict: options.id_conflict,
                retry: options.retry.map(Retry::into_policy),
                start_delay: options.start_delay,
                ..Default::default()
            },
        })
    }
}

fn signal_spec<S: Signal>(signal: &S) -> Result<SignalSpec, EncodeError> {
    let payload = payload::encode(signal, &format!("signal `{}`", S::NAME))?;
    Ok(SignalSpec { name: S::NAME.to_owned(), input: vec![payload] })
}

/// A workflow that was started: by [`WorkflowCall::start`], or by someone else under a known id.
pub struct WorkflowHandle<W: Workflow> {
    client: Client,
    workflow: WorkflowRef,
    /// The first run of the chain, if this handle's call started it.
    first_run_id: Option<String>,
    definition: PhantomData<fn() -> W>,
}

impl<W: Workflow> WorkflowHandle<W> {
    /// The handle of a workflow by its id, whoever started it.
    pub fn new<T: Target + ?Sized>(target: &T, id: impl Into<String>) -> Self {
        Self {
            client: target.client().clone(),
            workflow: WorkflowRef::current(id),
            first_run_id: None,
            definition: PhantomData,
        }
    }

    fn first_run(client: &Client, id: String, run_id: String) -> Self {
        let first_run_id = Some(run_id);
        Self { first_run_id, ..Self::new(client, id) }
    }

    /// The workflow id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.workflow.workflow_id
    }

    /// The run that the start made or found; `None` for a handle made by id alone.
    #[must_use]
    pub fn run_id(&self) -> Option<&str> {
        self.first_run_id.as_deref()
    }

    /// Waits for the workflow's end, through retries and continue-as-new.
    ///
    /// # Errors
    /// The workflow's own, how else it ended, or why it could not be followed.
    pub async fn result(&self) -> Result<W::Output, CallError<W::Error>> {
        let run = WorkflowRef { run_id: self.first_run_id.clone(), ..self.workflow.clone() };
        match self.client.result(&run).await {
            Ok(payload) => {
                running::decode_result(W::NAME, payload.as_ref()).map_err(CallError::Other)
            }
            Err(error) => Err(CallError::from_result(error)),
        }
    }

    /// Sends a signal; it is in the workflow's history when this returns.
    ///
    /// # Errors
    /// The workflow has closed or never was; failures of the call.
    pub async fn signal<S: Signal>(&self, signal: S) -> Result<(), RequestError> {
        Ok(self.client.signal(&self.workflow, signal_spec(&signal)?).await?)
    }

    /// Asks the workflow a question that it answers by `on_query`; also when it has closed. Give `()`
    /// for no argument.
    ///
    /// # Errors
    /// It does not know the query or cannot answer yet; the answer is no `T`; failures of the call.
    pub async fn query<T: DeserializeOwned>(
        &self,
        name: &str,
        argument: impl Serialize,
    ) -> Result<T, RequestError> {
        let argument = payload::encode(&argument, &format!("the argument of query `{name}`"))?;
        let reject = QueryRejectCondition::Unspecified;
        let answer = self.client.query(&self.workflow, name, vec![argument], reject).await?;
        payload::decode(answer.as_ref(), "the answer")
            .map_err(|error| RequestError::Decode { query: name.to_owned(), reason: error.message })
    }

    /// Asks the workflow to stop. It decides itself when and how; asking twice is asking once.
    ///
    /// # Errors
    /// There is no such workflow; failures of the call.
    pub async fn cancel(&self) -> Result<(), RequestError> {
        Ok(self.client.request_cancel(&self.workflow, "").await?)
    }

    /// Closes the workflow at once: its code has no say, nothing is compensated.
    ///
    /// # Errors
    /// The workflow has closed or never was; failures of the call.
    pub async fn terminate(&self, reason: &str) -> Result<(), RequestError> {
        Ok(self.client.terminate(&self.workflow, reason, Vec::new()).await?)
    }

    /// What the server knows about it: status, pending activities and children, configuration.
    ///
    /// # Errors
    /// There is no such workflow; failures of the call.
    pub async fn describe(&self) -> Result<DescribeWorkflowExecutionResponse, RequestError> {
        Ok(self.client.describe(&self.workflow).await?)
    }

    /// Its history so far.
    ///
    /// # Errors
    /// There is no such workflow; failures of the call.
    pub async fn history(&self) -> Result<History, RequestError> {
        let run = WorkflowRef { run_id: self.first_run_id.clone(), ..self.workflow.clone() };
        Ok(self.client.fetch_history(&run).await?)
    }
}

impl<W: Workflow> Clone for WorkflowHandle<W> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            workflow: self.workflow.clone(),
            first_run_id: self.first_run_id.clone(),
            definition: PhantomData,
        }
    }
}

impl<W: Workflow> std::fmt::Debug for WorkflowHandle<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkflowHandle")
            .field("workflow", &W::NAME)
            .field("id", &self.id())
            .field("run_id", &self.run_id())
            .finish_non_exhaustive()
    }
}

impl<E: crate::WireError> CallError<E> {
    /// How a workflow ended, as its caller sees it.
    fn from_result(error: ResultError) -> Self {
        match error {
            ResultError::Failed(failure) => Self::from_wire(*failure),
            ResultError::Cancelled(_) => Self::Cancelled,
            ResultError::TimedOut => Self::TimedOut(crate::TimeoutKind::StartToClose),
            ResultError::Terminated { reason } => Self::Other(CallFailure::Terminated(reason)),
            ResultError::Client(error) => {
                Self::Other(CallFailure::Request(RequestError::Client(error)))
            }
        }
    }
}
