//! The fields that filters know, and the columns they are stored in.

use persevere_proto::api::enums::v1::IndexedValueType;

/// A field of an execution that can be filtered by.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// As clients write it.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Column of the table `executions`, or an expression over its columns.
    pub column: &'static str,
}

/// What the values of a field are, and so how they are written in a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text compared whole.
    Keyword,
    /// A count.
    Int,
    /// RFC 3339, or nanoseconds since 1970; stored as the latter.
    Datetime,
    /// A Go duration such as `1h30m`, `HH:MM:SS`, or nanoseconds; stored as the latter.
    Duration,
    /// The name or the number of a status; stored as the latter.
    Status,
}

impl Kind {
    /// The protocol's name of the type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Keyword | Kind::Status => "Keyword",
            Kind::Int | Kind::Duration => "Int",
            Kind::Datetime => "Datetime",
        }
    }
}

const fn field(name: &'static str, kind: Kind, column: &'static str) -> Field {
    Field { name, kind, column }
}

/// All fields that can be filtered by.
pub static FIELDS: [Field; 16] = [
    field("WorkflowId", Kind::Keyword, "workflow_id"),
    field("RunId", Kind::Keyword, "run_id"),
    field("WorkflowType", Kind::Keyword, "workflow_type"),
    field("ExecutionStatus", Kind::Status, "status"),
    field("StartTime", Kind::Datetime, "start_time"),
    field("ExecutionTime", Kind::Datetime, "execution_time"),
    field("CloseTime", Kind::Datetime, "close_time"),
    field("TaskQueue", Kind::Keyword, "task_queue"),
    field("HistoryLength", Kind::Int, "history_length"),
    field("HistorySizeBytes", Kind::Int, "history_bytes"),
    field("StateTransitionCount", Kind::Int, "state_transitions"),
    field("ExecutionDuration", Kind::Duration, "(close_time - execution_time)"),
    field("ParentWorkflowId", Kind::Keyword, "parent_workflow_id"),
    field("ParentRunId", Kind::Keyword, "parent_run_id"),
    field("RootWorkflowId", Kind::Keyword, "root_workflow_id"),
    field("RootRunId", Kind::Keyword, "root_run_id"),
];

/// Every attribute that the protocol defines, with its type (semantics rule 136): what
/// `ListSearchAttributes` answers. Those that are not in [`FIELDS`] cannot be filtered by.
pub static SYSTEM_FIELDS: [(&str, IndexedValueType); 33] = {
    use IndexedValueType::{Bool, Datetime, Int, Keyword, KeywordList};
    [
        ("BatcherNamespace", Keyword),
        ("BatcherUser", Keyword),
        ("BinaryChecksums", KeywordList),
        ("BuildIds", KeywordList),
        ("CloseTime", Datetime),
        ("ExecutionDuration", Int),
        ("ExecutionStatus", Keyword),
        ("ExecutionTime", Datetime),
        ("HistoryLength", Int),
        ("HistorySizeBytes", Int),
        ("ParentRunId", Keyword),
        ("ParentWorkflowId", Keyword),
        ("RootRunId", Keyword),
        ("RootWorkflowId", Keyword),
        ("RunId", Keyword),
        ("StartTime", Datetime),
        ("StateTransitionCount", Int),
        ("TaskQueue", Keyword),
        ("TemporalChangeVersion", KeywordList),
        ("TemporalExternalPayloadCount", Int),
        ("TemporalExternalPayloadSizeBytes", Int),
        ("TemporalNamespaceDivision", Keyword),
        ("TemporalPauseInfo", KeywordList),
        ("TemporalReportedProblems", KeywordList),
        ("TemporalScheduledById", Keyword),
        ("TemporalScheduledStartTime", Datetime),
        ("TemporalSchedulePaused", Bool),
        ("TemporalUsedWorkerDeploymentVersions", KeywordList),
        ("TemporalWorkerDeployment", Keyword),
        ("TemporalWorkerDeploymentVersion", Keyword),
        ("TemporalWorkflowVersioningBehavior", Keyword),
        ("WorkflowId", Keyword),
        ("WorkflowType", Keyword),
    ]
};
