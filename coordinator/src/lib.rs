//! The coordinator: stores execution histories in one SQLite file and hands out tasks over
//! Temporal's gRPC API. It never runs user code.
//!
//! The rules of an execution are in `persevere-engine`; here is the shell around them. A request
//! becomes a message to the shard that owns its workflow id ([`Shards`]); the shard decides, and
//! gives the transition to the journal; once that is on disk, replies leave and tasks are offered
//! to workers ([`Dispatch`]).
//!
//! Deliberately not here: rules about executions, and any knowledge of how tasks are carried out.

mod api;
mod clock;
mod config;
mod coordinator;
mod core;
mod dispatch;
mod entrance;
mod journal;
mod namespaces;
mod queries;
mod recovery;
mod retention;
mod shard;
mod shards;
mod store;
pub mod visibility;

pub use api::{new_namespace, routes};
pub use clock::{Clock, Skipping};
pub use config::{Config, Durability, Failpoint, Storage};
pub use coordinator::{Coordinator, StartError};
pub use core::Core;
pub use dispatch::*;
pub use entrance::Entrance;
pub use namespaces::{Namespace, NamespaceError, Namespaces};
pub use persevere_engine::Time;
pub use shards::*;
pub use store::*;
