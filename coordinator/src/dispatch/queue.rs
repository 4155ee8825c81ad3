//! One task queue: polls that wait for tasks, tasks that wait for polls.
//!
//! Whatever changes, [`Queue::match_up`] pairs what can be paired. Tasks go by priority, then by
//! age; polls by age. Deliberately not here: whether a task is still wanted. Its execution knows.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use persevere_engine::{DirectQuery, Query, RunKey, Time};
use persevere_proto::api::common::v1::WorkerVersionCapabilities;
use tokio::{sync::oneshot, time::Instant};

use super::{
    PollRequest, Poller, QueueDescription,
    rate::{Limit, Rate},
};

/// Something for a worker to do.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) run: Arc<RunKey>,
    pub(crate) what: Offered,
    /// Lower goes first.
    pub(crate) priority: i32,
}

/// See [`Offer`].
#[derive(Debug)]
pub(crate) enum Offered {
    Workflow { scheduled_event_id: i64, attempt: u32 },
    Activity { scheduled_event_id: i64, attempt: u32 },
    Query(Box<OfferedQuery>),
}

/// A query that waits for a worker.
#[derive(Debug)]
pub(crate) struct OfferedQuery {
    pub(crate) query: Query,
    pub(crate) route: DirectQuery,
    pub(crate) workflow_type: String,
}

/// Pollers older than this are not told of any more.
const POLLER_SHOWN: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    /// By priority and place; places grow, those of tasks that came back shrink.
    backlog: BTreeMap<(i32, i64), (Offer, Instant)>,
    back: i64,
    front: i64,
    pollers: HashMap<String, SeenPoller>,
    limit: Option<Limit>,
    /// Whether somebody will try again because of the rate limit.
    rematch: bool,
    added: Rate,
    handed_out: Rate,
    /// The last time at which a poll waited here.
    polled: Option<Instant>,
    /// The normal queue of its worker, if the queue is sticky.
    sticky_of: Option<String>,
}

#[derive(Debug)]
struct Waiting {
    poll: u64,
    worker_instance: String,
    sender: oneshot::Sender<Offer>,
}

#[derive(Debug)]
struct SeenPoller {
    at: Instant,
    time: Time,
    max_tasks_per_second: Option<f64>,
    capabilities: Option<WorkerVersionCapabilities>,
}

impl Queue {
    pub(super) fn new(now: Instant) -> Self {
        Queue {
            waiting: VecDeque::new(),
            backlog: BTreeMap::new(),
            back: 0,
            front: 0,
            pollers: HashMap::new(),
            limit: None,
            rematch: false,
            added: Rate::new(now),
            handed_out: Rate::new(now),
            polled: None,
            sticky_of: None,
        }
    }

    /// Adds a task behind those of its priority.
    pub(super) fn add(&mut self, offer: Offer, now: Instant) {
        self.added.count(now);
        self.back += 1;
        self.backlog.insert((offer.priority, self.back), (offer, now));
    }

    /// Puts back a task that a poll got but could not take on.
    pub(super) fn put_back(&mut self, offer: Offer, now: Instant) {
        self.front -= 1;
        self.backlog.insert((offer.priority, self.front), (offer, now));
    }

    /// Adds a poll. What it gets, if anything, comes through the receiver.
    pub(super) fn wait(
        &mut self,
        poll: u64,
        request: &PollRequest,
        now: (Instant, Time),
    ) -> oneshot::Receiver<Offer> {
        let (sender, receiver) = oneshot::channel();
        let worker_instance = request.worker_instance.clone();
        self.waiting.push_back(Waiting { poll, worker_instance, sender });
        self.polled = Some(now.0);
        self.sticky_of.clone_from(&request.sticky_of);
        if let Some(per_second) = request.max_tasks_per_second {
            self.limit.get_or_insert_with(|| Limit::new(per_second, now.0)).set(per_second);
        }
        let seen = SeenPoller {
            at: now.0,
            time: now.1,
            max_tasks_per_second: request.max_tasks_per_second,
            capabilities: request.worker_capabilities.clone(),
        };
        if let Some(known) = self.pollers.get_mut(&request.identity) {
            *known = seen;
        } else {
            self.pollers.retain(|_, known| now.0 - known.at < POLLER_SHOWN);
            self.pollers.insert(request.identity.clone(), seen);
        }
        receiver
    }

