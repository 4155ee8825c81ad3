//! The protocol's limits, as data: tests shrink them, operators may raise them.

use std::time::Duration;

/// Longest id, name or key, in bytes (semantics rule 13).
pub(crate) const ID_BYTES_MAX: usize = 1000;
/// Task queue names of users do not start like this (semantics rule 13).
pub(crate) const RESERVED_QUEUE_PREFIX: &str = "/_sys/";

/// What one execution may use. Defaults are the reference server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one payload collection (semantics rules 49 and 78).
    pub blob_size: usize,
    /// Events after which the server ends a run (semantics rule 48).
    pub history_events: i64,
    /// Bytes of history after which the server ends a run.
    pub history_bytes: i64,
    /// Events after which continue-as-new is suggested (semantics rule 47).
    pub suggest_events: i64,
    /// Bytes after which continue-as-new is suggested.
    pub suggest_bytes: i64,
    /// Pending activities, children, external signals and external cancels, each (rule 52).
    pub pending: usize,
    /// Signals one run accepts (semantics rule 83).
    pub signals: u64,
    /// Buffered events before the workflow task is forced to fail (semantics rule 26).
    pub buffered_events: usize,
    /// Bytes of buffered events before the same.
    pub buffered_bytes: usize,
    /// Queries that may wait for one workflow task (semantics rule 91).
    pub buffered_queries: usize,
    /// Longest workflow task timeout (semantics rule 11).
    pub workflow_task_timeout_max: Duration,
    /// Workflow task timeout if the client names none.
    pub workflow_task_timeout_default: Duration,
    /// How long a workflow task may be kept alive by empty heartbeats (semantics rule 43).
    pub workflow_task_heartbeat: Duration,
    /// How long closed runs are kept: a point to reset to expires with its run.
    pub retention: Duration,
    /// Shortest time between the starts of two runs joined by continue-as-new (rule 17).
    pub continue_as_new_interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            blob_size: 2 << 20,
            history_events: 51_200,
            history_bytes: 50 << 20,
            suggest_events: 4096,
            suggest_bytes: 4 << 20,
            pending: 2000,
            signals: 10_000,
            buffered_events: 100,
            buffered_bytes: 2 << 20,
            buffered_queries: 1,
            workflow_task_timeout_max: Duration::from_secs(120),
            workflow_task_timeout_default: Duration::from_secs(10),
            workflow_task_heartbeat: Duration::from_secs(30 * 60),
            retention: Duration::from_secs(24 * 60 * 60),
            continue_as_new_interval: Duration::from_secs(1),
        }
    }
}
