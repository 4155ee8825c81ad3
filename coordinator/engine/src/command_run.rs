//! What the handler of one workflow command gets to work with, and how it refuses.
//!
//! `workflow_task::complete` walks the commands of a completion in order and calls the handler of
//! each kind; the handlers live with their concerns.

use persevere_proto::api::enums::v1::WorkflowTaskFailedCause;

use crate::{reply::ActivityTaskHandout, transition::Draft};

/// One completion's commands being carried out.
#[derive(Debug)]
pub(crate) struct CommandRun<'r, 'a> {
    /// Where events and messages go.
    pub(crate) draft: &'r mut Draft<'a>,
    /// The `WorkflowTaskCompleted` event that the commands belong to.
    pub(crate) completed_event_id: i64,
    /// The worker that sent them.
    pub(crate) identity: &'r str,
    /// Activities handed to that worker with the reply (semantics rule 79). Started only after
    /// all commands are carried out, unless a later command cancelled them or closed the run.
    pub(crate) eager: &'r mut Vec<ActivityTaskHandout>,
    /// Set by a handler whose outcome the workflow must see at once: an unstarted activity was
    /// cancelled (semantics rule 45).
    pub(crate) wants_workflow_task: &'r mut bool,
}

/// A command that breaks a rule: the workflow task fails (semantics rules 30, 49, 51, 52, 65).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BadCommand {
    /// As recorded in `WorkflowTaskFailed`.
    pub(crate) cause: WorkflowTaskFailedCause,
    /// What is wrong, naming the command and the field.
    pub(crate) message: String,
    /// Whether the run is terminated as well: its code would only do it again (rule 49).
    pub(crate) terminates: bool,
}

impl BadCommand {
    /// A command that fails the workflow task and no more.
    pub(crate) fn new(cause: WorkflowTaskFailedCause, message: impl Into<String>) -> Self {
        BadCommand { cause, message: message.into(), terminates: false }
    }
}
