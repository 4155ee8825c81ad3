//! One thread of workflow code: the runs it has in memory and the tasks it runs for them.
//!
//! Runs are spread over lanes by run id and never leave theirs, so their futures need not be `Send`.
//! A lane does one thing at a time and never awaits: it is no part of any async runtime, so that
//! whatever looks for one from inside a workflow finds none.
//!
//! The cache forgets the run that was longest without a task. It never holds a run whose state is in
//! doubt: one that failed, that closed, or whose completion the server did not take is removed. A run
//! whose history is still coming in, page by page, is not part of the cache and cannot be pushed out.
//! A lane that proves replay (for tests) forgets runs on purpose: see [`Live::must_prove_itself`].

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, mpsc},
};

use persevere_proto::api::{
    command::v1::Command, common::v1::Payload, failure::v1::Failure, history::v1::HistoryEvent,
    query::v1::WorkflowQuery,
};
use tokio::sync::oneshot;

use super::lanes::Activity;
use crate::runtime::{
    execution::{Execution, FeedError, LiveTask},
    spec::WorkflowRegistration,
    task_failure::{RunName, TaskFailure},
};

/// What a lane is asked to do.
#[derive(Debug)]
pub(super) enum Request {
    Work(Work, oneshot::Sender<Reply>),
    /// Forget a run.
    Evict(String),
}

/// A part of a workflow task: some history, and what to do once all of it is there.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) run: Arc<RunName>,
    /// The events begin at the first; forget what is in memory.
    pub(super) restart: bool,
    pub(super) events: Vec<HistoryEvent>,
    /// Absent while more history is to come.
    pub(super) finish: Option<Finish>,
}

/// What to do after the last event.
#[derive(Debug, Default)]
pub(super) struct Finish {
    /// The workflow task to run; absent if there is only a query.
    pub(super) live: Option<LiveTask>,
    /// Queries that came with a workflow task, by id.
    pub(super) queries: HashMap<String, WorkflowQuery>,
    /// The query that is the task.
    pub(super) query: Option<WorkflowQuery>,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Reply {
    /// Ready for more history.
    Fed,
    /// What is in memory does not precede these events: send the history from its beginning.
    Stale,
    /// The lane was given up because of another run: send the history from its beginning.
    Lost,
    /// The task fails.
    Failed(TaskFailure),
    Done(Done),
}

/// The answer to a query.
pub(super) type Answer = Result<Option<Payload>, Failure>;

/// A workflow task done.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) commands: Vec<Command>,
    /// To queries that came with a workflow task, by id.
    pub(super) answers: HashMap<String, Answer>,
    /// To the query that was the task.
    pub(super) answer: Option<Answer>,
    /// The run stays in memory, so that its next task needs only what is new.
    pub(super) kept: bool,
}

/// What all lanes of a worker share.
#[derive(Debug)]
pub(super) struct LaneConfig {
    pub(super) namespace: String,
    pub(super) task_queue: String,
    pub(super) workflows: HashMap<String, WorkflowRegistration>,
    /// Runs to keep in each lane.
    pub(super) capacity: usize,
    /// Replay runs from their first event more often than memory demands.
    pub(super) prove_replay: bool,
}

pub(super) struct Lane {
    config: Arc<LaneConfig>,
    activity: Arc<Activity>,
    /// Runs whose history is still coming in; as many as there are tasks being worked on, at most.
    incoming: HashMap<String, Live>,
    runs: HashMap<String, Cached>,
    /// Run ids by when they were last used.
    by_use: BTreeMap<u64, String>,
    uses: u64,
}

struct Cached {
    live: Live,
    last_use: u64,
}

/// A run in memory.
struct Live {
    execution: Execution,
    /// The newest event when all there was had just been replayed from the first one; 0 before.
    replayed_to: i64,
}

/// The longest history that a lane which proves replay reads again for every task.
const SHORT_HISTORY: i64 = 200;

impl Live {
    /// Whether a lane that proves replay forgets the run now, so that its next task replays it from
    /// the first event: after every task of a short history; of a long one only when it has grown
    /// by a quarter, so that the work stays in proportion to its length.
    fn must_prove_itself(&self) -> bool {
        let length = self.execution.last_event_id();
        length <= SHORT_HISTORY || length >= self.replayed_to + self.replayed_to / 4
    }
}

