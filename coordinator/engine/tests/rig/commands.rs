//! Workflow commands, as short builders.

use persevere_proto::api::{
    command::v1::{
        CancelTimerCommandAttributes, CancelWorkflowExecutionCommandAttributes, Command,
        CompleteWorkflowExecutionCommandAttributes,
        ContinueAsNewWorkflowExecutionCommandAttributes, FailWorkflowExecutionCommandAttributes,
        RecordMarkerCommandAttributes, ScheduleActivityTaskCommandAttributes,
        StartTimerCommandAttributes, command::Attributes,
    },
    common::v1::{ActivityType, Payload, Payloads},
    enums::v1::CommandType,
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    taskqueue::v1::TaskQueue,
};

use super::{QUEUE, seconds};

pub fn command(kind: CommandType, attributes: Attributes) -> Command {
    Command { command_type: kind as i32, attributes: Some(attributes), ..Default::default() }
}

pub fn activity(id: &str) -> Command {
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: id.into(),
        activity_type: Some(ActivityType { name: "charge".into() }),
        task_queue: Some(TaskQueue { name: QUEUE.into(), ..Default::default() }),
        start_to_close_timeout: seconds(60),
        ..Default::default()
    };
    let attributes = Attributes::ScheduleActivityTaskCommandAttributes(attributes);
    command(CommandType::ScheduleActivityTask, attributes)
}

pub fn timer(id: &str, after: u64) -> Command {
    let attributes =
        StartTimerCommandAttributes { timer_id: id.into(), start_to_fire_timeout: seconds(after) };
    command(CommandType::StartTimer, Attributes::StartTimerCommandAttributes(attributes))
}

pub fn cancel_timer(id: &str) -> Command {
    let attributes = CancelTimerCommandAttributes { timer_id: id.into() };
    command(CommandType::CancelTimer, Attributes::CancelTimerCommandAttributes(attributes))
}

pub fn marker(name: &str) -> Command {
    let attributes =
        RecordMarkerCommandAttributes { marker_name: name.into(), ..Default::default() };
    command(CommandType::RecordMarker, Attributes::RecordMarkerCommandAttributes(attributes))
}

pub fn complete() -> Command {
    complete_with("done")
}

pub fn complete_with(result: &str) -> Command {
    let attributes = CompleteWorkflowExecutionCommandAttributes { result: Some(payloads(result)) };
    let attributes = Attributes::CompleteWorkflowExecutionCommandAttributes(attributes);
    command(CommandType::CompleteWorkflowExecution, attributes)
}

pub fn fail() -> Command {
    let attributes = FailWorkflowExecutionCommandAttributes { failure: Some(failure("boom")) };
    let attributes = Attributes::FailWorkflowExecutionCommandAttributes(attributes);
    command(CommandType::FailWorkflowExecution, attributes)
}

pub fn cancel() -> Command {
    let attributes = CancelWorkflowExecutionCommandAttributes::default();
    let attributes = Attributes::CancelWorkflowExecutionCommandAttributes(attributes);
    command(CommandType::CancelWorkflowExecution, attributes)
}

pub fn continue_as_new() -> Command {
    continue_as_new_with(ContinueAsNewWorkflowExecutionCommandAttributes::default())
}

pub fn continue_as_new_with(
    attributes: ContinueAsNewWorkflowExecutionCommandAttributes,
) -> Command {
    let attributes = Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(attributes);
    command(CommandType::ContinueAsNewWorkflowExecution, attributes)
}

pub fn failure(message: &str) -> Failure {
    let info = ApplicationFailureInfo { r#type: "Boom".into(), ..Default::default() };
    Failure {
        message: message.into(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        ..Default::default()
    }
}

pub fn payloads(text: &str) -> Payloads {
    let payload = Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: format!("{text:?}").into_bytes(),
        ..Default::default()
    };
    Payloads { payloads: vec![payload] }
}