    /// Removes a poll that waits no longer.
    pub(super) fn stop_waiting(&mut self, poll: u64, now: Instant) {
        let waiting = self.waiting.len();
        self.waiting.retain(|waiting| waiting.poll != poll);
        // A poll that was dismissed is not a sign of life.
        if self.waiting.len() < waiting {
            self.polled = Some(now);
        }
    }

    /// Pairs polls with tasks. Returns after how long to call [`Queue::match_again`], if the rate
    /// limit stands in the way and nobody was asked to do so yet.
    pub(super) fn match_up(&mut self, now: Instant) -> Option<Duration> {
        while !self.backlog.is_empty() {
            while self.waiting.front().is_some_and(|waiting| waiting.sender.is_closed()) {
                self.waiting.pop_front();
            }
            if self.waiting.is_empty() {
                return None;
            }
            if let Some(Err(wait)) = self.limit.as_mut().map(|limit| limit.take(now)) {
                return (!std::mem::replace(&mut self.rematch, true)).then_some(wait);
            }
            let (Some(waiting), Some((place, (offer, since)))) =
                (self.waiting.pop_front(), self.backlog.pop_first())
            else {
                return None;
            };
            match waiting.sender.send(offer) {
                Ok(()) => {
                    self.polled = Some(now);
                    self.handed_out.count(now);
                }
                Err(offer) => {
                    self.backlog.insert(place, (offer, since));
                }
            }
        }
        None
    }

    /// [`Queue::match_up`], as it asked for.
    pub(super) fn match_again(&mut self, now: Instant) -> Option<Duration> {
        self.rematch = false;
        self.match_up(now)
    }

    /// Whether a poll waits, or did within `window`.
    pub(super) fn polled_within(&self, window: Duration, now: Instant) -> bool {
        self.waiting.iter().any(|waiting| !waiting.sender.is_closed())
            || self.polled.is_some_and(|polled| now - polled < window)
    }

    /// Answers the polls of a worker empty.
    pub(super) fn dismiss(&mut self, worker_instance: &str) {
        self.waiting.retain(|waiting| waiting.worker_instance != worker_instance);
    }

    /// Closes a sticky queue: answers all polls empty, forgets that there were any, and gives the
    /// tasks away to its normal queue.
    pub(super) fn close(&mut self) -> (Option<String>, Vec<Offer>) {
        self.waiting.clear();
        self.polled = None;
        self.pollers.clear();
        let tasks = std::mem::take(&mut self.backlog).into_values().map(|(offer, _)| offer);
        (self.sticky_of.clone(), tasks.collect())
    }

    /// Whether only one worker polls it.
    pub(super) fn is_sticky(&self) -> bool {
        self.sticky_of.is_some()
    }

    /// Tasks that wait.
    pub(super) fn backlog(&self) -> usize {
        self.backlog.len()
    }

    /// Who polls and what waits.
    pub(super) fn describe(&self, now: Instant) -> QueueDescription {
        let shown = self.pollers.iter().filter(|(_, seen)| now - seen.at < POLLER_SHOWN);
        let mut pollers: Vec<_> = shown
            .map(|(identity, seen)| Poller {
                identity: identity.clone(),
                last_access: seen.time,
                max_tasks_per_second: seen.max_tasks_per_second,
                worker_capabilities: seen.capabilities.clone(),
            })
            .collect();
        pollers.sort_by(|a, b| (b.last_access, &a.identity).cmp(&(a.last_access, &b.identity)));
        let oldest = self.backlog.values().map(|(_, since)| *since).min();
        QueueDescription {
            pollers,
            backlog: self.backlog.len(),
            backlog_age: oldest.map_or(Duration::ZERO, |oldest| now - oldest),
            add_rate: self.added.per_second(now),
            dispatch_rate: self.handed_out.per_second(now),
        }
    }
}
