//! A run and what the outside knows of it: carries plans out, and checks the laws at every step.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use persevere_engine::{
    ActivityStage, ActivityTaskHandout, Command, Context, Durability, Execution, Limits, Notice,
    Query, QueryId, Recorded, Rejection, Reply, StartActivity, StartWorkflowTask, Task, Time,
    Transition, WorkflowTask, WorkflowTaskToken, check_history, decide, decode_overlay,
    encode_batch, encode_overlay, fold_batches,
};
use persevere_proto::api::{enums::v1::QueryRejectCondition, history::v1::HistoryEvent};

use crate::rig::BEGIN;

pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) execution: Execution,
    /// As stored: one batch a transition.
    batches: Vec<Vec<u8>>,
    history: Vec<HistoryEvent>,
    /// Folded event by event, beside the engine.
    mirror: Recorded,
    /// Tasks that matching holds.
    pub(crate) offered: BTreeSet<Task>,
    /// Messages that the shell is delivering.
    delivering: BTreeSet<i64>,
    /// Tokens of workflow tasks, oldest first.
    pub(crate) tokens: Vec<WorkflowTaskToken>,
    /// Activity attempts at workers, oldest first.
    pub(crate) attempts: Vec<ActivityTaskHandout>,
    pub(crate) queries: Vec<QueryId>,
    pub(crate) next_run: Option<Transition>,
    limits: Limits,
    namespaces: BTreeMap<String, String>,
    seed: u128,
}

impl World {
    pub(crate) fn of(begun: Transition, now: Time) -> World {
        let first = begun.events.first().expect("a run begins with an event");
        let mut world = World {
            now,
            mirror: Recorded::begin(first).expect("a first event"),
            execution: begun.next.clone(),
            batches: Vec::new(),
            history: Vec::new(),
            offered: BTreeSet::new(),
            delivering: BTreeSet::new(),
            tokens: Vec::new(),
            attempts: Vec::new(),
            queries: Vec::new(),
            next_run: None,
            limits: limits(),
            namespaces: namespaces(),
            seed: 7,
        };
        for event in &begun.events[1..] {
            world.mirror.fold(event).expect("law 1: events that fold");
        }
        world.store(&begun);
        world.take(begun);
        world
    }

    /// Laws 2 and 7: equal inputs, equal transitions, and no panic.
    pub(crate) fn send(&mut self, command: Command) -> Result<Reply, Rejection> {
        self.seed += 1;
        let decided = self.decide(&command);
        assert_eq!(decided, self.decide(&command), "law 2: equal inputs, equal transitions");
        let transition = decided?;
        if !self.execution.is_running() {
            assert_eq!(transition.events, [], "law 4: nothing after a closing event: {command:?}");
        }
        for event in &transition.events {
            self.mirror.fold(event).expect("law 1: events that fold");
        }
        let stored = self.execution.clone();
        if transition.durability == Durability::Nothing {
            assert_eq!(
                (&stored.recorded, &stored.overlay),
                (&transition.next.recorded, &transition.next.overlay),
                "what need not be stored has not changed: {command:?}"
            );
        }
        let reply = transition.reply.clone();
        self.store(&transition);
        self.take(transition);
        Ok(reply)
    }

    fn decide(&self, command: &Command) -> Result<Transition, Rejection> {
        let context = Context::new(self.now, self.seed, &self.limits, &self.namespaces);
        decide(&self.execution, command.clone(), &context)
    }

    fn store(&mut self, transition: &Transition) {
        for (id, cause) in &transition.requests {
            self.mirror.note_request(id, cause.event_id, cause.event_type);
        }
        if !transition.events.is_empty() || !transition.requests.is_empty() {
            self.batches.push(encode_batch(&transition.events, &transition.requests));
        }
        self.history.extend(transition.events.iter().cloned());
    }

    fn take(&mut self, transition: Transition) {
        let Transition { next, notices, reply, with, .. } = transition;
        self.execution = next;
        for notice in notices {
            match notice {
                Notice::Offer(task) => drop(self.offered.insert(task)),
                Notice::Deliver(number) => drop(self.delivering.insert(number)),
                Notice::QueryAnswered(id, _) | Notice::DispatchQuery(id) => {
                    self.queries.retain(|query| *query != id);
                }
            }
        }
        match reply {
            Reply::WorkflowTask(handout) => self.tokens.push(handout.token),
            Reply::ActivityTask(handout) => self.attempts.push(*handout),
            Reply::WorkflowTaskCompleted(reply) => {
                self.tokens.extend(reply.workflow_task.map(|handout| handout.token));
                self.attempts.extend(reply.activity_tasks);
            }
            _ => {}
        }
        self.next_run = with.into_iter().next().or(self.next_run.take());
        self.check();
    }

    /// What holds after every transition.
    fn check(&mut self) {
        assert_eq!(self.mirror, self.execution.recorded, "law 1: the fold is the live state");
        let overlay = &self.execution.overlay;
        let decoded = decode_overlay(&encode_overlay(overlay)).expect("what was encoded");
        assert_eq!(&decoded, overlay, "law 1: the stored overlay is the live one");
        self.check_tasks();
        self.check_obligations();
        let outbox: BTreeSet<i64> = overlay_numbers(&self.execution);
        assert!(outbox.is_subset(&self.delivering), "law 6: every message is being delivered");
        self.delivering = outbox;
    }

