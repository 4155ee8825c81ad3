//! One run, driven by hand: every step is a command through the one door, at a time of the test's
//! choosing, and is checked for what holds of every transition.
#![allow(dead_code, unreachable_pub, reason = "each test uses the part it needs")]

pub mod commands;
pub mod render;
pub mod table;

use std::{collections::BTreeMap, time::Duration};

use persevere_engine::{
    ActivityTarget, ActivityTaskHandout, Command, CompleteWorkflowTask, CompletedReply, Context,
    Execution, Limits, Notice, QueueName, Recorded, Rejection, Reply, RequestCancel, RunKey,
    Signal, Start, StartActivity, StartWorkflowTask, StartedReply, Task, Terminate, Time,
    Transition, WorkflowTaskHandout, decide, start,
};
use persevere_proto::api::{
    common::v1::{WorkflowExecution, WorkflowType},
    enums::v1::WorkflowTaskFailedCause,
    history::v1::HistoryEvent,
    taskqueue::v1::{StickyExecutionAttributes, TaskQueue},
    workflowservice::v1::{
        RequestCancelWorkflowExecutionRequest, RespondActivityTaskCompletedRequest,
        RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskFailedRequest,
        SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest,
        TerminateWorkflowExecutionRequest,
    },
};
use persevere_proto::{api::command::v1::Command as WorkflowCommand, wkt};

/// When every test begins.
pub const BEGIN: Time = Time(1_700_000_000_000_000_000);
pub const NAMESPACE: &str = "default";
pub const QUEUE: &str = "queue";
pub const STICKY: &str = "sticky";

/// One run of a workflow and the world around it.
pub struct Rig {
    pub now: Time,
    pub limits: Limits,
    pub execution: Execution,
    pub history: Vec<HistoryEvent>,
    /// What the last step asked of the shell.
    pub notices: Vec<Notice>,
    /// Transitions of other runs that came with steps of this one.
    pub with: Vec<Transition>,
    seed: u128,
    namespaces: BTreeMap<String, String>,
}

/// A start request with nothing in it but names.
pub fn start_request() -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: NAMESPACE.into(),
        workflow_id: "order-1".into(),
        workflow_type: Some(WorkflowType { name: "order".into() }),
        task_queue: Some(TaskQueue { name: QUEUE.into(), ..Default::default() }),
        identity: "client".into(),
        request_id: "start-1".into(),
        ..Default::default()
    }
}

pub fn seconds(n: u64) -> Option<wkt::Duration> {
    Some(wkt::Duration { seconds: i64::try_from(n).expect("small"), nanos: 0 })
}

/// The queue of the worker that has the run in its cache.
pub fn sticky_queue() -> QueueName {
    QueueName { name: STICKY.into(), sticky_of: Some(QUEUE.into()) }
}

impl Rig {
    /// A run that was just started.
    pub fn start() -> Rig {
        Rig::start_with(start_request())
    }

    pub fn start_with(request: StartWorkflowExecutionRequest) -> Rig {
        Rig::begin(Start { request: Box::new(request), signal: None, parent: None }).0
    }

    /// A run started by `first`, and the answer to it.
    pub fn begin(first: Start) -> (Rig, StartedReply) {
        let (limits, namespaces) = (Limits::default(), namespaces());
        let context = Context::new(BEGIN, 1, &limits, &namespaces);
        let transition = start(NAMESPACE, None, first, &context).expect("nothing is in the way");
        let Reply::Started(reply) = transition.reply.clone() else {
            panic!("a start is answered by Started, not by {:?}", transition.reply)
        };
        (Rig::of(transition, BEGIN), reply)
    }

    /// The run that a transition has just begun.
    pub fn of(transition: Transition, now: Time) -> Rig {
        let mut rig = Rig {
            now,
            limits: Limits::default(),
            execution: transition.next.clone(),
            history: Vec::new(),
            notices: Vec::new(),
            with: Vec::new(),
            seed: 1,
            namespaces: namespaces(),
        };
        rig.take(transition);
        rig
    }

    /// Sends one command; a transition is stored, a rejection leaves all as it was.
    pub fn send(&mut self, command: Command) -> Result<Reply, Rejection> {
        self.seed += 1;
        let context = Context::new(self.now, self.seed, &self.limits, &self.namespaces);
        let again = Context::new(self.now, self.seed, &self.limits, &self.namespaces);
        let decided = decide(&self.execution, command.clone(), &context);
        assert_eq!(decided, decide(&self.execution, command, &again), "equal inputs");
        let transition = decided?;
        let reply = transition.reply.clone();
        self.take(transition);
        Ok(reply)
    }

