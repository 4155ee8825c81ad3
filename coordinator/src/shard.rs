//! A shard: the only owner of the executions of some workflow ids.
//!
//! Its loop takes one message at a time, decides, takes the transition into memory, and hands it
//! to the journal together with all that may only happen once it is on disk. Memory may run ahead
//! of the disk; whatever leaves the shard waits behind the last submission that it could show
//! ("the fence"). No lock guards an execution, and nothing here waits: a run that is not in memory
//! is loaded by a task, and requests for its workflow wait in line until it is there.
//!
//! A transition that may be lost in a crash (`Durability::Deferred`) stays in memory, and goes to
//! disk with the next one of its run, or before anyone reads what it wrote.
//!
//! Deliberately not here: rules. The engine decides; the shard stores, sends and wakes.

mod act;
mod deadlines;
mod message;
mod recent;
mod run;
mod shared;
mod warm;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use persevere_engine::{RunKey, Time};
use tokio::sync::mpsc;

pub(crate) use message::{Message, RawAnswer, Request, Respond, What, WorkflowKey};
pub(crate) use shared::Shared;

use crate::{
    CallError,
    store::{Located, StoreError, StoredRun, Writes},
};
use deadlines::Deadlines;
use recent::RECENT_BYTES;
use run::Run;
use warm::{Found, Latest, Warm};

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Shard {
    shared: Arc<Shared>,
    index: usize,
    messages: mpsc::UnboundedReceiver<Message>,
    warm: Warm,
    /// Runs in memory, by number.
    by_id: HashMap<i64, Arc<RunKey>>,
    deadlines: Deadlines,
    /// Submissions so far, and those of them that are on disk.
    submitted: u64,
    committed: Arc<AtomicU64>,
}

/// Messages taken before deadlines are looked at again.
const MESSAGES_AT_ONCE: usize = 64;

impl Shard {
    /// A shard that keeps so many workflows in memory.
    pub(crate) fn new(
        shared: Arc<Shared>,
        index: usize,
        messages: mpsc::UnboundedReceiver<Message>,
        warm: (usize, usize),
    ) -> Self {
        Shard {
            shared,
            index,
            messages,
            warm: Warm::new(warm.0, warm.1),
            by_id: HashMap::new(),
            deadlines: Deadlines::default(),
            submitted: 0,
            committed: Arc::new(AtomicU64::new(0)),
        }
    }

