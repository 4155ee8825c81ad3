//! Reading histories.

use persevere_proto::api::{
    history::v1::History,
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
    },
};

use super::{Client, ClientError, Connection, Limits, WorkflowRef, rpc};

impl Client {
    /// The whole history of a run, all pages of it.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no such run; other failures of the call.
    pub async fn fetch_history(&self, workflow: &WorkflowRef) -> Result<History, ClientError> {
        let mut history = History::default();
        let mut token = Vec::new();
        loop {
            let page = self.connection().history_page(workflow, token).await?;
            history.events.extend(page.history.map(|history| history.events).unwrap_or_default());
            if page.next_page_token.is_empty() {
                return Ok(history);
            }
            token = page.next_page_token;
        }
    }

    /// Follows the history of a run as it is written, until it is `enough` or the run has closed;
    /// gives what it has seen. It waits on the server, so `enough` is asked once for each batch of
    /// events and never in vain.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] if there is no such run; other failures of the call.
    pub async fn follow_history(
        &self,
        workflow: &WorkflowRef,
        mut enough: impl FnMut(&History) -> bool,
    ) -> Result<History, ClientError> {
        let mut history = History::default();
        let mut token = Vec::new();
        loop {
            let page = self.connection().next_history_page(workflow, token).await?;
            history.events.extend(page.history.map(|history| history.events).unwrap_or_default());
            if page.next_page_token.is_empty() || enough(&history) {
                return Ok(history);
            }
            token = page.next_page_token;
        }
    }
}

impl Connection {
    /// One page of a history; the first with an empty token.
    pub(crate) async fn history_page(
        &self,
        workflow: &WorkflowRef,
        next_page_token: Vec<u8>,
    ) -> Result<GetWorkflowExecutionHistoryResponse, ClientError> {
        let request = self.history_request(workflow, next_page_token);
        self.call("read history", Limits::CALL, request, rpc!(get_workflow_execution_history)).await
    }

    /// One page of a history, for which the server waits while there is none and the run is open.
    async fn next_history_page(
        &self,
        workflow: &WorkflowRef,
        next_page_token: Vec<u8>,
    ) -> Result<GetWorkflowExecutionHistoryResponse, ClientError> {
        let mut request = self.history_request(workflow, next_page_token);
        request.wait_new_event = true;
        self.call("follow history", Limits::WAIT, request, rpc!(get_workflow_execution_history))
            .await
    }

    fn history_request(
        &self,
        workflow: &WorkflowRef,
        next_page_token: Vec<u8>,
    ) -> GetWorkflowExecutionHistoryRequest {
        GetWorkflowExecutionHistoryRequest {
            namespace: self.namespace().into(),
            execution: Some(workflow.to_wire()),
            next_page_token,
            skip_archival: true,
            ..Default::default()
        }
    }
}
