//! The same programs on three servers: a coordinator in this process, one over TCP, and any other
//! server of the protocol.
//!
//! `PERSEVERE_TEST_TARGET` says which: `embedded` (the default), `tcp`, or an address such as
//! `127.0.0.1:7233` where `temporal server start-dev` listens.

#[path = "end_to_end/server.rs"]
mod server;
#[path = "target/connect.rs"]
mod target;

#[path = "end_to_end/cancellation.rs"]
mod cancellation;
#[path = "end_to_end/children.rs"]
mod children;
#[path = "end_to_end/concurrency.rs"]
mod concurrency;
#[path = "end_to_end/faults.rs"]
mod faults;
#[path = "end_to_end/messages.rs"]
mod messages;
#[path = "end_to_end/payment.rs"]
mod payment;
#[path = "end_to_end/saga.rs"]
mod saga;
