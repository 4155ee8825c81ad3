//! Histories as the coordinator stored them: fetched, waited for, put in few words.

use std::time::Duration;

use persevere_proto::api::{
    history::v1::{HistoryEvent, history_event::Attributes},
    workflowservice::v1::GetWorkflowExecutionHistoryRequest,
};

use crate::rpc::{NAMESPACE, Rpc, execution};

/// One long poll's length on the client's side.
const POLL_FOR: Duration = Duration::from_secs(30);

impl Rpc {
    /// All events that a run has now. An empty run id means the newest run.
    pub async fn history(&mut self, workflow_id: &str, run_id: &str) -> Vec<HistoryEvent> {
        let mut events = Vec::new();
        let mut page = Vec::new();
        loop {
            let request = GetWorkflowExecutionHistoryRequest {
                namespace: NAMESPACE.into(),
                execution: Some(execution(workflow_id, run_id)),
                next_page_token: page,
                ..Default::default()
            };
            let response = self.service.get_workflow_execution_history(request).await;
            let response = response.expect("the history of an existing run").into_inner();
            events.extend(response.history.map(|history| history.events).unwrap_or_default());
            page = response.next_page_token;
            if page.is_empty() {
                return events;
            }
        }
    }

    /// Waits until the history has an event for which this holds, and gives the events up to it.
    /// Fails when the run closes without one.
    pub async fn history_until(
        &mut self,
        workflow_id: &str,
        holds: impl Fn(&HistoryEvent) -> bool,
    ) -> Vec<HistoryEvent> {
        let mut events = Vec::new();
        let mut page = Vec::new();
        loop {
            let mut request = tonic::Request::new(GetWorkflowExecutionHistoryRequest {
                namespace: NAMESPACE.into(),
                execution: Some(execution(workflow_id, "")),
                next_page_token: page,
                wait_new_event: true,
                ..Default::default()
            });
            request.set_timeout(POLL_FOR);
            let response = self.service.get_workflow_execution_history(request).await;
            let response = response.expect("the history of an existing run").into_inner();
            for event in response.history.map(|history| history.events).unwrap_or_default() {
                let found = holds(&event);
                events.push(event);
                if found {
                    return events;
                }
            }
            page = response.next_page_token;
            assert!(!page.is_empty(), "closed without it: {:#?}", outline(&events));
        }
    }
}

/// Ids and types, as in `1 WorkflowExecutionStarted`, with what tells events of one type apart.
#[must_use]
pub fn outline(events: &[HistoryEvent]) -> Vec<String> {
    events.iter().map(|event| format!("{} {}", event.event_id, in_words(event))).collect()
}

fn in_words(event: &HistoryEvent) -> String {
    let name = event.event_type().as_str_name().trim_start_matches("EVENT_TYPE_");
    let name: String = name.split('_').map(capitalised).collect();
    match detail(event) {
        Some(detail) => format!("{name}({detail})"),
        None => name,
    }
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1.min(word.len()));
    first.to_owned() + &rest.to_lowercase()
}

/// Which activity; which worker.
fn detail(event: &HistoryEvent) -> Option<String> {
    match event.attributes.as_ref()? {
        Attributes::ActivityTaskScheduledEventAttributes(scheduled) => {
            Some(scheduled.activity_type.as_ref()?.name.clone())
        }
        Attributes::WorkflowTaskStartedEventAttributes(started) => Some(started.identity.clone()),
        Attributes::ActivityTaskStartedEventAttributes(started) => Some(started.identity.clone()),
        _ => None,
    }
}
