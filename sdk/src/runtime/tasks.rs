//! The futures of one run and the order in which they are polled.
//!
//! A task that is woken queues once; the queue is drained first in, first out. Since wakes come from
//! events, applied in history order, the order of polls is the same in every replay.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use super::spec::LocalBoxFuture;

/// The futures of one run. The first is the workflow function itself.
#[derive(Default)]
pub(crate) struct Tasks {
    tasks: Vec<Option<Task>>,
    ready: Arc<Ready>,
}

struct Task {
    future: LocalBoxFuture<'static, ()>,
    wake: Arc<WakeTask>,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Ready {
    /// A mutex because a waker may be woken anywhere; in a well-behaved run it is never contended.
    queue: Mutex<VecDeque<usize>>,
}

#[derive(Debug)]
struct WakeTask {
    index: usize,
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for WakeTask {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            let mut queue = self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.push_back(self.index);
        }
    }
}

impl Tasks {
    /// Adds a future, ready to be polled.
    pub(crate) fn add(&mut self, future: LocalBoxFuture<'static, ()>) {
        let index = self.tasks.len();
        let wake =
            Arc::new(WakeTask { index, queued: AtomicBool::new(false), ready: self.ready.clone() });
        let waker = Waker::from(wake.clone());
        self.tasks.push(Some(Task { future, wake, waker }));
        if let Some(Some(task)) = self.tasks.last() {
            task.wake.wake_by_ref();
        }
    }

    /// The next task to poll.
    pub(crate) fn next(&mut self) -> Option<usize> {
        self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Polls a task once and drops it if it is done.
    pub(crate) fn poll(&mut self, index: usize) {
        let Some(task) = self.tasks[index].as_mut() else { return };
        task.wake.queued.store(false, Ordering::Release);
        let mut cx = Context::from_waker(&task.waker);
        if let Poll::Ready(()) = task.future.as_mut().poll(&mut cx) {
            drop(self.tasks[index].take());
        }
    }

    /// Drops the workflow function, wherever it is.
    pub(crate) fn drop_first(&mut self) {
        if let Some(first) = self.tasks.first_mut() {
            drop(first.take());
        }
    }

    /// Whether no future was ever added.
    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Whether the workflow function has not finished.
    pub(crate) fn has_first(&self) -> bool {
        self.tasks.first().is_some_and(Option::is_some)
    }

    /// Whether every future has finished.
    pub(crate) fn all_done(&self) -> bool {
        self.tasks.iter().all(Option::is_none)
    }

    /// Drops every future.
    pub(crate) fn clear(&mut self) {
        self.tasks.clear();
    }
}
