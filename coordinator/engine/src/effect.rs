//! What a transition asks of the shell, beyond storing its records and its overlay.
//!
//! Durable obligations (deadlines, tasks, messages to other executions) are not listed here: they
//! are *derived* from the stored state by [`crate::obligations`], so a crash cannot lose them.
//! What is here only saves the shell from deriving them again after each transition.

use persevere_proto::api::common::v1::Payloads;
use persevere_proto::api::failure::v1::Failure;

use crate::{command::QueryId, key::Task};

/// Something the shell does after the commit. Losing it does no harm: it can be derived again.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// Offer this task to workers. An offer that has become stale is refused when it is started.
    Offer(Task),
    /// Deliver the message of this number from the outbox.
    Deliver(i64),
    /// A query has its answer.
    QueryAnswered(QueryId, QueryAnswer),
    /// A buffered query may be dispatched directly: no workflow task will carry it (rule 92).
    DispatchQuery(QueryId),
}

/// What the workflow's code answered to a query.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryAnswer {
    /// A value.
    Answered(Option<Payloads>),
    /// An error.
    Failed {
        /// For people.
        message: String,
        /// The error, whole.
        failure: Option<Box<Failure>>,
    },
    /// The run cannot answer any more, or not yet.
    NotReady(String),
}
