//! State that a crash may take: nobody was promised that it lasts.

use std::collections::BTreeMap;

use persevere_proto::api::query::v1::WorkflowQuery;

use crate::{command::QueryId, time::Time};

/// What a crash may take: it is not stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleeting {
    /// Queries that travel with the next workflow task (semantics rule 91).
    pub queries: BTreeMap<QueryId, BufferedQuery>,
}

/// A query that waits for a workflow task.
#[derive(Clone, Debug, PartialEq)]
pub struct BufferedQuery {
    /// What is asked.
    pub query: WorkflowQuery,
    /// When its caller gives up.
    pub deadline: Time,
    /// Whether the workflow task in progress carries it.
    pub delivered: bool,
}
