//! Lists and counts of executions (semantics rules 134 to 138).

use persevere_engine::{Time, duration};
use persevere_proto::{
    api::{
        common::v1::{Payload, WorkflowExecution, WorkflowType},
        enums::v1::WorkflowExecutionStatus,
        filter::v1::StartTimeFilter,
        workflow::v1::WorkflowExecutionInfo,
        workflowservice::v1::{
            CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse,
            ListClosedWorkflowExecutionsRequest, ListClosedWorkflowExecutionsResponse,
            ListOpenWorkflowExecutionsRequest, ListOpenWorkflowExecutionsResponse,
            ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse,
            ScanWorkflowExecutionsRequest, ScanWorkflowExecutionsResponse,
            count_workflow_executions_response::AggregationGroup,
            list_closed_workflow_executions_request, list_open_workflow_executions_request,
        },
    },
    state::ListPageToken,
    wkt::Timestamp,
};
use prost::Message;
use tonic::{Request, Status};

use super::{check, status::invalid, token};
use crate::{
    Core, ExecutionRow, Filter, ListCursor, Value,
    visibility::{self, Comparison, Condition, FIELDS, Field},
};

/// Executions on a page, unless the client wants fewer.
const PAGE: usize = 1000;

/// See the protocol.
pub(super) async fn list_workflow_executions(
    core: &Core,
    request: Request<ListWorkflowExecutionsRequest>,
) -> Result<ListWorkflowExecutionsResponse, Status> {
    let request = request.into_inner();
    check::namespace(core, &request.namespace)?;
    let condition = visibility::parse(&request.query)?.condition;
    let page = Page { size: request.page_size, token: &request.next_page_token };
    let (executions, next_page_token) = list(core, &request.namespace, condition, page).await?;
    Ok(ListWorkflowExecutionsResponse { executions, next_page_token })
}

/// See the protocol.
pub(super) async fn scan_workflow_executions(
    core: &Core,
    request: Request<ScanWorkflowExecutionsRequest>,
) -> Result<ScanWorkflowExecutionsResponse, Status> {
    let request = request.into_inner();
    check::namespace(core, &request.namespace)?;
    let condition = visibility::parse(&request.query)?.condition;
    let page = Page { size: request.page_size, token: &request.next_page_token };
    let (executions, next_page_token) = list(core, &request.namespace, condition, page).await?;
    Ok(ScanWorkflowExecutionsResponse { executions, next_page_token })
}

/// See the protocol.
pub(super) async fn list_open_workflow_executions(
    core: &Core,
    request: Request<ListOpenWorkflowExecutionsRequest>,
) -> Result<ListOpenWorkflowExecutionsResponse, Status> {
    use list_open_workflow_executions_request::Filters;
    let request = request.into_inner();
    check::namespace(core, &request.namespace)?;
    let running = WorkflowExecutionStatus::Running as i32;
    let mut condition = compare("ExecutionStatus", Comparison::Equal, number(running));
    condition = and_started(condition, request.start_time_filter.as_ref());
    condition = match request.filters {
        Some(Filters::ExecutionFilter(filter)) => and_workflow_id(condition, filter.workflow_id),
        Some(Filters::TypeFilter(filter)) => and_type(condition, filter.name),
        None => condition,
    };
    let page = Page { size: request.maximum_page_size, token: &request.next_page_token };
    let (executions, next_page_token) =
        list(core, &request.namespace, Some(condition), page).await?;
    Ok(ListOpenWorkflowExecutionsResponse { executions, next_page_token })
}

/// See the protocol.
pub(super) async fn list_closed_workflow_executions(
    core: &Core,
    request: Request<ListClosedWorkflowExecutionsRequest>,
) -> Result<ListClosedWorkflowExecutionsResponse, Status> {
    use list_closed_workflow_executions_request::Filters;
    let request = request.into_inner();
    check::namespace(core, &request.namespace)?;
    let running = WorkflowExecutionStatus::Running as i32;
    let mut condition = compare("ExecutionStatus", Comparison::NotEqual, number(running));
    condition = and_started(condition, request.start_time_filter.as_ref());
    condition = match request.filters {
        Some(Filters::ExecutionFilter(filter)) => and_workflow_id(condition, filter.workflow_id),
        Some(Filters::TypeFilter(filter)) => and_type(condition, filter.name),
        Some(Filters::StatusFilter(filter)) if filter.status <= running => {
            return Err(invalid("StatusFilter must be specified and must be not Running."));
        }
        Some(Filters::StatusFilter(filter)) => {
            and(condition, compare("ExecutionStatus", Comparison::Equal, number(filter.status)))
        }
        None => condition,
    };
    let page = Page { size: request.maximum_page_size, token: &request.next_page_token };
    let (executions, next_page_token) =
        list(core, &request.namespace, Some(condition), page).await?;
    Ok(ListClosedWorkflowExecutionsResponse { executions, next_page_token })
}

