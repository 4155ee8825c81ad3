//! Reading histories.

use persevere_proto::api::{
    history::v1::History,
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
    },
};

use super::{Client, ClientError, Connection, Limits, WorkflowRef};

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
}

impl Connection {
    /// One page of a history; the first with an empty token.
    pub(crate) async fn history_page(
        &self,
        workflow: &WorkflowRef,
        next_page_token: Vec<u8>,
    ) -> Result<GetWorkflowExecutionHistoryResponse, ClientError> {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: self.namespace().into(),
            execution: Some(workflow.to_wire()),
            next_page_token,
            skip_archival: true,
            ..Default::default()
        };
        let call =
            self.call("read history", Limits::CALL, request, |mut service, request| async move {
                service.get_workflow_execution_history(request).await
            });
        call.await
    }
}
