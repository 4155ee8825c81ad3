//! Reading histories: page by page, from either end, or waiting for what comes (rules 115 to 119).

use persevere_proto::{
    api::{
        enums::v1::{EventType, HistoryEventFilterType, TimeoutType},
        failure::v1::{Failure, TimeoutFailureInfo, failure::FailureInfo},
        history::v1::{
            History, HistoryEvent, WorkflowExecutionContinuedAsNewEventAttributes,
            history_event::Attributes,
        },
        workflowservice::v1::{
            GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
            GetWorkflowExecutionHistoryReverseRequest, GetWorkflowExecutionHistoryReverseResponse,
        },
    },
    state::HistoryPageToken,
};
use prost::Message;
use tokio::time::Instant;
use tonic::{Request, Status, metadata::MetadataMap};

use super::{deadline, status::invalid, token, workflow::target};
use crate::{Core, HistoryPage, HistoryRange, Target, Until};

/// Events on a page, unless the client wants fewer (semantics rule 115).
const PAGE: usize = 256;

/// In this header a client lists what it can do, separated by commas.
const FEATURES: &str = "supported-features";
/// The client follows a chain from whatever event closed a run.
const FOLLOWS_NEXT_RUN: &str = "follows-next-run-id";

/// See the protocol.
pub(super) async fn get_workflow_execution_history(
    core: &Core,
    request: Request<GetWorkflowExecutionHistoryRequest>,
) -> Result<GetWorkflowExecutionHistoryResponse, Status> {
    let deadline = deadline::of(&request, deadline::HISTORY);
    let follows_next_run = follows_next_run(request.metadata());
    let request = request.into_inner();
    let target = target(core, &request.namespace, request.execution.as_ref())?;
    let token = token::read_page(&request.next_page_token)?;
    let target = pinned(target, token.as_ref())?;
    let reading = Reading { core, target, deadline, wait: request.wait_new_event };
    let (events, token) =
        if request.history_event_filter_type() == HistoryEventFilterType::CloseEvent {
            let (mut events, token) = reading.close_event().await?;
            if !follows_next_run {
                events = events.into_iter().map(continued).collect();
            }
            (events, token)
        } else {
            reading.all_events(token, page_size(request.maximum_page_size)).await?
        };
    Ok(GetWorkflowExecutionHistoryResponse {
        history: Some(History { events }),
        next_page_token: token.map(|token| token.encode_to_vec()).unwrap_or_default(),
        ..GetWorkflowExecutionHistoryResponse::default()
    })
}

/// See the protocol.
pub(super) async fn get_workflow_execution_history_reverse(
    core: &Core,
    request: Request<GetWorkflowExecutionHistoryReverseRequest>,
) -> Result<GetWorkflowExecutionHistoryReverseResponse, Status> {
    let request = request.into_inner();
    let target = target(core, &request.namespace, request.execution.as_ref())?;
    let token: Option<HistoryPageToken> = token::read_page(&request.next_page_token)?;
    let target = pinned(target, token.as_ref())?;
    let range = HistoryRange {
        from: token.map_or(i64::MAX, |token| token.next_event_id),
        to: None,
        max_events: page_size(request.maximum_page_size),
        reverse: true,
    };
    let page = core.shards.history(target, range).await?;
    let token = page.next.map(|next| page_token(&page.run_id, next, 0));
    Ok(GetWorkflowExecutionHistoryReverseResponse {
        history: Some(History { events: page.events }),
        next_page_token: token.map(|token| token.encode_to_vec()).unwrap_or_default(),
    })
}

/// The rest of a history whose first page goes out with a workflow task.
pub(super) fn rest_of_task(page: &HistoryPage, to: i64) -> Vec<u8> {
    let token = page.next.map(|next| page_token(&page.run_id, next, to + 1));
    token.map(|token| token.encode_to_vec()).unwrap_or_default()
}

type Found = (Vec<HistoryEvent>, Option<HistoryPageToken>);

/// One request to read.
struct Reading<'a> {
    core: &'a Core,
    target: Target,
    deadline: Instant,
    /// Whether an empty answer should wait for events, and an open run has always a next page.
    wait: bool,
}