impl Lane {
    pub(super) fn new(config: Arc<LaneConfig>, activity: Arc<Activity>) -> Self {
        let (incoming, runs, by_use) = (HashMap::new(), HashMap::new(), BTreeMap::new());
        Self { config, activity, incoming, runs, by_use, uses: 0 }
    }

    /// Works until nobody can ask for anything any more, or until this lane has been given up
    /// because it was stuck.
    pub(super) fn run(mut self, requests: &mpsc::Receiver<Request>) {
        while let Ok(request) = requests.recv() {
            match request {
                Request::Work(work, reply) => {
                    self.activity.begin(&work.run);
                    let answer = self.work(work);
                    self.activity.end();
                    // Whoever asked may have stopped waiting.
                    drop(reply.send(answer));
                }
                Request::Evict(run_id) => drop(self.remove(&run_id)),
            }
            if self.activity.is_abandoned() {
                return;
            }
        }
    }

    fn work(&mut self, work: Work) -> Reply {
        let Work { run, restart, events, finish } = work;
        let first = events.first().map(|event| event.event_id);
        let known = self.remove(&run.run_id).filter(|_| !restart);
        let mut live = match known {
            Some(live) => live,
            None if first != Some(1) => return Reply::Stale,
            None => match self.config.workflows.get(&run.workflow_type) {
                Some(registration) => Live {
                    execution: Execution::new(
                        RunName::clone(&run),
                        &self.config.namespace,
                        &self.config.task_queue,
                        registration.clone(),
                    ),
                    replayed_to: 0,
                },
                None => return Reply::Failed(self.unknown_type(&run)),
            },
        };
        match live.execution.feed(events) {
            Err(FeedError::Stale) => return Reply::Stale,
            Err(FeedError::Task(failure)) => return Reply::Failed(failure),
            Ok(()) => {}
        }
        let Some(finish) = finish else {
            self.incoming.insert(run.run_id.clone(), live);
            return Reply::Fed;
        };
        match finish_task(&mut live.execution, finish) {
            Ok(mut done) => {
                if live.replayed_to == 0 {
                    live.replayed_to = live.execution.last_event_id();
                }
                done.kept = self.keeps(&live);
                if done.kept {
                    self.keep(&run.run_id, live);
                }
                Reply::Done(done)
            }
            Err(failure) => Reply::Failed(failure),
        }
    }

    fn keeps(&self, live: &Live) -> bool {
        self.config.capacity > 0
            && !live.execution.is_closed()
            && !(self.config.prove_replay && live.must_prove_itself())
    }

    fn keep(&mut self, run_id: &str, live: Live) {
        self.uses += 1;
        let last_use = self.uses;
        self.by_use.insert(last_use, run_id.to_owned());
        self.runs.insert(run_id.to_owned(), Cached { live, last_use });
        if self.runs.len() > self.config.capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            drop(self.runs.remove(&oldest));
        }
    }

    fn remove(&mut self, run_id: &str) -> Option<Live> {
        if let Some(live) = self.incoming.remove(run_id) {
            return Some(live);
        }
        let cached = self.runs.remove(run_id)?;
        self.by_use.remove(&cached.last_use);
        Some(cached.live)
    }

    fn unknown_type(&self, run: &RunName) -> TaskFailure {
        let mut known: Vec<_> = self.config.workflows.keys().map(String::as_str).collect();
        known.sort_unstable();
        TaskFailure::UnknownType { run: run.clone(), known: known.join(", ") }
    }
}

/// Runs the task and answers its queries, all of its history having been fed.
fn finish_task(execution: &mut Execution, finish: Finish) -> Result<Done, TaskFailure> {
    let mut done = Done::default();
    if let Some(live) = finish.live {
        done.commands = execution.run_live(live)?;
    }
    for (id, query) in finish.queries {
        done.answers.insert(id, answer(execution, query));
    }
    done.answer = finish.query.map(|query| answer(execution, query));
    Ok(done)
}

fn answer(execution: &mut Execution, query: WorkflowQuery) -> Answer {
    let input = query.query_args.map(|args| args.payloads).unwrap_or_default();
    execution.query(&query.query_type, input)
}
