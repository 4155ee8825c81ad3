//! A worker for one test on a task queue of its own, and short names for what tests say often.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use persevere::{
    client::{Client, ResultError, SignalSpec, StartSpec, WorkflowRef},
    replay::replay_history,
    runtime::{
        spec::{
            ActivityOptions, ActivityRegistration, ActivitySpec, DecodeError, TimerSpec,
            WorkflowExit, WorkflowFuture, WorkflowRegistration,
        },
        surface::{Operation, schedule_activity, start_timer},
    },
    worker::{ActivityContext, UntypedWorker, WorkerOptions},
};
use persevere_coordinator::Coordinator;
use persevere_proto::api::{
    common::v1::{Payload, RetryPolicy},
    enums::v1::QueryRejectCondition,
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    history::v1::History,
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::oneshot, task::JoinHandle};
use uuid::Uuid;

use crate::target::connect;

pub(crate) type Start = fn(Vec<Payload>) -> Result<WorkflowFuture, DecodeError>;

/// A client, a worker and a task queue that nobody else uses.
pub(crate) struct Fixture {
    pub(crate) client: Client,
    pub(crate) queue: String,
    workflows: Vec<WorkflowRegistration>,
    stop: Option<oneshot::Sender<()>>,
    worker: JoinHandle<()>,
    /// Ends with the fixture, if it is ours.
    coordinator: Option<Coordinator>,
}

/// A workflow of type `workflow`, whose code is `start`.
pub(crate) fn workflow(start: Start) -> Vec<WorkflowRegistration> {
    vec![WorkflowRegistration { name: "workflow".into(), start }]
}

impl Fixture {
    /// On the server under test, with a worker of these functions.
    pub(crate) async fn start(
        workflows: Vec<WorkflowRegistration>,
        activities: Vec<ActivityRegistration>,
    ) -> Self {
        Self::with_options(workflows, activities, |_| {}).await
    }

    pub(crate) async fn with_options(
        workflows: Vec<WorkflowRegistration>,
        activities: Vec<ActivityRegistration>,
        adjust: impl FnOnce(&mut WorkerOptions),
    ) -> Self {
        let _ = tracing_subscriber::fmt().with_test_writer().try_init();
        let (client, coordinator) = connect("default").await;
        let queue = format!("untyped-{}", Uuid::new_v4());
        let mut options = WorkerOptions::new(&queue);
        adjust(&mut options);
        let worker = UntypedWorker::new(&client, options, workflows.clone(), activities).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            worker.run_until(stopped).await.unwrap();
        });
        Self { client, queue, workflows, stop: Some(stop), worker, coordinator }
    }

    /// Starts `workflow` with one argument.
    pub(crate) async fn begin(&self, input: impl Serialize) -> WorkflowRef {
        self.begin_kind("workflow", input).await
    }

    pub(crate) async fn begin_kind(&self, kind: &str, input: impl Serialize) -> WorkflowRef {
        let workflow_id = format!("untyped-{}", Uuid::new_v4());
        let spec = StartSpec {
            workflow_id: workflow_id.clone(),
            kind: kind.into(),
            task_queue: self.queue.clone(),
            input: vec![payload(input)],
            ..Default::default()
        };
        let started = self.client.start_workflow(spec).await.unwrap();
        WorkflowRef::run(workflow_id, started.run_id)
    }

    pub(crate) async fn result<T: DeserializeOwned>(
        &self,
        workflow: &WorkflowRef,
    ) -> Result<T, ResultError> {
        self.client.result(workflow).await.map(|payload| value(payload))
    }

    pub(crate) async fn signal(&self, workflow: &WorkflowRef, name: &str, input: impl Serialize) {
        let signal = SignalSpec { name: name.into(), input: vec![payload(input)] };
        self.client.signal(workflow, signal).await.unwrap();
    }

    pub(crate) async fn query<T: DeserializeOwned>(&self, workflow: &WorkflowRef, name: &str) -> T {
        let reject = QueryRejectCondition::None;
        value(self.client.query(workflow, name, Vec::new(), reject).await.unwrap())
    }

    /// The types of a run's events, without the events of workflow tasks.
    pub(crate) async fn events(&self, workflow: &WorkflowRef) -> Vec<String> {
        let history = self.client.fetch_history(workflow).await.unwrap();
        let names = history.events.iter().map(|event| event.event_type().as_str_name());
        let names = names.map(|name| name.trim_start_matches("EVENT_TYPE_").to_owned());
        names.filter(|name| !name.starts_with("WORKFLOW_TASK")).collect()
    }

    /// Waits until a run's history fulfils a condition.
    pub(crate) async fn until(&self, workflow: &WorkflowRef, condition: impl Fn(&History) -> bool) {
        let history = self.client.follow_history(workflow, &condition);
        let history = tokio::time::timeout(Duration::from_secs(20), history).await;
        let history = history.expect("reached in time").unwrap();
        assert!(condition(&history), "the run closed before that");
    }

    /// Replays a run and stops the worker.
    pub(crate) async fn finish(self, workflows: &[&WorkflowRef]) {
        for workflow in workflows {
            self.replay(workflow).await;
        }
        self.stop().await;
    }

    pub(crate) async fn replay(&self, workflow: &WorkflowRef) {
        let history = self.client.fetch_history(workflow).await.unwrap();
        let registered = |name: &str| self.workflows.iter().find(|w| w.name == name);
        let kind = kind_of(&history);
        replay_history(registered(&kind).expect("registered"), history).unwrap();
    }

    /// Stops the worker; the server, if it is ours, lives as long as what is returned.
    pub(crate) async fn stop(mut self) -> Option<Coordinator> {
        drop(self.stop.take());
        self.worker.await.unwrap();
        self.coordinator
    }
}

