//! What the handler of one workflow command gets to work with, and how it refuses.
//!
//! `workflow_task::complete` walks the commands of a completion in order and calls the handler of
//! each kind; the handlers live with their concerns.

use persevere_proto::api::{
    enums::v1::WorkflowTaskFailedCause, history::v1::history_event::Attributes,
    sdk::v1::UserMetadata,
};

use crate::{
    reply::ActivityTaskHandout,
    transition::{Draft, new_event},
};

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

impl CommandRun<'_, '_> {
    /// Appends the event of a command, with the summary and details that the command came with
    /// (semantics rule 53). Returns its id.
    pub(crate) fn record(&mut self, event: Attributes, metadata: Option<UserMetadata>) -> i64 {
        let mut event = new_event(event, self.draft.context);
        event.user_metadata = metadata;
        self.draft.record_event(event)
    }
}

/// A command that breaks a rule: the workflow task fails (semantics rules 30, 49, 51, 52, 65).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BadCommand {
    /// As recorded in `WorkflowTaskFailed`.
    pub(crate) cause: WorkflowTaskFailedCause,
    /// What is wrong, naming the command and the field; without the cause, which
    /// [`BadCommand::full_message`] puts in front.
    pub(crate) message: String,
    /// Whether the run is terminated as well: its code would only do it again (rule 49).
    pub(crate) terminates: bool,
}

impl BadCommand {
    /// A command that fails the workflow task and no more.
    pub(crate) fn new(cause: WorkflowTaskFailedCause, message: impl Into<String>) -> Self {
        BadCommand { cause, message: message.into(), terminates: false }
    }

    /// As the caller and the history read it: the cause, and what is wrong.
    pub(crate) fn full_message(&self) -> String {
        let cause = self.cause.as_str_name();
        let cause = camel_case(cause.trim_start_matches("WORKFLOW_TASK_FAILED_CAUSE_"));
        if self.message.is_empty() { cause } else { format!("{cause}: {}", self.message) }
    }
}

/// `SCREAMING_SNAKE_CASE` as `CamelCase`: how the reference server prints its enums.
pub(crate) fn camel_case(screaming: &str) -> String {
    let capitalised = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{first}{}", rest.to_ascii_lowercase())
    };
    screaming.split('_').map(capitalised).collect()
}