    /// Runs until the coordinator closes, then submits what was deferred.
    pub(crate) async fn run(mut self, stop: tokio_util::sync::CancellationToken) {
        let clock = self.shared.clock.clone();
        let mut batch = Vec::with_capacity(MESSAGES_AT_ONCE);
        loop {
            let deadline = self.deadlines.next();
            let alarm = async {
                match deadline {
                    Some(deadline) => clock.sleep_towards(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                received = self.messages.recv_many(&mut batch, MESSAGES_AT_ONCE) => {
                    if received == 0 {
                        break;
                    }
                    clock.stir();
                    batch.drain(..).for_each(|message| self.receive(message));
                }
                () = alarm => {}
                () = stop.cancelled() => break,
            }
            self.wake_due(clock.now());
            self.evict();
        }
        self.save_all();
    }

    fn receive(&mut self, message: Message) {
        match message {
            Message::Request(key, request) => self.request(&key, request),
            Message::Loaded { key, run_id, loaded } => {
                self.shared.clock.add_busy(-1);
                self.loaded(&key, run_id, loaded);
            }
            Message::Removed(key) => {
                self.warm.entry(&key).latest = Latest::Unknown;
                self.unpark(&key);
            }
            Message::Watch(deadlines) => {
                for (deadline, id) in deadlines {
                    self.deadlines.watch(Time(deadline), id);
                }
            }
            Message::Due(located) => self.located(located),
        }
    }

    /// Does what is asked, or parks it until the run is in memory.
    fn request(&mut self, key: &WorkflowKey, request: Request) {
        let workflow = self.warm.entry(key);
        if let Some(parked) = &mut workflow.parked {
            return parked.push_back(request);
        }
        match workflow.find(request.run_id.as_deref()) {
            Found::Run(run_id) => self.act(key, Some(run_id), request.what),
            Found::Nothing => self.absent(key, request),
            Found::Cold => {
                let run_id = request.run_id.clone();
                workflow.parked = Some(VecDeque::from([request]));
                return self.load(key, run_id);
            }
        }
        self.used(key);
    }

    fn load(&self, key: &WorkflowKey, run_id: Option<String>) {
        let (shared, key, index) = (self.shared.clone(), key.clone(), self.index);
        shared.clock.add_busy(1);
        tokio::spawn(async move {
            let WorkflowKey { namespace, workflow_id } = &key;
            let load = shared.store.load(namespace, workflow_id, run_id.as_deref(), RECENT_BYTES);
            let loaded = load.await.map(|run| run.map(Box::new));
            // A shard that is gone needs nothing any more.
            let _ = shared.shards[index].send(Message::Loaded { key, run_id, loaded });
        });
    }

    fn loaded(
        &mut self,
        key: &WorkflowKey,
        run_id: Option<String>,
        loaded: Result<Option<Box<StoredRun>>, StoreError>,
    ) {
        let workflow = self.warm.entry(key);
        match loaded {
            Ok(Some(stored)) => {
                let loaded_id = stored.execution.key.run_id.clone();
                if run_id.is_none() {
                    workflow.latest = Latest::Run(loaded_id.clone());
                }
                if !workflow.runs.contains_key(&loaded_id) {
                    let run = Run::restore(*stored);
                    self.by_id.insert(run.id, run.key.clone());
                    workflow.runs.insert(loaded_id.clone(), run);
                    self.watch(key, &loaded_id);
                }
            }
            Ok(None) if run_id.is_none() => workflow.latest = Latest::Nothing,
            Ok(None) => {
                // No such run: whoever asked for it first is told, the others ask again.
                let first = workflow.parked.as_mut().and_then(VecDeque::pop_front);
                if let Some(request) = first {
                    self.absent(key, request);
                }
            }
            Err(error) => {
                let parked = workflow.parked.take().unwrap_or_default();
                let error = load_error(key, run_id, &error);
                parked.into_iter().for_each(|request| request.what.refuse(error.clone()));
                self.forget_if_empty(key);
                return;
            }
        }
        self.unpark(key);
    }

    /// Does what was parked, in order, until something has to be loaded again.
    fn unpark(&mut self, key: &WorkflowKey) {
        let parked = self.warm.get_mut(key).and_then(|workflow| workflow.parked.take());
        for request in parked.into_iter().flatten() {
            self.request(key, request);
        }
        self.forget_if_empty(key);
    }

    /// Ticks executions whose deadline has passed; those not in memory are found first.
    fn wake_due(&mut self, now: Time) {
        while let Some(id) = self.deadlines.take_due(now) {
            if let Some(run) = self.by_id.get(&id).cloned() {
                let key = WorkflowKey {
                    namespace: run.namespace.clone(),
                    workflow_id: run.workflow_id.clone(),
                };
                self.request(&key, Request { run_id: Some(run.run_id.clone()), what: What::Wake });
            } else {
                let (shared, index) = (self.shared.clone(), self.index);
                shared.clock.add_busy(1);
                tokio::spawn(async move {
                    let located = shared.store.locate(id).await;
                    let _ = shared.shards[index].send(Message::Due(located));
                });
            }
        }
    }

    fn located(&self, located: Result<Option<Located>, StoreError>) {
        self.shared.clock.add_busy(-1);
        match located {
            Ok(Some(located)) => self.shared.send_to(&located.run, What::Wake),
            // Deleted in the meantime.
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, "an execution whose deadline passed cannot be read");
            }
        }
    }

    fn committed(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }

