//! The threads of workflow code, and what happens when one gets stuck.
//!
//! Workflow code that blocks holds its lane. After the limit its task is failed with an explanation,
//! the lane is given up and a fresh one takes its place: the other runs that lived there are read
//! again from their histories. The old thread ends by itself should the code ever return; until then
//! tasks of the run that blocks it are refused, so that one bad run costs one thread, not one for
//! every retry.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{sync::oneshot, time::timeout};

use super::lane::{Lane, LaneConfig, Reply, Request, Work};
use crate::runtime::task_failure::{RunName, TaskFailure};

/// What a lane is doing, as seen from outside.
#[derive(Debug, Default)]
pub(super) struct Activity {
    current: Mutex<Option<(Arc<RunName>, Instant)>>,
    abandoned: AtomicBool,
}

impl Activity {
    pub(super) fn begin(&self, run: &Arc<RunName>) {
        *self.current() = Some((run.clone(), Instant::now()));
    }

    pub(super) fn end(&self) {
        *self.current() = None;
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    /// The run that has held the lane for at least `limit`, and for how long.
    fn stuck(&self, limit: Duration) -> Option<(Arc<RunName>, Duration)> {
        let current = self.current();
        let (run, since) = current.as_ref()?;
        let held = since.elapsed();
        (held >= limit).then(|| (run.clone(), held))
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<(Arc<RunName>, Instant)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All lanes of one worker.
#[derive(Debug)]
pub(super) struct Lanes {
    config: Arc<LaneConfig>,
    lanes: Vec<Mutex<Handle>>,
    /// Lanes that were given up and have not ended.
    abandoned: Mutex<Vec<Arc<Activity>>>,
    block_limit: Duration,
}

#[derive(Clone, Debug)]
struct Handle {
    requests: mpsc::Sender<Request>,
    activity: Arc<Activity>,
}

impl Lanes {
    pub(super) fn new(config: LaneConfig, count: usize, block_limit: Duration) -> Self {
        let config = Arc::new(config);
        let lanes = (0..count.max(1)).map(|_| Mutex::new(spawn(&config))).collect();
        Self { config, lanes, abandoned: Mutex::default(), block_limit }
    }

    /// Has a part of a workflow task done by the lane of its run.
    pub(super) async fn work(&self, work: Work) -> Reply {
        let run = work.run.clone();
        if let Some(held) = self.blocks_a_thread(&run) {
            return Reply::Failed(blocked(&run, held));
        }
        let lane = self.lane(&run.run_id);
        let (reply, mut answer) = oneshot::channel();
        // The lane may be gone only if it was given up in this instant: then the run starts anew.
        if lane.requests.send(Request::Work(work, reply)).is_err() {
            return Reply::Lost;
        }
        loop {
            match timeout(self.block_limit, &mut answer).await {
                Ok(Ok(reply)) => return reply,
                Ok(Err(_)) => return Reply::Lost,
                Err(_) if lane.activity.is_abandoned() => return Reply::Lost,
                Err(_) => {
                    if let Some((culprit, held)) = lane.activity.stuck(self.block_limit) {
                        self.give_up(&run.run_id, &lane);
                        if culprit.run_id == run.run_id {
                            return Reply::Failed(blocked(&run, held));
                        }
                        return Reply::Lost;
                    }
                }
            }
        }
    }

    /// Forgets a run, if it is in memory.
    pub(super) fn evict(&self, run_id: &str) {
        // A lane that is gone has forgotten it already.
        drop(self.lane(run_id).requests.send(Request::Evict(run_id.to_owned())));
    }

    fn lane(&self, run_id: &str) -> Handle {
        self.slot(run_id).lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn slot(&self, run_id: &str) -> &Mutex<Handle> {
        let mut hasher = DefaultHasher::new();
        run_id.hash(&mut hasher);
        let index = hasher.finish() % self.lanes.len() as u64;
        &self.lanes[usize::try_from(index).expect("smaller than a length")]
    }

    fn give_up(&self, run_id: &str, stuck: &Handle) {
        let mut slot = self.slot(run_id).lock().unwrap_or_else(PoisonError::into_inner);
        // Several may notice at once; the first replaces it.
        if !stuck.activity.abandoned.swap(true, Ordering::AcqRel) {
            *slot = spawn(&self.config);
            let mut abandoned = self.abandoned.lock().unwrap_or_else(PoisonError::into_inner);
            abandoned.push(stuck.activity.clone());
        }
    }

    /// For how long this run has been blocking a lane that was given up for it.
    fn blocks_a_thread(&self, run: &RunName) -> Option<Duration> {
        let mut abandoned = self.abandoned.lock().unwrap_or_else(PoisonError::into_inner);
        abandoned.retain(|activity| activity.stuck(Duration::ZERO).is_some());
        let stuck = abandoned.iter().filter_map(|activity| activity.stuck(Duration::ZERO));
        stuck.filter(|(culprit, _)| culprit.run_id == run.run_id).map(|(_, held)| held).max()
    }
}

fn blocked(run: &RunName, held: Duration) -> TaskFailure {
    TaskFailure::Blocked { run: run.clone(), seconds: held.as_secs() }
}

fn spawn(config: &Arc<LaneConfig>) -> Handle {
    let (requests, received) = mpsc::channel();
    let activity = Arc::new(Activity::default());
    let (config, lane_activity) = (config.clone(), activity.clone());
    thread::Builder::new()
        .name("persevere-workflows".into())
        .spawn(move || Lane::new(config, lane_activity).run(&received))
        .expect("the operating system gives a worker its threads");
    Handle { requests, activity }
}
