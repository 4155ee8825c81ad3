//! From typed functions to what the worker runs: arguments decoded, results and errors encoded.

use std::future::Future;
use std::sync::Arc;

use persevere_proto::api::common::v1::Payload;
use persevere_proto::api::failure::v1::Failure as ProtoFailure;

use crate::activity;
use crate::call::CallFailure;
use crate::definition::{Activity, Returned, Workflow, WorkflowImplementation};
use crate::failure::{self, WireError};
use crate::payload::{self, Arguments};
use crate::runtime::spec::{ActivityFn, DecodeError, WorkflowExit, WorkflowFuture};
use crate::runtime::surface;
use crate::scope::{Ended, Scoped};

/// What a worker calls for one activity.
pub type ActivityHandler = Arc<ActivityFn>;

/// Makes the worker's handler from a function of the arguments.
pub fn handler<A, F, Fut>(run: F) -> ActivityHandler
where
    A: Activity,
    F: Fn(A::Input) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    Fut::Output: Returned<Output = A::Output, Error = A::Error>,
{
    Arc::new(move |context, payloads| {
        let future = A::Input::decode(&payloads, A::ARGUMENTS).map(&run);
        Box::pin(activity::within(context, async move {
            let result = match future {
                Ok(future) => future.await.into_result(),
                Err(error) => return Err(undecodable(A::NAME, &error)),
            };
            match result {
                Ok(value) => encode_result(A::NAME, &value).map(Some),
                Err(error) => Err(error.to_wire()),
            }
        }))
    })
}

/// Retryable, for a worker with newer code may understand the arguments.
fn undecodable(name: &str, error: &DecodeError) -> ProtoFailure {
    let message = format!("activity `{name}` was called with arguments it does not take: {error}");
    failure::application(message, "DecodeError", false, None, None)
}

fn encode_result<T: serde::Serialize>(name: &str, value: &T) -> Result<Payload, ProtoFailure> {
    payload::encode(value, &format!("the result of `{name}`"))
        .map_err(|error| failure::application(error.to_string(), "EncodeError", true, None, None))
}

/// Starts a workflow for the executor. It ends when the function has ended and every compensation
/// has run.
pub(crate) fn start_workflow<W: WorkflowImplementation>(
    payloads: Vec<Payload>,
) -> Result<WorkflowFuture, DecodeError> {
    let input = W::Input::decode(&payloads, W::ARGUMENTS).map_err(|error| DecodeError {
        message: format!(
            "workflow `{}` was started with arguments it does not take: {error}",
            W::NAME
        ),
    })?;
    Ok(Box::pin(async move {
        let Ended { result, next_run, compensations } = Scoped::new(W::start(input)).await;
        let exit = match (result, next_run) {
            (None, Some(next)) => Err(WorkflowExit::ContinueAsNew(next)),
            (result, _) => exit::<W>(result),
        };
        match (exit, compensations) {
            (exit, None) => exit,
            (Err(WorkflowExit::Failed(failure)), Some(undo)) => {
                let message = format!("{}; and then: {}", failure.message, undo.text());
                Err(WorkflowExit::Failed(ProtoFailure { message, ..failure }))
            }
            (_, Some(undo)) => Err(WorkflowExit::Failed(undo.to_wire())),
        }
    }))
}

/// How the function's result closes the run. `None`: it was cancelled while it waited for something
/// that cannot say so.
fn exit<W: Workflow>(
    result: Option<Result<W::Output, W::Error>>,
) -> Result<Option<Payload>, WorkflowExit> {
    match result {
        Some(Ok(value)) => encode_result(W::NAME, &value).map(Some).map_err(WorkflowExit::Failed),
        Some(Err(error)) if error.is_cancellation() && cancel_requested() => {
            Err(WorkflowExit::Cancelled(Vec::new()))
        }
        Some(Err(error)) => Err(WorkflowExit::Failed(error.to_wire())),
        None => Err(WorkflowExit::Cancelled(Vec::new())),
    }
}

/// Decodes the result of a call.
pub(crate) fn decode_result<T: serde::de::DeserializeOwned>(
    name: &'static str,
    payload: Option<&Payload>,
) -> Result<T, CallFailure> {
    payload::decode(payload, "it").map_err(|error| CallFailure::decode(name, error))
}

fn cancel_requested() -> bool {
    surface::cancel_requested().is_ok_and(|requested| requested)
}
