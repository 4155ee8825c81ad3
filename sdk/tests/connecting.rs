//! Connecting, TLS and API keys, by real handshakes: who is let in, who is refused, and what the
//! refused one is told to do.
//!
//! What stands in front of a coordinator lets workflows through: a TLS server, or a door that hangs
//! up on some.

#![allow(clippy::unwrap_used, reason = "in a test, unwrapping is an assertion")]

#[path = "connecting/authority.rs"]
mod authority;
#[path = "connecting/door.rs"]
mod door;
#[path = "connecting/environment.rs"]
mod environment;
#[path = "connecting/gate.rs"]
mod gate;

use std::time::{Duration, Instant};

use authority::{Authority, Pair};
use door::Door;
use gate::Gate;
use persevere::client::{Client, ConnectError, ConnectOptions, TlsOptions};
use persevere::{Worker, prelude::*};
use persevere_coordinator::{Config, Coordinator};
use tokio::sync::oneshot;

#[activity]
async fn greet(name: String) -> Result<String> {
    Ok(format!("Hello, {name}!"))
}

#[workflow]
async fn hello(name: String) -> Result<String> {
    Ok(greet(name).await?)
}

/// Runs a workflow to its end, worker and all.
async fn run_a_workflow(client: &Client) {
    let worker = Worker::new(client.clone(), "tls").workflow::<hello>().activity::<greet>();
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(worker.run_until(stopped));
    let greeting = hello("Ada".into()).queue("tls").run(client).await.unwrap();
    assert_eq!(greeting, "Hello, Ada!");
    drop(stop);
    worker.await.unwrap().unwrap();
}

/// Options of a client that trusts this authority.
fn trusting(authority: &Authority, address: String) -> ConnectOptions {
    let tls = TlsOptions { server_ca: Some(authority.cert()), ..Default::default() };
    ConnectOptions { tls: Some(tls), ..ConnectOptions::new(address) }
}

fn with_certificate(mut options: ConnectOptions, Pair { cert, key }: Pair) -> ConnectOptions {
    let tls = options.tls.get_or_insert_default();
    (tls.client_cert, tls.client_key) = (Some(cert), Some(key));
    options
}

/// What a client is told that is not let in, and soon: nothing that could be repeated went wrong.
async fn refusal(options: ConnectOptions) -> String {
    let address = options.address.clone();
    let began = Instant::now();
    let refused = Client::connect(options).await;
    let ConnectError::Handshake { message, .. } = refused.unwrap_err() else {
        panic!("the client of {address} is told something else")
    };
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}: {message}", began.elapsed());
    message
}

