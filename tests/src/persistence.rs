//! A client that does not give up while its coordinator is being killed.

use std::{future::Future, time::Duration};

use persevere_proto::api::{
    enums::v1::HistoryEventFilterType,
    history::v1::HistoryEvent,
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, SignalWorkflowExecutionRequest,
        StartWorkflowExecutionRequest,
    },
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::{
    payment::{Order, QUEUE},
    rpc::{NAMESPACE, Rpc, execution, payloads, start_request},
};

/// Pause before a call is tried again; the coordinator is another process, so there is nothing to
/// wait on.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(20);
/// How long one call may take before it is tried again.
const CALL_FOR: Duration = Duration::from_secs(5);
/// How long one wait for the end of a run may take before it is asked for again.
const POLL_FOR: Duration = Duration::from_secs(30);

/// Calls until the coordinator answers, one way or the other.
///
/// # Errors
/// What it answered.
pub async fn persistently<T, F: Future<Output = Result<T, Status>>>(
    limit: Duration,
    mut call: impl FnMut() -> F,
) -> Result<T, Status> {
    loop {
        match tokio::time::timeout(limit, call()).await {
            Ok(Err(status)) if !is_transient(status.code()) => return Err(status),
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(_)) | Err(_) => tokio::time::sleep(TRY_AGAIN_AFTER).await,
        }
    }
}

/// What a caller sees when the other side dies, or is not up yet.
fn is_transient(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::Aborted
    )
}

/// Starts a payment, confirms it as Grace, and waits for its end.
///
/// # Errors
/// The coordinator refused something.
pub async fn pay(rpc: &Rpc, order: &Order) -> Result<(), Status> {
    let argument = serde_json::to_value(order).expect("an order has a JSON form");
    let start = start_request("process_payment", &order.id, QUEUE, &argument);
    let run = rpc.start_persistently(&start).await?;
    rpc.signal_persistently(&order.id, "Confirm", &json!({ "by": "Grace" })).await?;
    rpc.closing_event_persistently(&order.id, &run).await.map(drop)
}

impl Rpc {
    /// Starts a workflow, once, however often it has to ask (semantics rule 4).
    pub async fn start_persistently(
        &self,
        request: &StartWorkflowExecutionRequest,
    ) -> Result<String, Status> {
        let response = persistently(CALL_FOR, || {
            let (mut service, request) = (self.service.clone(), request.clone());
            async move { service.start_workflow_execution(request).await }
        });
        Ok(response.await?.into_inner().run_id)
    }

    /// Signals a workflow, once, however often it has to ask (semantics rule 83).
    pub async fn signal_persistently(
        &self,
        workflow_id: &str,
        signal: &str,
        argument: &Value,
    ) -> Result<(), Status> {
        let request = SignalWorkflowExecutionRequest {
            namespace: NAMESPACE.into(),
            workflow_execution: Some(execution(workflow_id, "")),
            signal_name: signal.into(),
            input: Some(payloads(argument)),
            identity: "client".into(),
            request_id: format!("{signal} {workflow_id}"),
            ..Default::default()
        };
        let response = persistently(CALL_FOR, || {
            let (mut service, request) = (self.service.clone(), request.clone());
            async move { service.signal_workflow_execution(request).await }
        });
        response.await.map(drop)
    }

    /// Waits for the end of a run and gives its closing event.
    pub async fn closing_event_persistently(
        &self,
        workflow_id: &str,
        run_id: &str,
    ) -> Result<HistoryEvent, Status> {
        loop {
            let request = GetWorkflowExecutionHistoryRequest {
                namespace: NAMESPACE.into(),
                execution: Some(execution(workflow_id, run_id)),
                wait_new_event: true,
                history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
                ..Default::default()
            };
            let response = persistently(POLL_FOR, || {
                let (mut service, request) = (self.service.clone(), request.clone());
                async move { service.get_workflow_execution_history(request).await }
            });
            let history = response.await?.into_inner().history.unwrap_or_default();
            if let Some(event) = history.events.into_iter().next_back() {
                return Ok(event);
            }
        }
    }
}
