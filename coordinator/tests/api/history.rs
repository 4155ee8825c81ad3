//! Reading histories: pages, tokens, waiting, the closing event, and backwards.

use persevere_proto::api::{
    enums::v1::{EventType, HistoryEventFilterType},
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
        GetWorkflowExecutionHistoryReverseRequest,
    },
};
use tonic::{Code, Status};

use crate::server::{NAMESPACE, Server, execution, refusal, within};

const NOBODY: &str = "6f1e2cf5-5b6d-4b52-9f0c-000000000000";

fn request(workflow_id: &str) -> GetWorkflowExecutionHistoryRequest {
    GetWorkflowExecutionHistoryRequest {
        namespace: NAMESPACE.into(),
        execution: Some(execution(workflow_id, "")),
        ..Default::default()
    }
}

fn close_event() -> i32 {
    HistoryEventFilterType::CloseEvent as i32
}

fn ids(page: &GetWorkflowExecutionHistoryResponse) -> Vec<i64> {
    let events = page.history.iter().flat_map(|history| &history.events);
    events.map(|event| event.event_id).collect()
}

/// Reads with a second and a bit to wait.
async fn read(
    server: &mut Server,
    request: GetWorkflowExecutionHistoryRequest,
) -> Result<GetWorkflowExecutionHistoryResponse, Status> {
    let page = server.service.get_workflow_execution_history(within(request, 1.2)).await;
    page.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn pages_follow_one_another_to_the_end() {
    let mut server = Server::open().await;
    server.start("w").await;
    for name in ["a", "b", "c"] {
        server.signal("w", name).await.expect("signals");
    }
    let (mut seen, mut token, mut pages) = (Vec::new(), Vec::new(), 0);
    loop {
        let next = GetWorkflowExecutionHistoryRequest {
            maximum_page_size: 1,
            next_page_token: token,
            ..request("w")
        };
        let page = read(&mut server, next).await.expect("is readable");
        seen.extend(ids(&page));
        pages += 1;
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    assert!(pages > 1, "pages end at batches, and there were four");
}

#[tokio::test]
async fn a_token_belongs_to_its_run() {
    let mut server = Server::open().await;
    server.start("w").await;
    server.signal("w", "a").await.expect("signals");
    let first = GetWorkflowExecutionHistoryRequest { maximum_page_size: 1, ..request("w") };
    let token = read(&mut server, first).await.expect("is readable").next_page_token;
    let other = GetWorkflowExecutionHistoryRequest {
        execution: Some(execution("w", NOBODY)),
        next_page_token: token,
        ..request("w")
    };
    let noise =
        GetWorkflowExecutionHistoryRequest { next_page_token: b"noise".to_vec(), ..request("w") };
    let table = [
        (other, "RunId in the request does not match the NextPageToken."),
        (noise, "Invalid NextPageToken."),
    ];
    for (request, message) in table {
        let status = read(&mut server, request).await.expect_err("is refused");
        assert_eq!(refusal(&status), (Code::InvalidArgument, message, None));
    }
}

#[tokio::test]
async fn waiting_in_vain_gives_nothing_and_a_token_to_wait_on() {
    let mut server = Server::open().await;
    server.start("w").await;
    let wait = GetWorkflowExecutionHistoryRequest { wait_new_event: true, ..request("w") };
    let all = read(&mut server, wait.clone()).await.expect("is readable");
    assert_eq!(ids(&all), [1, 2]);
    let next = GetWorkflowExecutionHistoryRequest { next_page_token: all.next_page_token, ..wait };
    let none = read(&mut server, next.clone()).await.expect("is readable");
    assert!(ids(&none).is_empty());
    assert!(!none.next_page_token.is_empty());

    let mut waiting = server.service.clone();
    let waiting = tokio::spawn(async move { waiting.get_workflow_execution_history(next).await });
    server.signal("w", "a").await.expect("signals");
    let page = waiting.await.expect("runs").expect("is readable").into_inner();
    assert_eq!(ids(&page), [3]);
}

#[tokio::test]
async fn the_closing_event_is_waited_for_and_comes_alone() {
    let mut server = Server::open().await;
    server.start("w").await;
    let close = GetWorkflowExecutionHistoryRequest {
        history_event_filter_type: close_event(),
        ..request("w")
    };
    let open = read(&mut server, close.clone()).await.expect("is readable");
    assert!(ids(&open).is_empty() && open.next_page_token.is_empty());

    let wait = GetWorkflowExecutionHistoryRequest { wait_new_event: true, ..close };
    let in_vain = read(&mut server, wait.clone()).await.expect("is readable");
    assert!(ids(&in_vain).is_empty() && !in_vain.next_page_token.is_empty());
    let wait =
        GetWorkflowExecutionHistoryRequest { next_page_token: in_vain.next_page_token, ..wait };
    let mut waiting = server.service.clone();
    let waiting = tokio::spawn(async move { waiting.get_workflow_execution_history(wait).await });
    server.terminate("w").await.expect("terminates");
    let page = waiting.await.expect("runs").expect("is readable").into_inner();
    let events = page.history.expect("is there").events;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event_type(), EventType::WorkflowExecutionTerminated);
    assert!(page.next_page_token.is_empty());
}

#[tokio::test]
async fn a_history_can_be_read_backwards() {
    let mut server = Server::open().await;
    server.start("w").await;
    server.signal("w", "a").await.expect("signals");
    let (mut seen, mut next_page_token) = (Vec::new(), Vec::new());
    loop {
        let request = GetWorkflowExecutionHistoryReverseRequest {
            namespace: NAMESPACE.into(),
            execution: Some(execution("w", "")),
            maximum_page_size: 1,
            next_page_token,
        };
        let page = server.service.get_workflow_execution_history_reverse(request).await;
        let page = page.expect("is readable").into_inner();
        seen.extend(page.history.expect("is there").events.iter().map(|event| event.event_id));
        next_page_token = page.next_page_token;
        if next_page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, [3, 2, 1]);
}