#[track_caller]
fn says(message: &str, what: &[&str]) {
    for part in what {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

#[tokio::test]
async fn a_server_that_dies_while_it_is_greeted_is_asked_again() {
    let listen = Some(([127, 0, 0, 1], 0).into());
    let coordinator = Coordinator::open(Config { listen, ..Default::default() }).await.unwrap();
    let server = coordinator.address().unwrap();
    let door = Door::new().await;
    let options = ConnectOptions::new(door.address());
    tokio::spawn(async move { door.hang_up_on(2).await.lead_to(server).await });
    run_a_workflow(&Client::connect(options).await.unwrap()).await;
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_server_that_died_while_it_was_greeted_and_stays_away_is_unreachable() {
    let door = Door::new().await;
    let options = ConnectOptions::new(door.address());
    tokio::spawn(async move { drop(door.hang_up_on(1).await) });
    let error = Client::connect(options).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_workflow_runs_through_tls() {
    let authority = Authority::new("ours");
    let gate = Gate::open(&authority.server("localhost")).await;
    let client = Client::connect(trusting(&authority, gate.at_localhost())).await.unwrap();
    run_a_workflow(&client).await;
    gate.close().await;
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_refused_with_where_to_name_it() {
    let authority = Authority::new("ours");
    let gate = Gate::open(&authority.server("localhost")).await;
    let other = refusal(trusting(&Authority::new("another"), gate.at_localhost())).await;
    says(&other, &["another authority than the one given", "server_ca"]);
    let none = refusal(ConnectOptions::new(format!("https://{}", gate.at_localhost()))).await;
    says(
        &none,
        &["this machine does not know", "TEMPORAL_TLS_SERVER_CA_CERT_PATH", "server_ca_cert_path"],
    );
    gate.close().await;
}

#[tokio::test]
async fn a_server_of_another_name_is_refused_unless_the_name_is_given() {
    let authority = Authority::new("ours");
    let gate = Gate::open(&authority.server("coordinator.internal")).await;
    let mut options = trusting(&authority, gate.address());
    let message = refusal(options.clone()).await;
    says(&message, &["127.0.0.1", "coordinator.internal", "TEMPORAL_TLS_SERVER_NAME"]);
    options.tls.as_mut().unwrap().server_name = Some("coordinator.internal".into());
    run_a_workflow(&Client::connect(options).await.unwrap()).await;
    gate.close().await;
}

#[tokio::test]
async fn a_server_that_demands_a_certificate_lets_in_those_who_have_one() {
    let authority = Authority::new("ours");
    let server = authority.server("localhost");
    let gate = Gate::for_members(&server, &authority.cert()).await;
    let options = trusting(&authority, gate.at_localhost());
    let without = refusal(options.clone()).await;
    says(&without, &["demands a client certificate", "TEMPORAL_TLS_CLIENT_KEY_PATH"]);
    let stranger = Authority::new("another").client();
    let strange = refusal(with_certificate(options.clone(), stranger)).await;
    says(&strange, &["does not accept the client certificate", "client_cert_path"]);
    let member = with_certificate(options, authority.client());
    run_a_workflow(&Client::connect(member).await.unwrap()).await;
    gate.close().await;
}

#[tokio::test]
async fn plain_and_encrypted_do_not_mix_and_the_message_says_which_is_which() {
    let authority = Authority::new("ours");
    let gate = Gate::open(&authority.server("localhost")).await;
    let message = refusal(ConnectOptions::new(gate.at_localhost())).await;
    says(&message, &["does not answer in plain HTTP/2", "https://", "TEMPORAL_TLS=true"]);
    gate.close().await;

    let listen = Some(([127, 0, 0, 1], 0).into());
    let plain = Coordinator::open(Config { listen, ..Default::default() }).await.unwrap();
    let address = plain.address().unwrap().to_string();
    let message = refusal(trusting(&authority, address.clone())).await;
    says(&message, &["does not answer in TLS", "http://", "TEMPORAL_TLS=false"]);
    // A key alone turns TLS on, since it must not travel in the clear …
    let api_key = Some("s3cret".to_owned());
    let with_key = ConnectOptions { api_key: api_key.clone(), ..ConnectOptions::new(&address) };
    says(&refusal(with_key).await, &["does not answer in TLS"]);
    // … unless the address says otherwise.
    let address = format!("http://{address}");
    Client::connect(ConnectOptions { api_key, ..ConnectOptions::new(address) }).await.unwrap();
    plain.shutdown().await;
}

#[tokio::test]
async fn every_call_carries_the_api_key_and_the_namespace() {
    let authority = Authority::new("ours");
    let gate = Gate::open(&authority.server("localhost")).await;
    let options = ConnectOptions {
        api_key: Some("s3cret".into()),
        headers: vec![("X-Team".into(), "pay".into())],
        ..trusting(&authority, gate.at_localhost())
    };
    run_a_workflow(&Client::connect(options).await.unwrap()).await;
    let seen = gate.seen();
    for (method, headers) in &seen {
        let header = |name| headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("authorization"), Some("Bearer s3cret"), "{method}");
        assert_eq!(header("temporal-namespace"), Some("default"), "{method}");
        assert_eq!(header("x-team"), Some("pay"), "{method}");
    }
    let methods: Vec<_> = seen.iter().map(|(method, _)| method.as_str()).collect();
    for method in [
        "GetSystemInfo",
        "StartWorkflowExecution",
        "PollWorkflowTaskQueue",
        "RespondWorkflowTaskCompleted",
        "RespondActivityTaskCompleted",
        "GetWorkflowExecutionHistory",
        "ShutdownWorker",
    ] {
        assert!(methods.contains(&method), "{method} is not in {methods:?}");
    }
    gate.close().await;
}