fn kind_of(history: &History) -> String {
    use persevere_proto::api::history::v1::history_event::Attributes;
    match &history.events[0].attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(a)) => {
            a.workflow_type.clone().unwrap().name
        }
        other => panic!("{other:?} is no start"),
    }
}

pub(crate) fn payload(value: impl Serialize) -> Payload {
    let metadata = HashMap::from([("encoding".to_owned(), b"json/plain".to_vec())]);
    let data = serde_json::to_vec(&value).unwrap();
    Payload { metadata, data, ..Default::default() }
}

pub(crate) fn value<T: DeserializeOwned>(payload: Option<Payload>) -> T {
    serde_json::from_slice(&payload.expect("a value").data).unwrap()
}

/// A workflow's first argument.
pub(crate) fn argument<T: DeserializeOwned>(input: &[Payload]) -> Result<T, DecodeError> {
    let data = input.first().map(|payload| payload.data.as_slice()).unwrap_or_default();
    serde_json::from_slice(data).map_err(|error| DecodeError { message: error.to_string() })
}

/// A workflow's future.
pub(crate) fn code(
    future: impl Future<Output = Result<Payload, WorkflowExit>> + 'static,
) -> Result<WorkflowFuture, DecodeError> {
    Ok(Box::pin(async move { future.await.map(Some) }))
}

pub(crate) fn activity<F>(
    name: &'static str,
    execute: impl Fn(ActivityContext, Vec<Payload>) -> F + Send + Sync + 'static,
) -> ActivityRegistration
where
    F: Future<Output = Result<Payload, Failure>> + Send + 'static,
{
    let execute = Arc::new(execute);
    ActivityRegistration {
        name: name.into(),
        execute: Arc::new(move |context, input| {
            let execute = execute.clone();
            Box::pin(async move { execute(context, input).await.map(Some) })
        }),
    }
}

/// Schedules an activity that may be tried three times, quickly.
#[track_caller]
pub(crate) fn call(kind: &str, input: impl Serialize) -> Operation {
    call_with(kind, input, |_| {})
}

#[track_caller]
pub(crate) fn call_with(
    kind: &str,
    input: impl Serialize,
    adjust: impl FnOnce(&mut ActivityOptions),
) -> Operation {
    let mut options = ActivityOptions {
        start_to_close: Some(Duration::from_secs(20)),
        retry: Some(RetryPolicy {
            initial_interval: Some(persevere_proto::wkt::Duration {
                seconds: 0,
                nanos: 10_000_000,
            }),
            backoff_coefficient: 1.0,
            maximum_attempts: 3,
            ..Default::default()
        }),
        ..Default::default()
    };
    adjust(&mut options);
    schedule_activity(ActivitySpec {
        kind: kind.into(),
        input: vec![payload(input)],
        options,
        location: std::panic::Location::caller(),
    })
}

#[track_caller]
pub(crate) fn timer(duration: Duration) -> Operation {
    start_timer(TimerSpec { duration, summary: None, location: std::panic::Location::caller() })
}

pub(crate) fn application_failure(message: &str) -> Failure {
    let info = ApplicationFailureInfo { r#type: "Test".into(), ..Default::default() };
    Failure {
        message: message.into(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        ..Default::default()
    }
}

/// An activity that says hello.
pub(crate) fn greet() -> ActivityRegistration {
    activity("greet", |_, input| async move {
        let name: String = value(input.into_iter().next());
        Ok(payload(format!("Hello, {name}!")))
    })
}

/// Turns a failed operation into a failed workflow.
pub(crate) fn or_fail<T>(result: Result<T, Failure>) -> Result<T, WorkflowExit> {
    result.map_err(|failure| {
        if persevere::runtime::surface::is_cancelled(&failure) {
            WorkflowExit::Cancelled(Vec::new())
        } else {
            WorkflowExit::Failed(failure)
        }
    })
}
