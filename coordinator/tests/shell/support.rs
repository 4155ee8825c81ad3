//! A coordinator and a worker by hand.

use std::{path::Path, time::Duration};

use persevere_coordinator::{
    ActivityTask, Answer, CallError, Config, Coordinator, HistoryPage, HistoryRange, OpenError,
    PollRequest, StartError, Target, WorkflowPoll, WorkflowTask,
};
use persevere_engine::{
    ActivityTarget, Command, CompleteWorkflowTask, Reply, Signal, Start, StartedReply,
};
use persevere_proto::{
    api::{
        command::v1::{
            Command as WorkflowCommand, CompleteWorkflowExecutionCommandAttributes,
            ScheduleActivityTaskCommandAttributes,
            SignalExternalWorkflowExecutionCommandAttributes,
            StartChildWorkflowExecutionCommandAttributes, StartTimerCommandAttributes,
            command::Attributes,
        },
        common::v1::{ActivityType, RetryPolicy, WorkflowExecution, WorkflowType},
        enums::v1::{CommandType, EventType},
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{
            RespondActivityTaskCompletedRequest, RespondWorkflowTaskCompletedRequest,
            SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest,
        },
    },
    wkt,
};
use tokio::time::Instant;

/// The queue of all tests.
pub(crate) const QUEUE: &str = "queue";

/// Longer than anything here should take: a test that waits for it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A coordinator under test.
pub(crate) struct World {
    pub(crate) coordinator: Coordinator,
}

impl World {
    pub(crate) async fn in_memory() -> World {
        World::open(Config::default()).await
    }

    pub(crate) async fn on(file: &Path) -> World {
        World::open(Config::file(file)).await
    }

    /// Opens a coordinator. The one before it on the same file may still be letting go of it.
    pub(crate) async fn open(config: Config) -> World {
        let patience = Instant::now() + PATIENCE;
        loop {
            match Coordinator::open(config.clone()).await {
                Ok(coordinator) => return World { coordinator },
                Err(StartError::Open(OpenError::InUse(_))) if Instant::now() < patience => {
                    tokio::task::yield_now().await;
                }
                Err(error) => panic!("the coordinator cannot be opened: {error}"),
            }
        }
    }

    /// Ends it without a word, as a crash would.
    pub(crate) fn crash(self) {
        drop(self.coordinator);
    }

    pub(crate) async fn start(&self, workflow_id: &str) -> Result<StartedReply, CallError> {
        self.start_with(workflow_id, |_| ()).await
    }

    pub(crate) async fn start_with(
        &self,
        workflow_id: &str,
        change: impl FnOnce(&mut StartWorkflowExecutionRequest),
    ) -> Result<StartedReply, CallError> {
        let mut request = StartWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_id: workflow_id.into(),
            workflow_type: Some(WorkflowType { name: "Kind".into() }),
            task_queue: Some(TaskQueue { name: QUEUE.into(), ..TaskQueue::default() }),
            request_id: format!("start {workflow_id}"),
            ..StartWorkflowExecutionRequest::default()
        };
        change(&mut request);
        let start = Start { request: Box::new(request), signal: None, parent: None };
        match self.coordinator.core().shards.start("default", start).await?.reply {
            Reply::Started(started) => Ok(started),
            other => panic!("a start was answered by {other:?}"),
        }
    }

    pub(crate) async fn command(
        &self,
        target: Target,
        command: Command,
    ) -> Result<Answer, CallError> {
        self.coordinator.core().shards.command(target, command).await
    }

    pub(crate) async fn signal(
        &self,
        workflow_id: &str,
        request_id: &str,
    ) -> Result<Answer, CallError> {
        let request = SignalWorkflowExecutionRequest {
            namespace: "default".into(),
            signal_name: "signal".into(),
            request_id: request_id.into(),
            ..SignalWorkflowExecutionRequest::default()
        };
        let signal = Signal { request: Box::new(request), sender: None };
        self.command(target(workflow_id), Command::Signal(signal)).await
    }

    pub(crate) async fn poll(&self) -> WorkflowTask {
        match self.poll_on(QUEUE, None, PATIENCE).await {
            Some(WorkflowPoll::Task(task)) => *task,
            other => panic!("expected a workflow task, got {other:?}"),
        }
    }

    pub(crate) async fn poll_on(
        &self,
        queue: &str,
        sticky_of: Option<&str>,
        patience: Duration,
    ) -> Option<WorkflowPoll> {
        let request = poll_request(queue, sticky_of);
        let dispatch = &self.coordinator.core().dispatch;
        let polled = dispatch.poll_workflow_task(request, Instant::now() + patience).await;
        polled.expect("the namespace exists")
    }

    pub(crate) async fn poll_activity(&self) -> ActivityTask {
        let dispatch = &self.coordinator.core().dispatch;
        let request = poll_request(QUEUE, None);
        let polled = dispatch.poll_activity_task(request, Instant::now() + PATIENCE).await;
        polled.expect("the namespace exists").expect("a task in time")
    }

    pub(crate) async fn complete(
        &self,
        task: &WorkflowTask,
        commands: Vec<WorkflowCommand>,
    ) -> Result<Answer, CallError> {
        self.complete_with(task, commands, |_| ()).await
    }

    pub(crate) async fn complete_with(
        &self,
        task: &WorkflowTask,
        commands: Vec<WorkflowCommand>,
        change: impl FnOnce(&mut RespondWorkflowTaskCompletedRequest),
    ) -> Result<Answer, CallError> {
        let mut request = RespondWorkflowTaskCompletedRequest {
            commands,
            identity: "worker".into(),
            ..RespondWorkflowTaskCompletedRequest::default()
        };
        change(&mut request);
        let complete =
            CompleteWorkflowTask { token: task.handout.token, request: Box::new(request) };
        self.command(Target::from(&task.run), Command::CompleteWorkflowTask(complete)).await
    }

    pub(crate) async fn complete_activity(&self, task: &ActivityTask) -> Result<Answer, CallError> {
        let target = ActivityTarget::Token {
            scheduled_event_id: task.handout.scheduled_event_id,
            attempt: task.handout.attempt,
            started_time: task.handout.started_time,
        };
        let request = Box::<RespondActivityTaskCompletedRequest>::default();
        self.command(Target::from(&task.run), Command::CompleteActivity(target, request)).await
    }

    pub(crate) async fn history(&self, workflow_id: &str) -> HistoryPage {
        let shards = &self.coordinator.core().shards;
        shards.history(target(workflow_id), whole()).await.expect("the workflow exists")
    }

    pub(crate) async fn events(&self, workflow_id: &str) -> Vec<EventType> {
        self.history(workflow_id).await.events.iter().map(|event| event.event_type()).collect()
    }
}