/// See the protocol.
pub(super) async fn count_workflow_executions(
    core: &Core,
    request: Request<CountWorkflowExecutionsRequest>,
) -> Result<CountWorkflowExecutionsResponse, Status> {
    let request = request.into_inner();
    check::namespace(core, &request.namespace)?;
    let query = visibility::parse(&request.query)?;
    let filter = sql(query.condition);
    if query.group_by.is_none() {
        let count = core.store.count(&request.namespace, &filter).await?;
        return Ok(CountWorkflowExecutionsResponse { count, groups: Vec::new() });
    }
    let counts = core.store.count_by_status(&request.namespace, &filter).await?;
    Ok(CountWorkflowExecutionsResponse {
        count: counts.iter().map(|(_, count)| count).sum(),
        groups: counts.into_iter().map(|(status, count)| group(status, count)).collect(),
    })
}

/// What a client says about paging.
struct Page<'a> {
    size: i32,
    token: &'a [u8],
}

async fn list(
    core: &Core,
    namespace: &str,
    condition: Option<Condition>,
    page: Page<'_>,
) -> Result<(Vec<WorkflowExecutionInfo>, Vec<u8>), Status> {
    let after = token::read_page(page.token)?.map(|token: ListPageToken| ListCursor {
        close: token.close,
        start: token.start,
        id: token.id,
    });
    let limit = usize::try_from(page.size).ok().filter(|size| (1..=PAGE).contains(size));
    let limit = limit.unwrap_or(PAGE);
    let rows = core.store.list(namespace, &sql(condition), after, limit).await?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|row| {
        let ListCursor { close, start, id } = row.cursor;
        ListPageToken { close, start, id }.encode_to_vec()
    });
    Ok((rows.into_iter().map(info).collect(), next.unwrap_or_default()))
}

fn sql(condition: Option<Condition>) -> Filter {
    condition.map(|condition| condition.to_sql()).unwrap_or_default()
}

fn info(row: ExecutionRow) -> WorkflowExecutionInfo {
    let execution = |(workflow_id, run_id)| WorkflowExecution { workflow_id, run_id };
    WorkflowExecutionInfo {
        execution: Some(execution((row.workflow_id, row.run_id))),
        r#type: Some(WorkflowType { name: row.workflow_type }),
        start_time: Some(row.start_time.into()),
        close_time: row.close_time.map(Timestamp::from),
        status: row.status,
        history_length: row.history_length.unwrap_or_default(),
        parent_execution: row.parent.map(execution),
        execution_time: Some(row.execution_time.into()),
        memo: Some(row.memo.unwrap_or_default()),
        search_attributes: Some(row.search_attributes.unwrap_or_default()),
        task_queue: row.task_queue,
        state_transition_count: row.state_transitions.unwrap_or_default(),
        history_size_bytes: row.history_bytes.unwrap_or_default(),
        execution_duration: row.close_time.map(|time| duration(time.since(row.execution_time))),
        root_execution: Some(execution(row.root)),
        ..WorkflowExecutionInfo::default()
    }
}

/// A status and its count, the status as the JSON text that clients expect.
fn group(status: i32, count: i64) -> AggregationGroup {
    let name = match WorkflowExecutionStatus::try_from(status) {
        Ok(WorkflowExecutionStatus::Running) => "Running",
        Ok(WorkflowExecutionStatus::Completed) => "Completed",
        Ok(WorkflowExecutionStatus::Failed) => "Failed",
        Ok(WorkflowExecutionStatus::Canceled) => "Canceled",
        Ok(WorkflowExecutionStatus::Terminated) => "Terminated",
        Ok(WorkflowExecutionStatus::ContinuedAsNew) => "ContinuedAsNew",
        Ok(WorkflowExecutionStatus::TimedOut) => "TimedOut",
        Ok(_) | Err(_) => "Unspecified",
    };
    let metadata = [("encoding", "json/plain"), ("type", "Keyword")];
    let value = Payload {
        metadata: metadata
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .collect(),
        data: format!("\"{name}\"").into_bytes(),
        ..Payload::default()
    };
    AggregationGroup { group_values: vec![value], count }
}

fn field(name: &'static str) -> &'static Field {
    FIELDS.iter().find(|field| field.name == name).expect("named from the table of fields")
}

fn compare(name: &'static str, comparison: Comparison, value: Value) -> Condition {
    Condition::Compare(field(name), comparison, value)
}

fn and(left: Condition, right: Condition) -> Condition {
    Condition::And(Box::new(left), Box::new(right))
}

fn and_workflow_id(condition: Condition, id: String) -> Condition {
    and(condition, compare("WorkflowId", Comparison::Equal, Value::Text(id)))
}

fn and_type(condition: Condition, name: String) -> Condition {
    and(condition, compare("WorkflowType", Comparison::Equal, Value::Text(name)))
}

fn and_started(mut condition: Condition, filter: Option<&StartTimeFilter>) -> Condition {
    let Some(filter) = filter else { return condition };
    let bounds = [
        (&filter.earliest_time, Comparison::GreaterOrEqual),
        (&filter.latest_time, Comparison::LessOrEqual),
    ];
    for (time, comparison) in bounds {
        if let Some(time) = time {
            let value = Value::Integer(Time::from(time).0);
            condition = and(condition, compare("StartTime", comparison, value));
        }
    }
    condition
}

fn number(status: i32) -> Value {
    Value::Integer(i64::from(status))
}
