//! Payloads of commands that are too large: the workflow's code would only send them again, so the
//! run is terminated, not just the task failed (semantics rule 49).

use persevere_proto::api::{
    command::v1::{Command, command::Attributes},
    common::v1::SearchAttributes,
    enums::v1::WorkflowTaskFailedCause as Cause,
};
use prost::Message;

use super::dispatch::cause_of;
use crate::{command_run::BadCommand, search_attributes::check_search_attribute_sizes};

/// Refuses a command with a payload above `limit` bytes, or a search attribute above its own.
/// Which parts of a command count, and what they are called, is as in the reference server.
pub(super) fn check(command: &Command, limit: usize) -> Result<(), BadCommand> {
    if let Some(attributes) = search_attributes(command) {
        check_search_attribute_sizes(attributes).map_err(|message| BadCommand {
            terminates: true,
            ..BadCommand::new(cause_of(command.command_type()), message)
        })?;
    }
    if command.encoded_len() <= limit {
        return Ok(());
    }
    let parts = parts(command);
    let Some((name, _)) = parts.into_iter().find(|(_, bytes)| *bytes > limit) else {
        return Ok(());
    };
    let cause = match command.attributes {
        // Not a slip of ours: the reference server reports a result under this cause.
        Some(Attributes::CompleteWorkflowExecutionCommandAttributes(_)) => {
            Cause::BadScheduleActivityAttributes
        }
        _ => cause_of(command.command_type()),
    };
    let message = format!("{name} exceeds size limit.");
    Err(BadCommand { terminates: true, ..BadCommand::new(cause, message) })
}

fn search_attributes(command: &Command) -> Option<&SearchAttributes> {
    use Attributes as A;
    match command.attributes.as_ref()? {
        A::UpsertWorkflowSearchAttributesCommandAttributes(c) => c.search_attributes.as_ref(),
        A::StartChildWorkflowExecutionCommandAttributes(c) => c.search_attributes.as_ref(),
        A::ContinueAsNewWorkflowExecutionCommandAttributes(c) => c.search_attributes.as_ref(),
        _ => None,
    }
}

fn parts(command: &Command) -> Vec<(&'static str, usize)> {
    use Attributes as A;
    match &command.attributes {
        Some(A::ScheduleActivityTaskCommandAttributes(c)) => {
            vec![("ScheduleActivityTaskCommandAttributes.Input", size(&c.input))]
        }
        Some(A::CompleteWorkflowExecutionCommandAttributes(c)) => {
            vec![("CompleteWorkflowExecutionCommandAttributes.Result", size(&c.result))]
        }
        Some(A::FailWorkflowExecutionCommandAttributes(c)) => {
            vec![("FailWorkflowExecutionCommandAttributes.Failure", size(&c.failure))]
        }
        Some(A::RecordMarkerCommandAttributes(c)) => {
            let details = c.details.values().map(Message::encoded_len).sum();
            vec![("RecordMarkerCommandAttributes.Details", details)]
        }
        Some(A::SignalExternalWorkflowExecutionCommandAttributes(c)) => {
            vec![("SignalExternalWorkflowExecutionCommandAttributes.Input", size(&c.input))]
        }
        Some(A::StartChildWorkflowExecutionCommandAttributes(c)) => vec![
            ("StartChildWorkflowExecutionCommandAttributes.Memo", size(&c.memo)),
            ("StartChildWorkflowExecutionCommandAttributes. Input", size(&c.input)),
        ],
        Some(A::ContinueAsNewWorkflowExecutionCommandAttributes(c)) => vec![
            ("ContinueAsNewWorkflowExecutionCommandAttributes. Memo", size(&c.memo)),
            ("ContinueAsNewWorkflowExecutionCommandAttributes. Input", size(&c.input)),
        ],
        Some(A::UpsertWorkflowSearchAttributesCommandAttributes(c)) => {
            vec![("UpsertWorkflowSearchAttributesCommandAttributes", size(&c.search_attributes))]
        }
        Some(A::ModifyWorkflowPropertiesCommandAttributes(c)) => {
            vec![("ModifyWorkflowPropertiesCommandAttributes", size(&c.upserted_memo))]
        }
        _ => Vec::new(),
    }
}

fn size(part: &Option<impl Message>) -> usize {
    part.as_ref().map_or(0, Message::encoded_len)
}
