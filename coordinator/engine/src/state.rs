//! One workflow execution as a value.
//!
//! It has three parts, told apart by what they owe to a crash:
//!
//! - [`Recorded`]: what the history folds to, and nothing else. It is never stored: loading an
//!   execution folds its history again, so the law "state is a function of history" is exercised
//!   by every load.
//! - [`Overlay`]: what the protocol keeps out of the history but must survive: attempts,
//!   heartbeats, stickiness, buffered events, messages to deliver. Stored as one small blob with
//!   every transition.
//! - [`Fleeting`]: what may be lost: queries that wait for an answer.
//!
//! Deliberately not here: anything derived. Deadlines, tasks and search attributes are computed
//! from these parts by [`crate::obligations`].

mod fleeting;
mod overlay;
mod recorded;

pub use fleeting::{BufferedQuery, Fleeting};
pub use overlay::{
    ActivityProgress, ActivityStage, Attempt, BufferedEvent, Message, Overlay, ScheduledTask,
    StartedTask, Sticky, WorkflowTask,
};
pub use recorded::{
    Activity, Child, Closed, ExternalCancel, ExternalSignal, FoldError, Recorded, RequestId,
    Status, Timer,
};
pub(crate) use recorded::{corrupt, event_time};

use crate::key::RunKey;

/// One run of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// Its name.
    pub key: RunKey,
    /// What its history says.
    pub recorded: Recorded,
    /// What must survive but is in no event.
    pub overlay: Overlay,
    /// What may be lost.
    pub fleeting: Fleeting,
}

impl Execution {
    /// Restores an execution from what is stored of it.
    #[must_use]
    pub fn restore(key: RunKey, recorded: Recorded, overlay: Overlay) -> Self {
        Execution { key, recorded, overlay, fleeting: Fleeting::default() }
    }

    /// Whether the run is open.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.recorded.status, Status::Running)
    }
}
