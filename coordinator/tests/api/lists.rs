//! Lists and counts: filters, order, pages, groups.

use persevere_proto::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, ListOpenWorkflowExecutionsRequest,
    ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse,
};
use tonic::Code;

use crate::server::{NAMESPACE, Server};

/// Three runs, of which `b` is closed.
async fn three() -> Server {
    let mut server = Server::open().await;
    for workflow_id in ["a", "b", "c"] {
        server.start(workflow_id).await;
    }
    server.terminate("b").await.expect("terminates");
    server
}

fn list(query: &str) -> ListWorkflowExecutionsRequest {
    ListWorkflowExecutionsRequest {
        namespace: NAMESPACE.into(),
        query: query.into(),
        ..Default::default()
    }
}

fn ids(page: &ListWorkflowExecutionsResponse) -> Vec<&str> {
    let executions = page.executions.iter().filter_map(|info| info.execution.as_ref());
    executions.map(|execution| execution.workflow_id.as_str()).collect()
}

#[tokio::test]
async fn a_start_is_listed_at_once_and_filters_choose() {
    let mut server = three().await;
    let table = [
        ("", vec!["c", "a", "b"]),
        ("WorkflowId = 'a'", vec!["a"]),
        ("WorkflowId != 'a'", vec!["c", "b"]),
        ("NOT WorkflowId IN ('a', 'b')", vec!["c"]),
        ("WorkflowId BETWEEN 'a' AND 'b'", vec!["a", "b"]),
        ("WorkflowId STARTS_WITH 'c' OR ExecutionStatus = 'Terminated'", vec!["c", "b"]),
        ("ExecutionStatus = 'Running'", vec!["c", "a"]),
        ("CloseTime IS NOT NULL AND ExecutionDuration >= '0s'", vec!["b"]),
        ("StartTime > '2020-01-01T00:00:00Z' AND WorkflowType = 'order'", vec!["c", "a", "b"]),
        ("TaskQueue = 'queue' AND HistoryLength = 3", vec!["b"]),
        ("HistorySizeBytes > 0 AND StateTransitionCount > 0", vec!["b"]),
        ("ParentWorkflowId IS NULL AND RootWorkflowId = 'a'", vec!["a"]),
        ("ExecutionTime < '2020-01-01T00:00:00Z'", vec![]),
        ("WorkflowId = 'a'' OR 1=1 --'", vec![]),
    ];
    for (query, expected) in table {
        let page = server.service.list_workflow_executions(list(query)).await;
        assert_eq!(ids(&page.expect("is a filter").into_inner()), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_one_another() {
    let mut server = three().await;
    let (mut seen, mut next_page_token) = (Vec::new(), Vec::new());
    loop {
        let request = ListWorkflowExecutionsRequest { page_size: 1, next_page_token, ..list("") };
        let page = server.service.list_workflow_executions(request).await;
        let page = page.expect("is readable").into_inner();
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        next_page_token = page.next_page_token;
        if next_page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["c", "a", "b"]);
}

#[tokio::test]
async fn counts_are_whole_or_by_status() {
    let mut server = three().await;
    let count = |query: &str| CountWorkflowExecutionsRequest {
        namespace: NAMESPACE.into(),
        query: query.into(),
    };
    let whole = server.service.count_workflow_executions(count("WorkflowId != 'c'")).await;
    assert_eq!(whole.expect("counts").into_inner().count, 2);
    let grouped = server.service.count_workflow_executions(count("GROUP BY ExecutionStatus")).await;
    let grouped = grouped.expect("counts").into_inner();
    assert_eq!(grouped.count, 3);
    let groups: Vec<(String, i64)> = grouped
        .groups
        .iter()
        .map(|group| {
            (String::from_utf8_lossy(&group.group_values[0].data).into_owned(), group.count)
        })
        .collect();
    assert_eq!(groups, [("\"Running\"".to_owned(), 2), ("\"Terminated\"".to_owned(), 1)]);
}

#[tokio::test]
async fn open_executions_have_a_list_of_their_own() {
    let mut server = three().await;
    let request =
        ListOpenWorkflowExecutionsRequest { namespace: NAMESPACE.into(), ..Default::default() };
    let page = server.service.list_open_workflow_executions(request).await.expect("is readable");
    assert_eq!(page.into_inner().executions.len(), 2);
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_refused_with_its_place() {
    let mut server = Server::open().await;
    let page = server.service.list_workflow_executions(list("WorkflowId = 'a' AND Colour = 'b'"));
    let status = page.await.expect_err("is refused");
    let message = "invalid query: invalid search attribute: Colour (at position 22)";
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, message));
}
