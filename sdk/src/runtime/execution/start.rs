//! How a run begins: from its name alone, then from its first event.

use std::{collections::BTreeMap, rc::Rc, time::SystemTime};

use persevere_proto::api::{
    common::v1::WorkflowExecution, history::v1::WorkflowExecutionStartedEventAttributes,
};

use super::Execution;
use crate::runtime::{
    context::{self, RunState},
    operations::Operations,
    random::Random,
    signals::Signals,
    spec::DecodeError,
    surface::WorkflowInfo,
    task_failure::{RunName, TaskFailure},
};

/// The state of a run before its first event.
pub(super) fn unstarted(run: &RunName, namespace: &str, task_queue: &str) -> RunState {
    let info = WorkflowInfo {
        namespace: namespace.into(),
        task_queue: task_queue.into(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        workflow_type: run.workflow_type.clone(),
        ..Default::default()
    };
    RunState {
        info: Rc::new(info),
        now: SystemTime::UNIX_EPOCH,
        replaying: false,
        history_length: 0,
        continue_as_new_suggested: false,
        cancel_requested: false,
        cancel_waiters: Vec::new(),
        random: Random::from_run_id(&run.run_id),
        operations: Operations::default(),
        signals: Signals::default(),
        queries: BTreeMap::new(),
        spawned: Vec::new(),
        finished: None,
    }
}

impl Execution {
    /// Makes the workflow function's future; it is first polled after the whole first batch.
    pub(super) fn start(
        &mut self,
        mut started: WorkflowExecutionStartedEventAttributes,
        time: Option<SystemTime>,
    ) -> Result<(), TaskFailure> {
        let input = started.input.take().map(|payloads| payloads.payloads).unwrap_or_default();
        {
            let mut state = self.context.state.borrow_mut();
            // The id of the run in which this history began: a reset keeps it, so that the events
            // copied from the old run replay with the random numbers they were made with.
            if !started.original_execution_run_id.is_empty() {
                state.random = Random::from_run_id(&started.original_execution_run_id);
            }
            state.info = Rc::new(info(&state.info, started, time));
        }
        let start = self.registration.start;
        let context = self.context.clone();
        let made = {
            let _entered = context::enter(&context);
            self.catch(|_| start(input))?
        };
        let future = made.map_err(|DecodeError { message }| TaskFailure::Input {
            run: self.run.clone(),
            message,
        })?;
        self.tasks.add(Box::pin(async move {
            let finished = future.await;
            // Told to end earlier in this very poll: that decision stands.
            context.state.borrow_mut().finished.get_or_insert(finished);
        }));
        Ok(())
    }
}

fn info(
    known: &WorkflowInfo,
    started: WorkflowExecutionStartedEventAttributes,
    time: Option<SystemTime>,
) -> WorkflowInfo {
    let pair = |w: WorkflowExecution| (w.workflow_id, w.run_id);
    let non_empty = |text: String| Some(text).filter(|text| !text.is_empty());
    WorkflowInfo {
        task_queue: match started.task_queue {
            Some(queue) if !queue.name.is_empty() => queue.name,
            _ => known.task_queue.clone(),
        },
        first_run_id: started.first_execution_run_id,
        continued_run_id: non_empty(started.continued_execution_run_id),
        attempt: started.attempt.max(1).unsigned_abs(),
        parent: started.parent_workflow_execution.map(pair),
        root: started.root_workflow_execution.map(pair),
        last_result: started.last_completion_result.map(|p| p.payloads).unwrap_or_default(),
        last_failure: started.continued_failure,
        cron: non_empty(started.cron_schedule),
        memo: started.memo.map(|memo| memo.fields).unwrap_or_default(),
        search_attributes: started
            .search_attributes
            .map(|attributes| attributes.indexed_fields)
            .unwrap_or_default(),
        started: time,
        ..known.clone()
    }
}
