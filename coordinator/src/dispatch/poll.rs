//! From a task that a poll got to what its worker needs: the execution starts the task, or says
//! that it is stale.

use persevere_engine::{Command, QueueName, Rejection, Reply, StartActivity, StartWorkflowTask};

use super::{
    ActivityTask, Dispatch, OfferedQuery, PollRequest, QueryTask, WorkflowPoll, WorkflowTask,
    queue::Offered, queues::Claim,
};
use crate::{Answer, CallError, HistoryPage, HistoryRange, Target};

/// Events on the first page of a query task.
const PAGE_EVENTS: usize = 256;

impl Dispatch {
    /// Starts a workflow task, or fetches what a query needs; `None` if it is not wanted any more.
    pub(super) async fn take_workflow_task(
        &self,
        request: &PollRequest,
        claim: Claim,
    ) -> Result<Option<WorkflowPoll>, CallError> {
        let run = claim.offer().run.clone();
        let (scheduled_event_id, attempt) = match &claim.offer().what {
            Offered::Workflow { scheduled_event_id, attempt } => (*scheduled_event_id, *attempt),
            Offered::Query(_) => return self.take_query(request, claim).await,
            Offered::Activity { .. } => return Ok(None),
        };
        let start = StartWorkflowTask {
            scheduled_event_id,
            attempt,
            queue: QueueName { name: request.queue.clone(), sticky_of: request.sticky_of.clone() },
            request_id: uuid::Uuid::new_v4().to_string(),
            identity: request.identity.clone(),
            worker_version: request.worker_version.clone(),
        };
        let started = self.shards.command(Target::from(&*run), Command::StartWorkflowTask(start));
        let Some((answer, backlog)) = settled(started.await, claim)? else { return Ok(None) };
        let Answer { run, workflow_type, reply, history } = answer;
        let Reply::WorkflowTask(handout) = reply else {
            return Err(CallError::Defect("a workflow task was started without a handout".into()));
        };
        let history = history.unwrap_or_default();
        let task = WorkflowTask { run, workflow_type, handout: *handout, history, backlog };
        Ok(Some(WorkflowPoll::Task(Box::new(task))))
    }

    /// Starts an activity attempt; `None` if it is not wanted any more.
    pub(super) async fn take_activity_task(
        &self,
        request: &PollRequest,
        claim: Claim,
    ) -> Result<Option<ActivityTask>, CallError> {
        let run = claim.offer().run.clone();
        let Offered::Activity { scheduled_event_id, attempt } = claim.offer().what else {
            return Ok(None);
        };
        let start = StartActivity {
            scheduled_event_id,
            attempt,
            request_id: uuid::Uuid::new_v4().to_string(),
            identity: request.identity.clone(),
            worker_version: request.worker_version.clone(),
        };
        let started = self.shards.command(Target::from(&*run), Command::StartActivity(start));
        let Some((answer, _)) = settled(started.await, claim)? else { return Ok(None) };
        let Answer { run, workflow_type, reply, .. } = answer;
        let Reply::ActivityTask(handout) = reply else {
            return Err(CallError::Defect("an activity was started without a handout".into()));
        };
        Ok(Some(ActivityTask { run, workflow_type, handout: *handout }))
    }

    /// A sticky worker has the history; any other gets it whole (semantics rule 90).
    async fn take_query(
        &self,
        request: &PollRequest,
        claim: Claim,
    ) -> Result<Option<WorkflowPoll>, CallError> {
        let run = claim.offer().run.clone();
        let Offered::Query(offered) = &claim.offer().what else { return Ok(None) };
        let OfferedQuery { query, route, workflow_type } = &**offered;
        let mut task = QueryTask {
            run: (*run).clone(),
            workflow_type: workflow_type.clone(),
            id: query.id,
            process: self.queries.process,
            query: query.query.clone(),
            previous_started_event_id: route.previous_started_event_id,
            history: HistoryPage::default(),
            task_queue: route.normal.clone(),
        };
        if self.queries.is_open(query.id) && request.sticky_of.is_none() {
            let range = HistoryRange {
                from: 1,
                to: Some(route.history_to + 1),
                max_events: PAGE_EVENTS,
                reverse: false,
            };
            match self.shards.history(Target::from(&*run), range).await {
                Ok(history) => task.history = history,
                Err(CallError::Rejected(_)) => {
                    claim.settle();
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        let open = self.queries.is_open(task.id);
        claim.settle();
        Ok(open.then(|| WorkflowPoll::Query(Box::new(task))))
    }
}

/// A task that its execution started or refused is settled, with the number of those behind it.
/// If it is not known what became of it, it stays in the queue.
fn settled(
    answer: Result<Answer, CallError>,
    claim: Claim,
) -> Result<Option<(Answer, usize)>, CallError> {
    match answer {
        Ok(answer) => Ok(Some((answer, claim.settle()))),
        Err(CallError::Rejected(Rejection::StaleTask(_) | Rejection::NotFound(_))) => {
            claim.settle();
            Ok(None)
        }
        Err(error @ (CallError::Storage(_) | CallError::ShuttingDown)) => Err(error),
        Err(error) => {
            // Offering it again would only fail again, in front of all others.
            tracing::error!(%error, "a task was dropped");
            claim.settle();
            Ok(None)
        }
    }
}
