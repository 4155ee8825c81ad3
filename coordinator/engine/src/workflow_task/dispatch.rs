//! The commands of a completion: which handler carries out which, and what every command must
//! satisfy before its handler sees it.

use persevere_proto::api::{
    command::v1::{Command, command::Attributes},
    enums::v1::{CommandType, WorkflowTaskFailedCause as Cause},
};

use super::payload_size;
use crate::{
    activity, child, close,
    command_run::{BadCommand, CommandRun, camel_case},
    external, properties,
    rejection::Rejection,
    timer,
};

/// Refuses commands of an unknown kind, and commands behind one that closes the run (semantics
/// rules 28 and 51). Nothing is written: the answer is not one of this protocol.
pub(super) fn check_sequence(commands: &[Command]) -> Result<(), Rejection> {
    for (position, command) in commands.iter().enumerate() {
        let kind = CommandType::try_from(command.command_type).unwrap_or_default();
        if kind == CommandType::Unspecified {
            let text = format!("unknown command type: {}", command.command_type);
            return Err(Rejection::InvalidArgument(text));
        }
        if closes(kind) && position + 1 < commands.len() {
            let names = commands.iter().map(|c| name(c.command_type())).collect::<Vec<_>>();
            return Err(Rejection::InvalidArgument(format!(
                "invalid command sequence: [{}], command {} must be the last command.",
                names.join(", "),
                name(kind)
            )));
        }
    }
    Ok(())
}

/// Carries out the commands in their order, up to the first bad one.
pub(super) fn carry_out(
    run: &mut CommandRun<'_, '_>,
    commands: &[Command],
) -> Result<(), BadCommand> {
    for command in commands {
        let limit = run.draft.context.limits.blob_size;
        payload_size::check(command, limit)?;
        run.draft.describe_next_event(command.user_metadata.clone());
        carry_out_one(run, command)?;
        run.draft.describe_next_event(None);
    }
    Ok(())
}

fn carry_out_one(run: &mut CommandRun<'_, '_>, command: &Command) -> Result<(), BadCommand> {
    use Attributes as A;
    use CommandType as T;
    let metadata = command.user_metadata.clone();
    let kind = command.command_type();
    let Some(attributes) = command.attributes.clone() else { return Err(not_set(kind)) };
    match (kind, attributes) {
        (T::ScheduleActivityTask, A::ScheduleActivityTaskCommandAttributes(c)) => {
            activity::schedule(run, c, metadata)
        }
        (T::RequestCancelActivityTask, A::RequestCancelActivityTaskCommandAttributes(c)) => {
            activity::request_cancel(run, &c)
        }
        (T::StartTimer, A::StartTimerCommandAttributes(c)) => timer::start(run, c, metadata),
        (T::CancelTimer, A::CancelTimerCommandAttributes(c)) => timer::cancel(run, c),
        (T::StartChildWorkflowExecution, A::StartChildWorkflowExecutionCommandAttributes(c)) => {
            child::start(run, c, metadata)
        }
        (
            T::SignalExternalWorkflowExecution,
            A::SignalExternalWorkflowExecutionCommandAttributes(c),
        ) => external::signal(run, c, metadata),
        (
            T::RequestCancelExternalWorkflowExecution,
            A::RequestCancelExternalWorkflowExecutionCommandAttributes(c),
        ) => external::request_cancel(run, c, metadata),
        (T::RecordMarker, A::RecordMarkerCommandAttributes(c)) => properties::record_marker(run, c),
        (
            T::UpsertWorkflowSearchAttributes,
            A::UpsertWorkflowSearchAttributesCommandAttributes(c),
        ) => properties::upsert_search_attributes(run, c),
        (T::ModifyWorkflowProperties, A::ModifyWorkflowPropertiesCommandAttributes(c)) => {
            properties::modify(run, c)
        }
        (T::CompleteWorkflowExecution, A::CompleteWorkflowExecutionCommandAttributes(c)) => {
            close::complete(run, c)
        }
        (T::FailWorkflowExecution, A::FailWorkflowExecutionCommandAttributes(c)) => {
            close::fail(run, c)
        }
        (T::CancelWorkflowExecution, A::CancelWorkflowExecutionCommandAttributes(c)) => {
            close::cancel(run, c)
        }
        (
            T::ContinueAsNewWorkflowExecution,
            A::ContinueAsNewWorkflowExecutionCommandAttributes(c),
        ) => close::continue_as_new(run, c),
        (kind, _) => Err(not_set(kind)),
    }
}

/// A command without the attributes of its kind. Kinds whose concern is not built yet end here
/// too: their capability is not advertised, so no worker has a reason to send them.
fn not_set(kind: CommandType) -> BadCommand {
    let kind_name = name(kind);
    let text = format!("{kind_name}CommandAttributes is not set on {kind_name}Command.");
    BadCommand::new(cause_of(kind), text)
}

/// What the workflow task fails of when a command of this kind is bad.
pub(super) fn cause_of(kind: CommandType) -> Cause {
    use CommandType as T;
    match kind {
        T::ScheduleActivityTask => Cause::BadScheduleActivityAttributes,
        T::RequestCancelActivityTask => Cause::BadRequestCancelActivityAttributes,
        T::StartTimer => Cause::BadStartTimerAttributes,
        T::CancelTimer => Cause::BadCancelTimerAttributes,
        T::RecordMarker => Cause::BadRecordMarkerAttributes,
        T::CompleteWorkflowExecution => Cause::BadCompleteWorkflowExecutionAttributes,
        T::FailWorkflowExecution => Cause::BadFailWorkflowExecutionAttributes,
        T::CancelWorkflowExecution => Cause::BadCancelWorkflowExecutionAttributes,
        T::ContinueAsNewWorkflowExecution => Cause::BadContinueAsNewAttributes,
        T::StartChildWorkflowExecution => Cause::BadStartChildExecutionAttributes,
        T::SignalExternalWorkflowExecution => Cause::BadSignalWorkflowExecutionAttributes,
        T::RequestCancelExternalWorkflowExecution => {
            Cause::BadRequestCancelExternalWorkflowExecutionAttributes
        }
        T::UpsertWorkflowSearchAttributes => Cause::BadSearchAttributes,
        T::ModifyWorkflowProperties => Cause::BadModifyWorkflowPropertiesAttributes,
        T::ProtocolMessage => Cause::BadUpdateWorkflowExecutionMessage,
        T::ScheduleNexusOperation => Cause::BadScheduleNexusOperationAttributes,
        T::RequestCancelNexusOperation => Cause::BadRequestCancelNexusOperationAttributes,
        T::Unspecified => Cause::Unspecified,
    }
}

fn closes(kind: CommandType) -> bool {
    use CommandType as T;
    matches!(
        kind,
        T::CompleteWorkflowExecution
            | T::FailWorkflowExecution
            | T::CancelWorkflowExecution
            | T::ContinueAsNewWorkflowExecution
    )
}

/// As the reference server names a kind of command in its messages: `ScheduleActivityTask`.
pub(super) fn name(kind: CommandType) -> String {
    camel_case(kind.as_str_name().trim_start_matches("COMMAND_TYPE_"))
}