    /// Sends a start of the same workflow id.
    pub fn send_start(&mut self, command: Start) -> Result<(StartedReply, Transition), Rejection> {
        self.seed += 1;
        let context = Context::new(self.now, self.seed, &self.limits, &self.namespaces);
        let transition = start(NAMESPACE, Some(&self.execution), command, &context)?;
        let Reply::Started(reply) = transition.reply.clone() else {
            panic!("a start is answered by Started, not by {:?}", transition.reply)
        };
        if transition.next.key == self.execution.key {
            self.take(transition.clone());
        }
        Ok((reply, transition))
    }

    fn take(&mut self, transition: Transition) {
        self.history.extend(transition.events);
        self.execution = transition.next;
        self.notices = transition.notices;
        self.with.extend(transition.with);
        let mut folded = Recorded::from_history(&self.history).expect("a history that folds");
        folded.request_ids.clone_from(&self.execution.recorded.request_ids);
        assert_eq!(folded, self.execution.recorded, "the fold of the history is the live state");
    }

    /// Lets time pass, and every deadline in it at its moment.
    pub fn pass(&mut self, span: Duration) -> &mut Self {
        let end = self.now.plus(span);
        while let Some(at) = self.execution.next_deadline().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.tick();
        }
        self.now = end;
        self
    }

    /// Lets time pass without a tick, as if the coordinator was down.
    pub fn sleep_through(&mut self, span: Duration) -> &mut Self {
        self.now = self.now.plus(span);
        self.tick();
        self
    }

    pub fn tick(&mut self) {
        self.send(Command::Tick).expect("a tick is never refused");
    }

    /// The tasks that wait for a worker.
    pub fn tasks(&self) -> Vec<Task> {
        self.execution.tasks()
    }

    /// A worker takes the waiting workflow task.
    pub fn poll(&mut self) -> WorkflowTaskHandout {
        let queue = self.offered().0;
        self.try_poll(queue, "poll").expect("a workflow task waits")
    }

    /// A poll of `queue` takes the workflow task that waits somewhere.
    pub fn try_poll(
        &mut self,
        queue: QueueName,
        request_id: &str,
    ) -> Result<WorkflowTaskHandout, Rejection> {
        let (_, scheduled_event_id, attempt) = self.offered();
        let command = StartWorkflowTask {
            scheduled_event_id,
            attempt,
            queue,
            request_id: request_id.into(),
            identity: "worker".into(),
            worker_version: None,
        };
        match self.send(Command::StartWorkflowTask(command))? {
            Reply::WorkflowTask(handout) => Ok(*handout),
            reply => panic!("not a workflow task: {reply:?}"),
        }
    }

    fn offered(&self) -> (QueueName, i64, u32) {
        let offered = self.tasks().into_iter().find_map(|task| match task {
            Task::Workflow { queue, scheduled_event_id, attempt } => {
                Some((queue, scheduled_event_id, attempt))
            }
            Task::Activity { .. } => None,
        });
        offered.expect("a workflow task waits")
    }

    /// Answers a workflow task with commands.
    pub fn complete(
        &mut self,
        task: &WorkflowTaskHandout,
        commands: impl IntoIterator<Item = WorkflowCommand>,
    ) -> Result<CompletedReply, Rejection> {
        self.complete_with(task, answer(commands))
    }

    pub fn complete_with(
        &mut self,
        task: &WorkflowTaskHandout,
        request: RespondWorkflowTaskCompletedRequest,
    ) -> Result<CompletedReply, Rejection> {
        let complete = CompleteWorkflowTask { token: task.token, request: Box::new(request) };
        match self.send(Command::CompleteWorkflowTask(complete))? {
            Reply::WorkflowTaskCompleted(reply) => Ok(*reply),
            Reply::Refused(rejection) => Err(rejection),
            reply => panic!("not the answer to a completion: {reply:?}"),
        }
    }

    /// Takes the waiting workflow task and answers it with commands.
    pub fn step(&mut self, commands: impl IntoIterator<Item = WorkflowCommand>) -> CompletedReply {
        let task = self.poll();
        self.complete(&task, commands).expect("commands that are carried out")
    }

    /// Reports that the worker could not process the workflow task.
    pub fn fail_task(&mut self, task: &WorkflowTaskHandout) -> Result<Reply, Rejection> {
        self.fail_task_for(task, WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure)
    }

    /// [`Self::fail_task`] with a cause.
    pub fn fail_task_for(
        &mut self,
        task: &WorkflowTaskHandout,
        cause: WorkflowTaskFailedCause,
    ) -> Result<Reply, Rejection> {
        let request = RespondWorkflowTaskFailedRequest {
            cause: cause.into(),
            identity: "worker".into(),
            ..Default::default()
        };
        self.send(Command::FailWorkflowTask(task.token, Box::new(request)))
    }

    pub fn signal(&mut self, name: &str) -> Result<Reply, Rejection> {
        self.signal_as(name, "")
    }

    pub fn signal_as(&mut self, name: &str, request_id: &str) -> Result<Reply, Rejection> {
        let request = Box::new(signal_request(name, request_id));
        self.send(Command::Signal(Signal { request, sender: None }))
    }

    pub fn request_cancel(&mut self) -> Result<Reply, Rejection> {
        let request = RequestCancelWorkflowExecutionRequest {
            identity: "client".into(),
            ..Default::default()
        };
        let cancel = RequestCancel { request: Box::new(request), sender: None };
        self.send(Command::RequestCancel(cancel))
    }

    pub fn terminate(&mut self) -> Result<Reply, Rejection> {
        let request = TerminateWorkflowExecutionRequest {
            reason: "enough".into(),
            identity: "client".into(),
            ..Default::default()
        };
        let terminate = Terminate { request: Box::new(request), parent: None };
        self.send(Command::Terminate(terminate))
    }

    /// A worker takes the first waiting activity.
    pub fn poll_activity(&mut self) -> ActivityTaskHandout {
        let offered = self.tasks().into_iter().find_map(|task| match task {
            Task::Activity { scheduled_event_id, attempt, .. } => {
                Some((scheduled_event_id, attempt))
            }
            Task::Workflow { .. } => None,
        });
        let (scheduled_event_id, attempt) = offered.expect("an activity waits");
        let command = StartActivity {
            scheduled_event_id,
            attempt,
            request_id: "poll-activity".into(),
            identity: "worker".into(),
            worker_version: None,
        };
        match self.send(Command::StartActivity(command)).expect("the activity is there") {
            Reply::ActivityTask(handout) => *handout,
            reply => panic!("not an activity: {reply:?}"),
        }
    }

    /// Reports that an activity succeeded.
    pub fn complete_activity(&mut self, task: &ActivityTaskHandout) -> Result<Reply, Rejection> {
        let request =
            RespondActivityTaskCompletedRequest { identity: "worker".into(), ..Default::default() };
        self.send(Command::CompleteActivity(target(task), Box::new(request)))
    }

    /// The history, one line an event.
    pub fn told(&self) -> String {
        render::history(&self.history)
    }
}

