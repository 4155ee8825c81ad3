//! The server that a suite runs against, by `PERSEVERE_TEST_TARGET`: `embedded` (the default), `tcp`,
//! or the address of any server of the protocol.

use std::env;

use persevere::client::{Client, ConnectOptions};
use persevere_coordinator::{Config, Coordinator};

/// A client of the server under test, and the server itself if it is ours.
pub(crate) async fn connect(namespace: &str) -> (Client, Option<Coordinator>) {
    let target = env::var("PERSEVERE_TEST_TARGET").unwrap_or_else(|_| "embedded".into());
    let namespace = namespace.to_owned();
    let options = |address| ConnectOptions { address, namespace, ..Default::default() };
    match target.as_str() {
        "embedded" => {
            let coordinator = Coordinator::open(Config::default()).await.expect("it opens");
            let client = Client::from_channel(coordinator.channel(), &options(String::new()));
            (client.expect("a channel needs no connection"), Some(coordinator))
        }
        "tcp" => {
            let listen = Some(([127, 0, 0, 1], 0).into());
            let config = Config { listen, ..Default::default() };
            let coordinator = Coordinator::open(config).await.expect("a free port is there");
            let address = coordinator.address().expect("it listens").to_string();
            let client = Client::connect(options(address)).await.expect("it answers");
            (client, Some(coordinator))
        }
        address => {
            let client = Client::connect(options(address.to_owned())).await;
            (client.expect("PERSEVERE_TEST_TARGET names a server that answers"), None)
        }
    }
}
