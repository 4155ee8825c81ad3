//! The blocks "hello" and "approval": signals, time limits, queries.

use std::cell::Cell;
use std::rc::Rc;

use persevere::RequestError;
use persevere::client::ClientError;
use persevere::prelude::*;

use crate::server::{Ledger, Server};

#[activity]
async fn greet(name: String) -> Result<String> {
    Ok(format!("Hello, {name}!"))
}

#[workflow]
async fn hello(name: String) -> Result<String> {
    Ok(greet(name).await?)
}

#[tokio::test]
async fn hello_is_said() {
    let server = Server::with(|worker| worker.workflow::<hello>().activity::<greet>()).await;
    assert_eq!(hello("Ada".into()).run(&server).await.expect("greeted"), "Hello, Ada!");
    server.stop().await;
}

#[signal]
struct Approve {
    by: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Outcome {
    Paid { approved_by: String },
    Expired,
}

#[activity]
async fn notify_manager(#[dep] ledger: Ledger, amount: u64) -> Result<()> {
    ledger.write(format!("please approve {amount}"));
    Ok(())
}

#[workflow]
async fn expense(amount: u64, limit: Duration) -> Result<Outcome> {
    notify_manager(amount).await?;
    match timeout(limit, receive::<Approve>()).await {
        Ok(approval) => Ok(Outcome::Paid { approved_by: approval.by }),
        Err(Elapsed) => Ok(Outcome::Expired),
    }
}

async fn office() -> Server {
    Server::with(|worker| {
        worker.provide(Ledger::default()).workflow::<expense>().activity::<notify_manager>()
    })
    .await
}

#[tokio::test]
async fn an_approval_in_time_pays() {
    let server = office().await;
    let run = expense(7, days(3)).start(&server).await.expect("started");
    run.signal(Approve { by: "Grace".into() }).await.expect("sent");
    let outcome = run.result().await.expect("decided");
    assert_eq!(outcome, Outcome::Paid { approved_by: "Grace".into() });
    server.stop().await;
}

#[tokio::test]
async fn a_signal_that_comes_with_the_start_is_kept_for_the_wait() {
    let server = office().await;
    let approval = Approve { by: "Grace".into() };
    let call = expense(7, days(3));
    let run = call.signal_with_start(&server, approval).await.expect("started");
    assert!(matches!(run.result().await, Ok(Outcome::Paid { .. })));
    server.stop().await;
}

#[tokio::test]
async fn without_approval_it_expires() {
    let server = office().await;
    let outcome = expense(7, millis(50)).run(&server).await.expect("decided");
    assert_eq!(outcome, Outcome::Expired);
    server.stop().await;
}

#[tokio::test]
async fn a_signal_that_cannot_be_decoded_is_dropped_and_harms_nothing() {
    #[signal(name = "Approve")]
    struct Malformed {
        from: u8,
    }
    let server = office().await;
    let run = expense(7, days(3)).start(&server).await.expect("started");
    run.signal(Malformed { from: 1 }).await.expect("sent");
    run.signal(Approve { by: "Grace".into() }).await.expect("sent");
    assert!(matches!(run.result().await, Ok(Outcome::Paid { .. })));
    server.stop().await;
}

#[signal]
struct Add(u64);

#[signal]
struct Done;

#[workflow]
async fn counting() -> Result<u64> {
    let total = Rc::new(Cell::new(0));
    let seen = Rc::clone(&total);
    on_query("total", move |()| seen.get());
    let seen = Rc::clone(&total);
    on_query("more than", move |limit: u64| seen.get() > limit);
    loop {
        select! {
            Add(more) = receive() => total.set(total.get() + more),
            Done = receive() => return Ok(total.get()),
        }
    }
}

#[tokio::test]
async fn queries_see_the_state_while_it_runs_and_afterwards() {
    let server = Server::with(|worker| worker.workflow::<counting>()).await;
    let run = counting().start(&server).await.expect("started");
    run.signal(Add(3)).await.expect("sent");
    run.signal(Add(4)).await.expect("sent");
    assert_eq!(run.query::<u64>("total", ()).await.expect("answered"), 7);
    assert!(run.query::<bool>("more than", 6).await.expect("answered"));
    run.signal(Done).await.expect("sent");
    assert_eq!(run.result().await.expect("counted"), 7);
    assert_eq!(run.query::<u64>("total", ()).await.expect("answered"), 7);
    let unknown = run.query::<u64>("average", ()).await;
    assert!(matches!(unknown, Err(RequestError::Client(ClientError::QueryFailed { .. }))));
    server.stop().await;
}
