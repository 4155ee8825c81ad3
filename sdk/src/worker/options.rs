//! How a worker works: which queue, how much at once, how it stops.

use std::{thread, time::Duration};

/// Settings of a worker. All but the task queue have defaults that suit a service of its own.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// The task queue to take tasks from.
    pub task_queue: String,
    /// Workflow tasks worked on at once. Default 100.
    pub max_workflow_tasks: usize,
    /// Activities executed at once. Default 100.
    pub max_activities: usize,
    /// Workflow runs kept in memory between their tasks. 0 replays every task from the first event.
    /// Default 1000.
    pub max_cached_workflows: usize,
    /// Threads that workflow code runs on. Default: as many as the machine has cores, at most 4.
    pub workflow_threads: usize,
    /// Polls for workflow tasks in flight at once, for each of the common and the sticky queue.
    /// Default 4.
    pub workflow_pollers: usize,
    /// Polls for activity tasks in flight at once. Default 4.
    pub activity_pollers: usize,
    /// Activities this worker starts in a second, at most. Default: no limit.
    pub max_activities_per_second: Option<f64>,
    /// Activities all workers of the queue start in a second, at most; the server sees to it.
    /// Default: no limit.
    pub max_task_queue_activities_per_second: Option<f64>,
    /// How long the server holds a task for this worker, which has the run in memory, before it
    /// offers it to others. Default 10 s.
    pub sticky_timeout: Duration,
    /// Longest time between two heartbeats that are sent for an activity that reports more often;
    /// 80 % of the heartbeat timeout if that is less. Default 30 s.
    pub max_heartbeat_interval: Duration,
    /// How long workflow code may run without yielding before its task is failed. Default 2 s.
    pub workflow_block_limit: Duration,
    /// How long tasks in flight may take to finish once the worker is told to stop. Default 10 s.
    pub grace: Duration,
}

impl WorkerOptions {
    /// Default settings for a task queue.
    #[must_use]
    pub fn new(task_queue: impl Into<String>) -> Self {
        Self {
            task_queue: task_queue.into(),
            max_workflow_tasks: 100,
            max_activities: 100,
            max_cached_workflows: 1000,
            workflow_threads: thread::available_parallelism().map_or(1, |n| n.get().min(4)),
            workflow_pollers: 4,
            activity_pollers: 4,
            max_activities_per_second: None,
            max_task_queue_activities_per_second: None,
            sticky_timeout: Duration::from_secs(10),
            max_heartbeat_interval: Duration::from_secs(30),
            workflow_block_limit: Duration::from_secs(2),
            grace: Duration::from_secs(10),
        }
    }
}
