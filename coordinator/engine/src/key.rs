//! What names an execution, a task queue, a task.

use persevere_proto::api::{common::v1::WorkflowExecution, enums::v1::TaskQueueKind};

/// Names one run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// Namespace name, as clients send it.
    pub namespace: String,
    /// Chosen by the client; shared by all runs of a chain.
    pub workflow_id: String,
    /// A UUID, unique for ever.
    pub run_id: String,
}

impl RunKey {
    /// As the protocol writes it inside a namespace.
    #[must_use]
    pub fn execution(&self) -> WorkflowExecution {
        WorkflowExecution { workflow_id: self.workflow_id.clone(), run_id: self.run_id.clone() }
    }
}

/// A queue that workers poll.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName {
    /// The name that is polled.
    pub name: String,
    /// For a sticky queue, the normal queue of its worker; absent on a normal queue.
    pub sticky_of: Option<String>,
}

impl QueueName {
    /// A queue that any worker may poll.
    #[must_use]
    pub fn normal(name: impl Into<String>) -> Self {
        QueueName { name: name.into(), sticky_of: None }
    }

    /// The protocol's kind of this queue.
    #[must_use]
    pub fn kind(&self) -> TaskQueueKind {
        if self.sticky_of.is_some() { TaskQueueKind::Sticky } else { TaskQueueKind::Normal }
    }
}

/// A task that waits for a worker. Matching hands it out; starting it is a command that the
/// execution may refuse because the task has become stale.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// The workflow's code has something to react to.
    Workflow {
        /// Where it waits.
        queue: QueueName,
        /// The event that scheduled it, or would have (semantics rule 32).
        scheduled_event_id: i64,
        /// Starts at 1.
        attempt: u32,
    },
    /// An attempt of an activity is due.
    Activity {
        /// Where it waits.
        queue: QueueName,
        /// The event that scheduled the activity.
        scheduled_event_id: i64,
        /// Starts at 1.
        attempt: u32,
        /// 1 (first) to 5; 3 is the default (semantics rule 82).
        priority: i32,
    },
}
