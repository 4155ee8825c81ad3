//! What the API layer works with: every part of the shell, cheap to clone.

use std::sync::Arc;

use persevere_engine::Limits;

use crate::{Clock, Dispatch, Namespaces, Shards, Store};

/// The parts of one coordinator.
#[derive(Clone, Debug)]
pub struct Core {
    /// Executions.
    pub shards: Shards,
    /// Task queues.
    pub dispatch: Dispatch,
    /// Reads that need no execution: lists.
    pub store: Store,
    /// Namespaces.
    pub namespaces: Namespaces,
    /// Now.
    pub clock: Clock,
    /// Limits in force.
    pub limits: Arc<Limits>,
}
