//! The cast of the end-to-end tests: coordinators and workers as processes that can be killed, a
//! ledger of what really happened, and histories as the coordinator stored them.
//!
//! Everything here talks to the coordinator over its public gRPC API, so the same tests run
//! against any server of this protocol: see [`coordinator::Coordinator`].

pub mod by_hand;
pub mod checker;
pub mod coordinator;
pub mod history;
pub mod ledger;
pub mod payment;
pub mod persistence;
pub mod process;
pub mod rpc;
pub mod worker;
