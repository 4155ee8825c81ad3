//! The workflows that a shard has in memory, bounded; the least recently used go first.

use std::collections::{HashMap, VecDeque};

use super::{
    message::{Request, WorkflowKey},
    run::Run,
};

/// A workflow in memory: some of its runs.
#[derive(Debug, Default)]
pub(super) struct Workflow {
    pub(super) latest: Latest,
    pub(super) runs: HashMap<String, Run>,
    /// Requests that wait until the store has answered; `None` if none need to.
    pub(super) parked: Option<VecDeque<Request>>,
    used: u64,
    bytes: usize,
}

/// Which run is the latest of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Latest {
    /// The store must be asked.
    #[default]
    Unknown,
    /// There is no run.
    Nothing,
    /// The run of this id.
    Run(String),
}

/// Where a request goes.
pub(super) enum Found {
    /// To this run, which is in memory.
    Run(String),
    /// Nowhere: there is no such run.
    Nothing,
    /// To the store first.
    Cold,
}

impl Workflow {
    /// Where to find the run of this id, or the latest.
    pub(super) fn find(&self, run_id: Option<&str>) -> Found {
        match (run_id, &self.latest) {
            (Some(id), _) if self.runs.contains_key(id) => Found::Run(id.to_owned()),
            (Some(_), Latest::Nothing) | (None, Latest::Nothing) => Found::Nothing,
            (None, Latest::Run(id)) if self.runs.contains_key(id) => Found::Run(id.clone()),
            _ => Found::Cold,
        }
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Warm {
    workflows: HashMap<WorkflowKey, Workflow>,
    /// By last use; an entry that is older than its workflow's last use means nothing.
    uses: VecDeque<(u64, WorkflowKey)>,
    clock: u64,
    bytes: usize,
    count_max: usize,
    bytes_max: usize,
}

impl Warm {
    /// Keeps so many workflows, with so many bytes of recent history.
    pub(super) fn new(count_max: usize, bytes_max: usize) -> Self {
        Warm {
            workflows: HashMap::new(),
            uses: VecDeque::new(),
            clock: 0,
            bytes: 0,
            count_max,
            bytes_max,
        }
    }

    pub(super) fn get_mut(&mut self, key: &WorkflowKey) -> Option<&mut Workflow> {
        self.workflows.get_mut(key)
    }

    /// The workflow of this key, of which nothing may be known yet.
    pub(super) fn entry(&mut self, key: &WorkflowKey) -> &mut Workflow {
        self.workflows.entry(key.clone()).or_default()
    }

    /// Workflows of which something is not submitted yet.
    pub(super) fn unsaved(&self) -> impl Iterator<Item = &WorkflowKey> {
        let unsaved = |workflow: &Workflow| workflow.runs.values().any(Run::is_unsaved);
        self.workflows.iter().filter(move |(_, workflow)| unsaved(workflow)).map(|(key, _)| key)
    }

    /// Notes a use; `bytes` is what the workflow takes now.
    pub(super) fn used(&mut self, key: &WorkflowKey, bytes: usize) {
        let Some(workflow) = self.workflows.get_mut(key) else { return };
        self.clock += 1;
        self.bytes = self.bytes - workflow.bytes + bytes;
        (workflow.used, workflow.bytes) = (self.clock, bytes);
        self.uses.push_back((self.clock, key.clone()));
        if self.uses.len() > 64 + 4 * self.workflows.len() {
            let workflows = &self.workflows;
            self.uses.retain(|(used, key)| workflows.get(key).is_some_and(|w| w.used == *used));
        }
    }

    /// If there are too many: the workflow that was not used for the longest time.
    pub(super) fn oldest_beyond_limit(&mut self) -> Option<WorkflowKey> {
        while self.workflows.len() > self.count_max || self.bytes > self.bytes_max {
            let (used, key) = self.uses.pop_front()?;
            if self.workflows.get(&key).is_some_and(|workflow| workflow.used == used) {
                return Some(key);
            }
        }
        None
    }

    pub(super) fn remove(&mut self, key: &WorkflowKey) -> Option<Workflow> {
        let workflow = self.workflows.remove(key)?;
        self.bytes -= workflow.bytes;
        Some(workflow)
    }
}
