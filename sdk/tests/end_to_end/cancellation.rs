//! Asking a workflow to stop, and what it may do about it.

use persevere::activity;
use persevere::prelude::*;
use persevere_proto::api::enums::v1::EventType;

use crate::server::{Ledger, Server, until_event};

#[signal]
struct Never;

/// Waits in the way that `how` says.
#[workflow]
async fn wait(how: String) -> Result<String> {
    match how.as_str() {
        "sleep" => sleep(days(1)).await,
        "receive" => {
            let Never {} = receive::<Never>().await;
        }
        "timeout" => drop(timeout(days(1), receive::<Never>()).await),
        _ => {
            select! {
                () = sleep(days(1)) => {}
                () = persevere::cancelled() => return Ok("tidied up".into()),
            }
        }
    }
    Ok("not cancelled".into())
}

#[activity(heartbeat = "10s", start_to_close = "1m")]
async fn work(#[dep] ledger: &Ledger) -> Result<()> {
    ledger.write("working");
    let mut beats = tokio::time::interval(millis(50));
    loop {
        tokio::select! {
            _ = activity::cancelled() => bail!("stopped"),
            _ = beats.tick() => activity::heartbeat(&())?,
        }
    }
}

#[activity]
async fn tidy(#[dep] ledger: &Ledger) -> Result<()> {
    ledger.write("tidied");
    Ok(())
}

#[workflow]
async fn work_and_tidy() -> Result<()> {
    let result = work().await;
    assert!(matches!(result, Err(CallError::Cancelled)), "{result:?}");
    assert!(matches!(tidy().await, Err(CallError::Cancelled)), "unshielded");
    shielded(tidy()).await?;
    Ok(result?)
}

async fn server(ledger: &Ledger) -> Server {
    Server::with(|worker| {
        worker
            .provide(ledger.clone())
            .workflow::<wait>()
            .workflow::<work_and_tidy>()
            .activity::<work>()
            .activity::<tidy>()
    })
    .await
}

#[tokio::test]
async fn a_cancelled_workflow_does_not_come_back_from_a_wait() {
    let server = server(&Ledger::default()).await;
    for how in ["sleep", "receive", "timeout"] {
        let run = wait(how.into()).start(&server).await.expect("started");
        until_event(&server, &run, EventType::WorkflowTaskCompleted).await;
        run.cancel().await.expect("asked");
        let result = run.result().await;
        assert!(matches!(result, Err(CallError::Cancelled)), "{how}: {result:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_workflow_may_watch_for_cancellation_and_end_as_it_likes() {
    let server = server(&Ledger::default()).await;
    let run = wait("watch".into()).start(&server).await.expect("started");
    until_event(&server, &run, EventType::WorkflowTaskCompleted).await;
    run.cancel().await.expect("asked");
    assert_eq!(run.result().await.expect("it ends well"), "tidied up");
    server.stop().await;
}

#[tokio::test]
async fn calls_are_cancelled_and_shielded_ones_are_not() {
    let ledger = Ledger::default();
    let server = server(&ledger).await;
    let run = work_and_tidy().start(&server).await.expect("started");
    ledger.until("working").await;
    run.cancel().await.expect("asked");
    assert!(matches!(run.result().await, Err(CallError::Cancelled)));
    server.stop().await;
    assert_eq!(ledger.lines(), ["working", "tidied"]);
}

#[tokio::test]
async fn a_terminated_workflow_has_no_say() {
    let server = server(&Ledger::default()).await;
    let run = wait("sleep".into()).start(&server).await.expect("started");
    run.terminate("enough").await.expect("done");
    let error = run.result().await.expect_err("terminated");
    assert_eq!(error.to_string(), "the workflow was terminated: enough");
    server.stop().await;
}