    /// Law 6: what waits was offered, and what was offered but does not wait is refused.
    fn check_tasks(&mut self) {
        let waiting: BTreeSet<Task> = self.execution.tasks().into_iter().collect();
        assert_eq!(waiting.len(), self.execution.tasks().len(), "law 8: no task is there twice");
        assert!(
            waiting.is_subset(&self.offered),
            "law 6: {waiting:?} wait, {:?} were offered",
            self.offered
        );
        let stale: Vec<Task> = self.offered.difference(&waiting).cloned().collect();
        for task in stale {
            let refused = self.decide(&start(&task, "another poll"));
            assert!(
                matches!(refused, Err(Rejection::StaleTask(_))),
                "law 6: {task:?} is stale, and yet: {refused:?}"
            );
            self.offered.remove(&task);
        }
    }

    /// Law 8: everything pending has exactly one thing that will move it on.
    fn check_obligations(&self) {
        let execution = &self.execution;
        let deadline = execution.next_deadline();
        let tasks = execution.tasks();
        if !execution.is_running() {
            assert_eq!((deadline, tasks), (None, Vec::new()), "law 8: a closed run owes nothing");
            return;
        }
        for (id, progress) in &execution.overlay.activities {
            let is_it = |task: &&Task| matches!(task, Task::Activity { scheduled_event_id, .. } if scheduled_event_id == id);
            let waiting = tasks.iter().filter(is_it).count();
            match &progress.stage {
                ActivityStage::Scheduled { .. } => assert_eq!(waiting, 1, "law 8: activity {id}"),
                ActivityStage::BackingOff { until } => {
                    assert_eq!(waiting, 0, "law 8: activity {id}");
                    assert!(deadline.is_some_and(|at| at <= *until), "law 8: activity {id}");
                }
                ActivityStage::Started(_) => {
                    assert_eq!(waiting, 0, "law 8: activity {id}");
                    assert!(deadline.is_some(), "law 8: attempts time out, if they do not end");
                }
            }
        }
        let workflow = tasks.iter().filter(|task| matches!(task, Task::Workflow { .. })).count();
        match &execution.overlay.workflow_task {
            WorkflowTask::None => assert_eq!(workflow, 0, "law 8: workflow task"),
            WorkflowTask::Scheduled(_) => assert_eq!(workflow, 1, "law 8: workflow task"),
            WorkflowTask::Started(_) => {
                assert_eq!(workflow, 0, "law 8: workflow task");
                assert!(deadline.is_some(), "law 8: a started workflow task times out");
            }
        }
    }

    /// Law 3: a poll that is repeated gets the same answer and changes nothing.
    pub(crate) fn take_task(&mut self, task: &Task, poll: &str) {
        let Ok(reply) = self.send(start(task, poll)) else { return };
        let before = self.execution.clone();
        let again = self.decide(&start(task, poll)).expect("law 3: the same poll");
        assert_eq!(again.events, [], "law 3: a repeated poll adds no event");
        assert_eq!(again.reply, reply, "law 3: a repeated poll gets the same answer");
        assert_eq!(again.next.overlay, before.overlay, "law 3: a repeated poll changes nothing");
    }

    pub(crate) fn query(&mut self, id: QueryId) {
        let deadline = self.now.plus(Duration::from_secs(10));
        let reject_condition = QueryRejectCondition::None;
        let query = Query { id, query: Default::default(), reject_condition, deadline };
        if self.send(Command::Query(query)).is_ok() {
            self.queries.push(id);
        }
    }

    /// Time passes, with a tick at each deadline; after it nothing is due.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.now.plus(span);
        while let Some(at) = self.execution.next_deadline().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.tick();
        }
        self.now = end;
    }

    pub(crate) fn tick(&mut self) {
        self.send(Command::Tick).expect("a tick is never refused");
        let next = self.execution.next_deadline();
        assert!(next.is_none_or(|at| at > self.now), "law 8: a tick leaves nothing due");
    }

    /// The run is loaded from what is stored of it; what is fleeting is lost.
    pub(crate) fn restart(&mut self) {
        let recorded = fold_batches(self.batches.iter().map(Vec::as_slice)).expect("law 1");
        let overlay = decode_overlay(&encode_overlay(&self.execution.overlay)).expect("law 1");
        let key = self.execution.key.clone();
        self.execution = Execution::restore(key, recorded, overlay);
        self.queries.clear();
        self.offered = self.execution.tasks().into_iter().collect();
        self.check();
    }

    /// Law 5, and all else that must hold of a history.
    pub(crate) fn finish(&self) {
        let violations = check_history(&self.history).err().unwrap_or_default();
        assert_eq!(violations, [], "law 5: the history can be");
        let folded = fold_batches(self.batches.iter().map(Vec::as_slice)).expect("law 1");
        assert_eq!(folded, self.execution.recorded, "law 1: the stored history folds to the state");
    }
}

fn overlay_numbers(execution: &Execution) -> BTreeSet<i64> {
    execution.overlay.outbox.keys().copied().collect()
}

/// The command by which a poll takes a task.
pub(crate) fn start(task: &Task, poll: &str) -> Command {
    let (request_id, identity) = (poll.to_owned(), "worker".to_owned());
    match task.clone() {
        Task::Workflow { queue, scheduled_event_id, attempt } => {
            Command::StartWorkflowTask(StartWorkflowTask {
                scheduled_event_id,
                attempt,
                queue,
                request_id,
                identity,
                worker_version: None,
            })
        }
        Task::Activity { scheduled_event_id, attempt, .. } => {
            Command::StartActivity(StartActivity {
                scheduled_event_id,
                attempt,
                request_id,
                identity,
                worker_version: None,
            })
        }
    }
}

/// Small enough for random plans to reach.
pub(crate) fn limits() -> Limits {
    Limits { pending: 6, signals: 12, buffered_events: 8, ..Limits::default() }
}

pub(crate) fn namespaces() -> BTreeMap<String, String> {
    [("default".to_owned(), "namespace-id".to_owned())].into()
}

pub(crate) fn begin_time() -> Time {
    BEGIN
}