impl Reading<'_> {
    /// The last event of a closed run; of an open one nothing, and a token only if asked to wait.
    async fn close_event(mut self) -> Result<Found, Status> {
        let last = HistoryRange { from: i64::MAX, to: None, max_events: 1, reverse: true };
        let mut page = self.core.shards.history(self.target.clone(), last).await?;
        if page.running && self.wait {
            self.target.run_id = Some(page.run_id.clone());
            if self.until(Until::Closed).await? {
                page = self.core.shards.history(self.target.clone(), last).await?;
            }
        }
        if page.running {
            let token = self.wait.then(|| page_token(&page.run_id, 1, 0));
            return Ok((Vec::new(), token));
        }
        page.events.truncate(1);
        Ok((page.events, None))
    }

    async fn all_events(
        mut self,
        token: Option<HistoryPageToken>,
        max_events: usize,
    ) -> Result<Found, Status> {
        let from = token.as_ref().map_or(1, |token| token.next_event_id);
        let end = token.as_ref().map_or(0, |token| token.end_event_id);
        let to = Some(end).filter(|end| *end > 0);
        let range = HistoryRange { from, to, max_events, reverse: false };
        let mut page = self.core.shards.history(self.target.clone(), range).await?;
        if self.wait && page.running && page.events.is_empty() {
            self.target.run_id = Some(page.run_id.clone());
            if self.until(Until::Event(from)).await? {
                page = self.core.shards.history(self.target.clone(), range).await?;
            }
        }
        // Without waiting, all pages together are the history as it was at the first one.
        let end = if self.wait || end > 0 { end } else { page.next_event_id };
        let next = match page.next {
            Some(next) => Some(page_token(&page.run_id, next, end)),
            None if self.wait && page.running => {
                Some(page_token(&page.run_id, page.next_event_id, 0))
            }
            None => None,
        };
        if next.is_none() && page.running {
            self.target.run_id = Some(page.run_id);
            page.events.extend(self.transient_events(end).await?);
        }
        Ok((page.events, next))
    }

    /// Events of the workflow task in progress that are not stored yet: they end the history, if
    /// nothing has happened since it was `end` events long (semantics rule 32).
    async fn transient_events(&self, end: i64) -> Result<Vec<HistoryEvent>, Status> {
        let mut events =
            self.core.shards.view(self.target.clone()).await?.execution.transient_events();
        if events.first().is_some_and(|first| first.event_id != end) {
            events.clear();
        }
        Ok(events)
    }

    async fn until(&self, until: Until) -> Result<bool, Status> {
        Ok(self.core.shards.wait(self.target.clone(), until, self.deadline).await?)
    }
}

fn follows_next_run(metadata: &MetadataMap) -> bool {
    let values = metadata.get_all(FEATURES).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|feature| feature.trim() == FOLLOWS_NEXT_RUN)
}

/// The close of a run that is retried, as a client needs it that awaits the result of the chain and
/// goes on to the next run only if this one continued as new (semantics rule 18).
fn continued(mut event: HistoryEvent) -> HistoryEvent {
    let (new_execution_run_id, failure) = match &event.attributes {
        Some(Attributes::WorkflowExecutionFailedEventAttributes(failed)) => {
            (failed.new_execution_run_id.clone(), failed.failure.clone())
        }
        Some(Attributes::WorkflowExecutionTimedOutEventAttributes(timed_out)) => {
            (timed_out.new_execution_run_id.clone(), Some(run_timed_out()))
        }
        _ => return event,
    };
    if !new_execution_run_id.is_empty() {
        event.set_event_type(EventType::WorkflowExecutionContinuedAsNew);
        #[expect(deprecated, reason = "written for clients that may still read it")]
        let continued = WorkflowExecutionContinuedAsNewEventAttributes {
            new_execution_run_id,
            failure,
            ..WorkflowExecutionContinuedAsNewEventAttributes::default()
        };
        let continued = Attributes::WorkflowExecutionContinuedAsNewEventAttributes(continued);
        event.attributes = Some(continued);
    }
    event
}

fn run_timed_out() -> Failure {
    let info = TimeoutFailureInfo {
        timeout_type: TimeoutType::StartToClose.into(),
        ..TimeoutFailureInfo::default()
    };
    Failure {
        message: "workflow timeout".into(),
        source: "Server".into(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(info)),
        ..Failure::default()
    }
}

/// A token belongs to one run (semantics rule 115).
fn pinned(mut target: Target, token: Option<&HistoryPageToken>) -> Result<Target, Status> {
    let Some(token) = token else { return Ok(target) };
    if token.run_id.is_empty() || token.next_event_id < 1 || token.end_event_id < 0 {
        return Err(invalid("Invalid NextPageToken."));
    }
    match &target.run_id {
        Some(run_id) if *run_id != token.run_id => {
            return Err(invalid("RunId in the request does not match the NextPageToken."));
        }
        _ => target.run_id = Some(token.run_id.clone()),
    }
    Ok(target)
}

fn page_token(run_id: &str, next_event_id: i64, end_event_id: i64) -> HistoryPageToken {
    HistoryPageToken { run_id: run_id.to_owned(), next_event_id, end_event_id }
}

fn page_size(wanted: i32) -> usize {
    usize::try_from(wanted).ok().filter(|size| (1..=PAGE).contains(size)).unwrap_or(PAGE)
}
