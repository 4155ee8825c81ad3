//! What the shell owes an execution: deadlines to watch and tasks to offer, derived from its state.
//!
//! These are computed, never stored apart, so that no crash and no bug can leave a task or a timer
//! without its execution or the reverse. The shell stores only the earliest deadline and whether
//! there are tasks or messages, as columns to find the execution by.

use std::time::Duration;

use crate::{
    activity,
    key::{QueueName, Task},
    state::{Execution, WorkflowTask},
    time::{Time, span},
    timer, workflow_task,
};

impl Execution {
    /// When the execution next wants a [`crate::command::Command::Tick`], if ever.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        if !self.is_running() {
            return None;
        }
        let deadlines = [
            self.overlay.first_task_at,
            self.run_deadline(),
            self.execution_deadline(),
            workflow_task::deadline(self),
            timer::deadline(self),
            activity::deadline(self),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Tasks that wait for a worker now: to be offered again after a restart.
    #[must_use]
    pub fn tasks(&self) -> Vec<Task> {
        if !self.is_running() {
            return Vec::new();
        }
        let mut tasks: Vec<Task> = workflow_task::task(self).into_iter().collect();
        tasks.extend(activity::tasks(self));
        tasks
    }

    /// Whether [`Execution::tasks`] or the outbox has anything.
    #[must_use]
    pub fn has_obligations(&self) -> bool {
        !self.overlay.outbox.is_empty()
            || (self.is_running()
                && (matches!(self.overlay.workflow_task, WorkflowTask::Scheduled(_))
                    || activity::tasks(self).next().is_some()))
    }

    /// When the run times out, counted from its first workflow task's due time (rule 12).
    #[must_use]
    pub fn run_deadline(&self) -> Option<Time> {
        let timeout = span(self.recorded.started.workflow_run_timeout.as_ref())?;
        Some(self.first_task_due().plus(timeout))
    }

    /// When the whole chain of runs times out (semantics rule 12).
    #[must_use]
    pub fn execution_deadline(&self) -> Option<Time> {
        let at = self.recorded.started.workflow_execution_expiration_time.as_ref()?;
        Some(Time::from(at)).filter(|at| at.0 > 0)
    }

    /// When the first workflow task is due: at the start, or after the first-task backoff.
    #[must_use]
    pub fn first_task_due(&self) -> Time {
        let backoff = span(self.recorded.started.first_workflow_task_backoff.as_ref());
        self.recorded.started_time.plus(backoff.unwrap_or(Duration::ZERO))
    }

    /// The run's normal task queue.
    #[must_use]
    pub fn task_queue(&self) -> QueueName {
        let queue = self.recorded.started.task_queue.as_ref();
        QueueName::normal(queue.map(|queue| queue.name.clone()).unwrap_or_default())
    }
}
