//! The block "saga": what was done is undone, last first, whatever ends the workflow early.

use persevere::prelude::*;

use crate::server::{Ledger, Server};

#[activity(retry(max_attempts = 1))]
async fn book(#[dep] ledger: &Ledger, what: String) -> Result<String> {
    ledger.write(format!("book {what}"));
    if what == "nothing" {
        bail!("there is no {what}");
    }
    Ok(format!("the {what}"))
}

#[activity]
async fn cancel(#[dep] ledger: &Ledger, what: String) -> Result<()> {
    ledger.write(format!("cancel {what}"));
    Ok(())
}

#[activity(retry(max_attempts = 1))]
async fn cancel_in_vain(what: String) -> Result<()> {
    bail!("the {what} cannot be cancelled")
}

/// Books these one after another; waits for a day before the one named "wait".
#[workflow]
async fn book_trip(parts: Vec<String>) -> Result<Vec<String>> {
    let mut saga = Saga::new();
    let mut booked = Vec::new();
    for part in parts {
        if part == "wait" {
            sleep(days(1)).await;
        }
        match part.as_str() {
            "stuck" => saga.undo(cancel_in_vain(part.clone())),
            _ => saga.undo(cancel(part.clone())),
        }
        booked.push(book(part).await?);
    }
    saga.commit();
    Ok(booked)
}

async fn server(ledger: &Ledger) -> Server {
    Server::with(|worker| {
        worker
            .provide(ledger.clone())
            .workflow::<book_trip>()
            .activity::<book>()
            .activity::<cancel>()
            .activity::<cancel_in_vain>()
    })
    .await
}

fn parts(parts: &[&str]) -> Vec<String> {
    parts.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_trip_that_succeeds_is_kept() {
    let ledger = Ledger::default();
    let server = server(&ledger).await;
    let booked = book_trip(parts(&["hotel", "flight"])).run(&server).await.expect("booked");
    assert_eq!(booked, ["the hotel", "the flight"]);
    server.stop().await;
    assert_eq!(ledger.lines(), ["book hotel", "book flight"]);
}

#[tokio::test]
async fn a_step_that_fails_undoes_all_steps_last_first() {
    let ledger = Ledger::default();
    let server = server(&ledger).await;
    let result = book_trip(parts(&["hotel", "flight", "nothing"])).run(&server).await;
    let CallError::Failed(error) = result.expect_err("no such thing") else { panic!("it failed") };
    assert_eq!(error.to_string(), "there is no nothing");
    server.stop().await;
    assert_eq!(
        ledger.lines(),
        [
            "book hotel",
            "book flight",
            "book nothing",
            "cancel nothing",
            "cancel flight",
            "cancel hotel",
        ]
    );
}

#[tokio::test]
async fn a_cancelled_workflow_compensates_before_it_closes() {
    let ledger = Ledger::default();
    let server = server(&ledger).await;
    let run = book_trip(parts(&["hotel", "wait"])).start(&server).await.expect("started");
    until_timer_started(&server, &run).await;
    run.cancel().await.expect("asked");
    assert!(matches!(run.result().await, Err(CallError::Cancelled)));
    server.stop().await;
    assert_eq!(ledger.lines(), ["book hotel", "cancel hotel"]);
}

#[tokio::test]
async fn a_compensation_that_fails_stops_no_other_and_is_told() {
    let ledger = Ledger::default();
    let server = server(&ledger).await;
    let result = book_trip(parts(&["hotel", "stuck", "nothing"])).run(&server).await;
    let error = result.expect_err("no such thing").to_string();
    assert!(error.starts_with("there is no nothing"), "{error}");
    assert!(error.ends_with("a compensation failed: the stuck cannot be cancelled"), "{error}");
    server.stop().await;
    assert_eq!(ledger.lines().last().map(String::as_str), Some("cancel hotel"));
}

/// Goes on as a new run without having committed.
#[workflow]
async fn try_again(attempt: u32) -> Result<u32> {
    if attempt < 2 {
        let mut saga = Saga::new();
        saga.undo(cancel(format!("attempt {attempt}")));
        book(format!("attempt {attempt}")).await?;
        persevere::continue_as_new(try_again(attempt + 1)).await?;
        saga.commit();
    }
    Ok(attempt)
}

#[tokio::test]
async fn a_workflow_that_goes_on_as_a_new_run_compensates_first() {
    let ledger = Ledger::default();
    let server = Server::with(|worker| {
        worker
            .provide(ledger.clone())
            .workflow::<try_again>()
            .activity::<book>()
            .activity::<cancel>()
    })
    .await;
    assert_eq!(try_again(1).run(&server).await.expect("the second run ends well"), 2);
    server.stop().await;
    assert_eq!(ledger.lines(), ["book attempt 1", "cancel attempt 1"]);
}

async fn until_timer_started(server: &Server, run: &persevere::WorkflowHandle<book_trip>) {
    use persevere_proto::api::enums::v1::EventType;
    crate::server::until_event(server, run, EventType::TimerStarted).await;
}