/// An answer to a workflow task, for the test to add to.
pub fn answer(
    commands: impl IntoIterator<Item = WorkflowCommand>,
) -> RespondWorkflowTaskCompletedRequest {
    RespondWorkflowTaskCompletedRequest {
        commands: commands.into_iter().collect(),
        identity: "worker".into(),
        ..Default::default()
    }
}

/// The same from a worker that keeps the run in its cache.
pub fn sticky_answer(
    commands: impl IntoIterator<Item = WorkflowCommand>,
) -> RespondWorkflowTaskCompletedRequest {
    let worker_task_queue = Some(TaskQueue { name: STICKY.into(), ..Default::default() });
    RespondWorkflowTaskCompletedRequest {
        sticky_attributes: Some(StickyExecutionAttributes {
            worker_task_queue,
            schedule_to_start_timeout: seconds(5),
        }),
        ..answer(commands)
    }
}

pub fn signal_request(name: &str, request_id: &str) -> SignalWorkflowExecutionRequest {
    SignalWorkflowExecutionRequest {
        signal_name: name.into(),
        request_id: request_id.into(),
        identity: "client".into(),
        ..Default::default()
    }
}

pub fn target(task: &ActivityTaskHandout) -> ActivityTarget {
    ActivityTarget::Token {
        scheduled_event_id: task.scheduled_event_id,
        attempt: task.attempt,
        started_time: task.started_time,
    }
}

pub fn key(run_id: &str) -> RunKey {
    RunKey { namespace: NAMESPACE.into(), workflow_id: "order-1".into(), run_id: run_id.into() }
}

pub fn execution(workflow_id: &str, run_id: &str) -> WorkflowExecution {
    WorkflowExecution { workflow_id: workflow_id.into(), run_id: run_id.into() }
}

fn namespaces() -> BTreeMap<String, String> {
    [(NAMESPACE.to_owned(), "namespace-id".to_owned())].into()
}
