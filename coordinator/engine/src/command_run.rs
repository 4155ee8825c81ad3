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
    /// What is wrong, after the name of the cause: `BadStartTimerAttributes: TimerId is not set …`.
    pub(crate) message: String,
    /// Whether the run is terminated as well: its code would only do it again (rule 49).
    pub(crate) terminates: bool,
}

impl BadCommand {
    /// A command that fails the workflow task and no more. `problem` names the command and the
    /// field.
    pub(crate) fn new(cause: WorkflowTaskFailedCause, problem: impl AsRef<str>) -> Self {
        let message = format!("{}: {}", cause_name(cause), problem.as_ref());
        BadCommand { cause, message, terminates: false }
    }

    /// A command that ends the run.
    pub(crate) fn fatal(cause: WorkflowTaskFailedCause, problem: impl AsRef<str>) -> Self {
        BadCommand { terminates: true, ..BadCommand::new(cause, problem) }
    }
}

/// The name of a cause as messages write it: `BadScheduleActivityAttributes`.
pub(crate) fn cause_name(cause: WorkflowTaskFailedCause) -> String {
    let name = cause.as_str_name();
    let words = name.strip_prefix("WORKFLOW_TASK_FAILED_CAUSE_").unwrap_or(name).split('_');
    words.map(|word| word[..1].to_owned() + &word[1..].to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_command_says_its_cause_first() {
        let bad = BadCommand::new(WorkflowTaskFailedCause::StartTimerDuplicateId, "t is open");
        assert_eq!(bad.message, "StartTimerDuplicateId: t is open");
    }
}
