//! Playing a worker by hand: the answers that a worker sends, and what it reads in a history.

use persevere_proto::api::{
    command::v1::{
        Command, CompleteWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
        StartTimerCommandAttributes, command::Attributes as CommandAttributes,
    },
    common::v1::ActivityType,
    enums::v1::CommandType,
    history::v1::{HistoryEvent, history_event::Attributes},
    workflowservice::v1::{
        PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse,
        RespondActivityTaskCompletedRequest, RespondWorkflowTaskCompletedRequest,
    },
};
use serde_json::Value;
use tonic::Status;

use crate::rpc::{NAMESPACE, Rpc, payloads, seconds, value};

/// What a workflow wants next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Run an activity.
    Schedule {
        /// Its type; also its activity id, as each runs once.
        activity: &'static str,
        /// Its only argument.
        argument: Value,
    },
    /// Wait.
    Timer {
        /// For how long.
        seconds: i64,
    },
    /// Close the workflow.
    Complete {
        /// Its result.
        result: Value,
    },
}

impl Step {
    fn command(self, task: &PollWorkflowTaskQueueResponse) -> Command {
        let (kind, attributes) = match self {
            Self::Schedule { activity, argument } => {
                let attributes = ScheduleActivityTaskCommandAttributes {
                    activity_id: activity.into(),
                    activity_type: Some(ActivityType { name: activity.into() }),
                    task_queue: task.workflow_execution_task_queue.clone(),
                    input: Some(payloads(&argument)),
                    start_to_close_timeout: Some(seconds(10)),
                    ..Default::default()
                };
                (
                    CommandType::ScheduleActivityTask,
                    CommandAttributes::ScheduleActivityTaskCommandAttributes(attributes),
                )
            }
            Self::Timer { seconds: length } => {
                let attributes = StartTimerCommandAttributes {
                    timer_id: "timer".into(),
                    start_to_fire_timeout: Some(seconds(length)),
                };
                (
                    CommandType::StartTimer,
                    CommandAttributes::StartTimerCommandAttributes(attributes),
                )
            }
            Self::Complete { result } => {
                let attributes =
                    CompleteWorkflowExecutionCommandAttributes { result: Some(payloads(&result)) };
                (
                    CommandType::CompleteWorkflowExecution,
                    CommandAttributes::CompleteWorkflowExecutionCommandAttributes(attributes),
                )
            }
        };
        Command { command_type: kind.into(), attributes: Some(attributes), ..Default::default() }
    }
}

impl Rpc {
    /// Answers a workflow task with one command.
    pub async fn complete_workflow_task(
        &mut self,
        task: &PollWorkflowTaskQueueResponse,
        worker: &str,
        step: Step,
    ) -> Result<(), Status> {
        let request = RespondWorkflowTaskCompletedRequest {
            namespace: NAMESPACE.into(),
            task_token: task.task_token.clone(),
            identity: worker.into(),
            commands: vec![step.command(task)],
            ..Default::default()
        };
        self.service.respond_workflow_task_completed(request).await.map(drop)
    }

    /// Reports that an activity has been executed.
    pub async fn complete_activity(
        &mut self,
        task: &PollActivityTaskQueueResponse,
        worker: &str,
        result: &Value,
    ) -> Result<(), Status> {
        let request = RespondActivityTaskCompletedRequest {
            namespace: NAMESPACE.into(),
            task_token: task.task_token.clone(),
            identity: worker.into(),
            result: Some(payloads(result)),
            ..Default::default()
        };
        self.service.respond_activity_task_completed(request).await.map(drop)
    }
}

/// The result of the first completed activity of a type.
#[must_use]
pub fn completed_activity(history: &[HistoryEvent], activity: &str) -> Option<Value> {
    let scheduled = history.iter().find_map(|event| match event.attributes.as_ref()? {
        Attributes::ActivityTaskScheduledEventAttributes(scheduled) => {
            let kind = scheduled.activity_type.as_ref()?;
            (kind.name == activity).then_some(event.event_id)
        }
        _ => None,
    })?;
    history.iter().find_map(|event| match event.attributes.as_ref()? {
        Attributes::ActivityTaskCompletedEventAttributes(completed) => {
            (completed.scheduled_event_id == scheduled).then(|| value(completed.result.as_ref()))
        }
        _ => None,
    })
}

/// The workflow's result, if this event is its completion.
#[must_use]
pub fn result(event: &HistoryEvent) -> Option<Value> {
    match event.attributes.as_ref()? {
        Attributes::WorkflowExecutionCompletedEventAttributes(completed) => {
            Some(value(completed.result.as_ref()))
        }
        _ => None,
    }
}

/// The run that a history is of.
#[must_use]
pub fn run_id(history: &[HistoryEvent]) -> &str {
    match history.first().and_then(|event| event.attributes.as_ref()) {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
            &started.original_execution_run_id
        }
        _ => panic!("a history begins with the start of its run"),
    }
}
