//! The plot: charge, kill everything, start again, and see what is left to do.

use std::path::Path;

use persevere::prelude::*;
use persevere_proto::{
    api::{
        common::v1::WorkflowExecution, enums::v1::EventType,
        workflowservice::v1::GetWorkflowExecutionHistoryRequest,
    },
    workflow_service::workflow_service_client::WorkflowServiceClient,
};
use tonic::transport::Endpoint;

use crate::{
    diary,
    evidence::Evidence,
    parts::{self, QUEUE},
    process::{Process, free_port, log_of},
    screen::Screen,
    workflow::{Ledger, Order, process_payment},
};

const ORDER: &str = "order-42";

/// Tells the story, with all files in `directory`, and fails if it does not end as it must.
pub(crate) async fn tell(directory: &Path) -> Result<()> {
    let screen = Screen::new();
    let port = free_port();
    let start = |part, name| Process::start(part, name, directory, port);

    screen.section("What happens");
    let coordinator = start("coordinator", "coordinator 1")?;
    screen.act("coordinator 1", "starts, on an empty file");
    let worker = start("worker", "worker 1")?;
    screen.act("worker 1", "starts");
    let client = parts::client("client", port).await?;
    let order = Order { id: ORDER.into(), cents: 4_200 };
    let payment = process_payment(order).id(ORDER).queue(QUEUE).start(&client).await?;
    screen.act("client", "starts process_payment for order-42");

    let on_disk_at_the_kill = until_it_waits_for_the_bank(port).await?;
    screen.act("worker 1", "has charged the customer; the payment waits for the bank");
    worker.kill()?;
    screen.death("worker 1");
    coordinator.kill()?;
    screen.death("coordinator 1");

    let _coordinator = start("coordinator", "coordinator 2")?;
    screen.act("coordinator 2", "starts, on the same file");
    let _worker = start("worker", "worker 2")?;
    screen.act("worker 2", "starts, knowing nothing");
    let receipt = payment.result().await?;
    screen.act("client", &format!("is told: {receipt:?}"));

    let evidence = Evidence {
        receipt,
        history: payment.history().await?.events,
        on_disk_at_the_kill,
        diaries: [
            ("worker 1", diary::read(&log_of("worker 1", directory))?),
            ("worker 2", diary::read(&log_of("worker 2", directory))?),
        ],
        ledger: Ledger::in_directory(directory, "").lines()?,
    };
    evidence.present(screen)
}

/// Waits until the history says that the customer is charged and the payment waits for the bank;
/// gives the id of the event that says so. What a history says is on disk.
async fn until_it_waits_for_the_bank(port: u16) -> Result<i64> {
    let endpoint = Endpoint::new(format!("http://127.0.0.1:{port}"))?;
    let mut service = WorkflowServiceClient::new(endpoint.connect().await?);
    let execution = WorkflowExecution { workflow_id: ORDER.into(), ..Default::default() };
    let mut page = Vec::new();
    loop {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: "default".into(),
            execution: Some(execution.clone()),
            wait_new_event: true,
            next_page_token: page,
            ..Default::default()
        };
        let response = service.get_workflow_execution_history(request).await?.into_inner();
        let events = response.history.map(|history| history.events).unwrap_or_default();
        if let Some(event) = events.iter().find(|e| e.event_type() == EventType::TimerStarted) {
            return Ok(event.event_id);
        }
        page = response.next_page_token;
        if page.is_empty() {
            bail!("the payment ended before it waited for the bank");
        }
    }
}