    /// Notes the use of a workflow, and drops what it need not have in memory.
    fn used(&mut self, key: &WorkflowKey) {
        let committed = self.committed();
        let Some(workflow) = self.warm.get_mut(key) else { return };
        if workflow.runs.len() > 1 {
            let Latest::Run(latest) = workflow.latest.clone() else { return };
            workflow.runs.retain(|run_id, run| {
                let keep = *run_id == latest
                    || run.execution.is_running()
                    || run.execution.has_obligations()
                    || !run.is_settled(committed);
                if !keep {
                    self.by_id.remove(&run.id);
                }
                keep
            });
        }
        let bytes = workflow.runs.values_mut().map(|run| run.trim(committed)).sum();
        self.warm.used(key, bytes);
        self.forget_if_empty(key);
    }

    /// A workflow that does not exist takes no memory.
    fn forget_if_empty(&mut self, key: &WorkflowKey) {
        let empty = |it: &mut warm::Workflow| it.runs.is_empty() && it.parked.is_none();
        if self.warm.get_mut(key).is_some_and(empty) {
            self.warm.remove(key);
        }
    }

    /// Drops the workflows that were not used for the longest time, if there are too many.
    fn evict(&mut self) {
        let committed = self.committed();
        // Each workflow is looked at once: those that cannot go are used again.
        let mut kept = 0;
        while kept < MESSAGES_AT_ONCE
            && let Some(key) = self.warm.oldest_beyond_limit()
        {
            let Some(workflow) = self.warm.get_mut(&key) else { continue };
            let unsaved = workflow.runs.values().any(Run::is_unsaved);
            if workflow.parked.is_none()
                && workflow.runs.values().all(|run| run.is_settled(committed))
            {
                for run in self.warm.remove(&key).into_iter().flat_map(|it| it.runs.into_values()) {
                    // Its deadline stays watched.
                    self.by_id.remove(&run.id);
                    self.shared.clock.change_busy(&run.busy, &BTreeSet::new());
                }
            } else {
                kept += 1;
                if unsaved {
                    self.save(&key);
                }
                self.used(&key);
            }
        }
    }

    /// Submits what was deferred of a workflow.
    fn save(&mut self, key: &WorkflowKey) {
        let submission = self.submitted + 1;
        let mut writes = Writes::default();
        if let Some(workflow) = self.warm.get_mut(key) {
            workflow.runs.values_mut().for_each(|run| run.save(submission, &mut writes));
        }
        self.submit(writes, Box::new(|| ()));
    }

    /// Submits all that was deferred, workflow by workflow: the journal bounds its commits.
    fn save_all(&mut self) {
        let unsaved: Vec<_> = self.warm.unsaved().cloned().collect();
        unsaved.iter().for_each(|key| self.save(key));
    }

    /// Hands writes to the journal; `release` is called once they are on disk.
    fn submit(&mut self, writes: Writes, release: crate::journal::Release) {
        self.submitted += 1;
        let (submission, committed) = (self.submitted, self.committed.clone());
        let clock = self.shared.clock.clone();
        clock.add_busy(1);
        let release = Box::new(move || {
            committed.store(submission, Ordering::Release);
            release();
            clock.add_busy(-1);
        });
        self.shared.journal.submit(writes, release);
    }

    /// Calls `release` once submission `fence` is on disk: now, if it is.
    fn behind(&mut self, fence: u64, release: crate::journal::Release) {
        if fence <= self.committed() {
            release();
        } else {
            self.submit(Writes::default(), release);
        }
    }
}

fn load_error(key: &WorkflowKey, run_id: Option<String>, error: &StoreError) -> CallError {
    tracing::error!(workflow_id = key.workflow_id, %error, "a workflow cannot be loaded");
    match error {
        StoreError::Database(error) => CallError::Storage(error.to_string()),
        StoreError::Corrupt { source, .. } => CallError::Corrupt {
            workflow_id: key.workflow_id.clone(),
            run_id: run_id.unwrap_or_default(),
            problem: source.to_string(),
        },
    }
}