pub(crate) fn target(workflow_id: &str) -> Target {
    Target::new("default", workflow_id, "")
}

pub(crate) fn whole() -> HistoryRange {
    HistoryRange { from: 1, to: None, max_events: usize::MAX, reverse: false }
}

pub(crate) fn poll_request(queue: &str, sticky_of: Option<&str>) -> PollRequest {
    PollRequest {
        namespace: "default".into(),
        queue: queue.into(),
        sticky_of: sticky_of.map(Into::into),
        identity: "worker".into(),
        ..PollRequest::default()
    }
}

pub(crate) fn activity(id: &str) -> WorkflowCommand {
    let seconds = |seconds| Some(wkt::Duration { seconds, nanos: 0 });
    let schedule = ScheduleActivityTaskCommandAttributes {
        activity_id: id.into(),
        activity_type: Some(ActivityType { name: "Do".into() }),
        task_queue: Some(TaskQueue { name: QUEUE.into(), ..TaskQueue::default() }),
        start_to_close_timeout: seconds(60),
        retry_policy: Some(RetryPolicy { maximum_attempts: 1, ..RetryPolicy::default() }),
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(schedule),
    )
}

pub(crate) fn timer(id: &str, after: Duration) -> WorkflowCommand {
    let start = StartTimerCommandAttributes {
        timer_id: id.into(),
        start_to_fire_timeout: Some(wkt::Duration {
            seconds: after.as_secs().cast_signed(),
            nanos: after.subsec_nanos().cast_signed(),
        }),
    };
    command(CommandType::StartTimer, Attributes::StartTimerCommandAttributes(start))
}

pub(crate) fn child(workflow_id: &str) -> WorkflowCommand {
    let start = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: workflow_id.into(),
        workflow_type: Some(WorkflowType { name: "Kind".into() }),
        task_queue: Some(TaskQueue { name: QUEUE.into(), ..TaskQueue::default() }),
        ..StartChildWorkflowExecutionCommandAttributes::default()
    };
    command(
        CommandType::StartChildWorkflowExecution,
        Attributes::StartChildWorkflowExecutionCommandAttributes(start),
    )
}

pub(crate) fn signal_external(workflow_id: &str) -> WorkflowCommand {
    let signal = SignalExternalWorkflowExecutionCommandAttributes {
        execution: Some(WorkflowExecution {
            workflow_id: workflow_id.into(),
            run_id: String::new(),
        }),
        signal_name: "signal".into(),
        ..SignalExternalWorkflowExecutionCommandAttributes::default()
    };
    command(
        CommandType::SignalExternalWorkflowExecution,
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(signal),
    )
}

pub(crate) fn finish() -> WorkflowCommand {
    command(
        CommandType::CompleteWorkflowExecution,
        Attributes::CompleteWorkflowExecutionCommandAttributes(
            CompleteWorkflowExecutionCommandAttributes::default(),
        ),
    )
}

fn command(kind: CommandType, attributes: Attributes) -> WorkflowCommand {
    WorkflowCommand {
        command_type: kind.into(),
        attributes: Some(attributes),
        ..WorkflowCommand::default()
    }
}
