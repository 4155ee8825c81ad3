//! Finding workflows.

use persevere_proto::api::{
    workflow::v1::WorkflowExecutionInfo,
    workflowservice::v1::{CountWorkflowExecutionsRequest, ListWorkflowExecutionsRequest},
};

use super::{Client, ClientError, rpc};

/// Some of the workflows that a filter matches.
#[derive(Clone, Debug, Default)]
pub struct ExecutionPage {
    /// The workflows, newest first.
    pub executions: Vec<WorkflowExecutionInfo>,
    /// Asks for the next page; empty on the last.
    pub next_page_token: Vec<u8>,
}

impl Client {
    /// One page of the workflows that match a filter such as `WorkflowType = 'pay' AND
    /// ExecutionStatus = 'Running'`; an empty filter matches all. Begin with an empty token.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`] if the filter is malformed; other failures of the call.
    pub async fn list_page(
        &self,
        filter: &str,
        page_size: u16,
        next_page_token: Vec<u8>,
    ) -> Result<ExecutionPage, ClientError> {
        let request = ListWorkflowExecutionsRequest {
            namespace: self.namespace().into(),
            page_size: page_size.into(),
            next_page_token,
            query: filter.into(),
        };
        let call = self.call("list workflows", request, rpc!(list_workflow_executions));
        let response = call.await?;
        let (executions, next_page_token) = (response.executions, response.next_page_token);
        Ok(ExecutionPage { executions, next_page_token })
    }

    /// All workflows that match a filter; see [`Client::list_page`].
    ///
    /// # Errors
    /// As [`Client::list_page`].
    pub async fn list(&self, filter: &str) -> Result<Vec<WorkflowExecutionInfo>, ClientError> {
        let mut all = Vec::new();
        let mut token = Vec::new();
        loop {
            let mut page = self.list_page(filter, 1000, token).await?;
            all.append(&mut page.executions);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            token = page.next_page_token;
        }
    }

    /// How many workflows match a filter; see [`Client::list_page`].
    ///
    /// # Errors
    /// As [`Client::list_page`].
    pub async fn count(&self, filter: &str) -> Result<u64, ClientError> {
        let request = CountWorkflowExecutionsRequest {
            namespace: self.namespace().into(),
            query: filter.into(),
        };
        let call = self.call("count workflows", request, rpc!(count_workflow_executions));
        Ok(call.await?.count.unsigned_abs())
    }
}
