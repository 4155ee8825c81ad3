//! Workflow tasks from poll to completion: history to the lane, commands to the server.
//!
//! A run whose completion the server did not take is forgotten, since its memory is ahead of its
//! history. A task that fails again after its first attempt is not answered: the server offers it
//! once more when it has timed out, which keeps hopeless tasks from spinning (semantics rule 31).
//!
//! A completion that is larger than the server takes fails the task with a cause of its own, at any
//! attempt, for no attempt can make it smaller; the server then ends the run (semantics rule 49). The answers to queries
//! that came with it are left out first, since a query must do a run no harm.

use std::{sync::Arc, time::Duration};

use persevere_proto::api::{
    command::v1::{Command, command::Attributes},
    common::v1::{Payload, Payloads},
    enums::v1::{QueryResultType, TaskQueueKind},
    failure::v1::Failure,
    history::v1::History,
    query::v1::WorkflowQueryResult,
    sdk::v1::WorkflowTaskCompletedMetadata,
    taskqueue::v1::{StickyExecutionAttributes, TaskQueue},
    workflowservice::v1::{
        PollWorkflowTaskQueueResponse, RespondQueryTaskCompletedRequest,
        RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse,
        RespondWorkflowTaskFailedRequest,
    },
};
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;

use super::{
    Shared,
    lane::{Done, Finish, Reply, Work},
};
use crate::{
    client::{ClientError, Limits, WorkflowRef, is_gone, retry::is_too_large, rpc},
    runtime::{
        application_failure,
        execution::LiveTask,
        task_failure::{RunName, TaskFailure},
    },
    wire_time::{duration_to_wire, time_from_wire},
};

/// Longer than any workflow task may take by default, so that a completion survives a short absence
/// of the server; a later one is refused anyway.
const COMPLETION: Limits =
    Limits { attempt: Duration::from_secs(10), total: Duration::from_secs(30) };

/// The task's identity, for its answer.
struct Ticket {
    run: Arc<RunName>,
    task_token: Vec<u8>,
    attempt: i32,
    /// The run's first workflow task.
    first: bool,
}

/// What came of running a task.
enum Ran {
    Done(Done),
    Failed(TaskFailure),
    /// The history could not be read; nothing can be said about the task.
    Unreadable(ClientError),
}

impl Shared {
    /// Works on a task and on those that the server returns with its completion.
    pub(super) async fn handle_workflow_task(
        self: &Arc<Self>,
        task: PollWorkflowTaskQueueResponse,
        _slot: OwnedSemaphorePermit,
    ) {
        let mut next = Some(task);
        while let Some(task) = next {
            next = self.workflow_task(task).await;
        }
    }

    async fn workflow_task(
        self: &Arc<Self>,
        mut task: PollWorkflowTaskQueueResponse,
    ) -> Option<PollWorkflowTaskQueueResponse> {
        let execution = task.workflow_execution.take().unwrap_or_default();
        let run = Arc::new(RunName {
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            workflow_type: task.workflow_type.take().unwrap_or_default().name,
        });
        let ticket = Ticket {
            run,
            task_token: std::mem::take(&mut task.task_token),
            attempt: task.attempt,
            first: task.previous_started_event_id == 0,
        };
        let is_query = task.query.is_some();
        match self.run_workflow_task(&ticket.run, task).await {
            Ran::Done(Done { answer: Some(answer), .. }) if is_query => {
                self.answer_query(ticket, answer).await;
                None
            }
            Ran::Done(done) => self.complete_workflow_task(ticket, done).await,
            Ran::Failed(failure) if is_query => {
                tracing::warn!(%failure, "a query cannot be answered");
                self.answer_query(ticket, Err(failure.to_failure())).await;
                None
            }
            Ran::Failed(failure) => {
                self.fail_workflow_task(ticket, &failure).await;
                None
            }
            Ran::Unreadable(error) => {
                // The server offers the task again when it has timed out.
                tracing::warn!(run = %ticket.run, %error, "cannot read the history of a run");
                self.lanes.evict(&ticket.run.run_id);
                None
            }
        }
    }

    /// Feeds the run all of the task's history and runs the task, reading the history from its
    /// beginning if what is in memory does not fit.
    async fn run_workflow_task(
        &self,
        run: &Arc<RunName>,
        task: PollWorkflowTaskQueueResponse,
    ) -> Ran {
        let live = LiveTask {
            started_event_id: task.started_event_id,
            started: task
                .started_time
                .as_ref()
                .map_or_else(std::time::SystemTime::now, time_from_wire),
        };
        let mut finish = Some(Finish {
            live: task.query.is_none().then_some(live),
            queries: task.queries,
            query: task.query,
        });
        let workflow = WorkflowRef::run(&run.workflow_id, &run.run_id);
        let (mut history, mut token) = (task.history, task.next_page_token);
        let mut restart = history.as_ref().and_then(first_event) == Some(1);
        let mut restarted = false;
        loop {
            let reread = Finish::clone_of(finish.as_ref());
            let work = Work {
                run: run.clone(),
                restart,
                events: history.take().map(|history| history.events).unwrap_or_default(),
                finish: if token.is_empty() { finish.take() } else { None },
            };
            match self.lanes.work(work).await {
                Reply::Done(done) => return Ran::Done(done),
                Reply::Failed(failure) => return Ran::Failed(failure),
                Reply::Fed => restart = false,
                Reply::Stale if restarted => return Ran::Failed(gap(run)),
                reply @ (Reply::Stale | Reply::Lost) => {
                    restarted |= matches!(reply, Reply::Stale);
                    (restart, token, finish) = (true, Vec::new(), reread);
                }
            }
            match self.connection.history_page(&workflow, token).await {
                Ok(page) => (history, token) = (page.history, page.next_page_token),
                Err(error) => return Ran::Unreadable(error),
            }
        }
    }

    async fn complete_workflow_task(
        self: &Arc<Self>,
        ticket: Ticket,
        mut done: Done,
    ) -> Option<PollWorkflowTaskQueueResponse> {
        let reserved = self.reserve_eager(&mut done.commands);
        let request = RespondWorkflowTaskCompletedRequest {
            task_token: ticket.task_token.clone(),
            commands: done.commands,
            identity: self.connection.identity().into(),
            sticky_attributes: done.kept.then(|| self.sticky_attributes()),
            return_new_workflow_task: !self.stopping.is_cancelled(),
            query_results: done
                .answers
                .into_iter()
                .map(|(id, answer)| (id, query_result(answer)))
                .collect(),
            namespace: self.connection.namespace().into(),
            // Stored in the history; once is enough to know who wrote it.
            sdk_metadata: ticket.first.then(|| WorkflowTaskCompletedMetadata {
                sdk_name: "persevere-rust".into(),
                sdk_version: env!("CARGO_PKG_VERSION").into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        match self.send_completion(request).await {
            Ok(RespondWorkflowTaskCompletedResponse { workflow_task, activity_tasks, .. }) => {
                self.start_eager(activity_tasks, reserved);
                workflow_task.filter(|task| !task.task_token.is_empty())
            }
            Err(status) if is_too_large(&status) => {
                let (run, message) = (RunName::clone(&ticket.run), status.message().to_owned());
                self.fail_workflow_task(ticket, &TaskFailure::TooLarge { run, message }).await;
                None
            }
            Err(status) => {
                // Gone, refused or unknown: what the history says counts, not what is in memory.
                not_taken(&ticket, "a workflow task's completion", &status);
                self.lanes.evict(&ticket.run.run_id);
                None
            }
        }
    }

    async fn send_completion(
        &self,
        mut request: RespondWorkflowTaskCompletedRequest,
    ) -> Result<RespondWorkflowTaskCompletedResponse, Status> {
        let send = |request| {
            self.connection.try_call(COMPLETION, request, rpc!(respond_workflow_task_completed))
        };
        if request.query_results.is_empty() {
            return send(request).await;
        }
        match send(request.clone()).await {
            Err(status) if is_too_large(&status) => {
                for answer in request.query_results.values_mut() {
                    *answer = query_result(Err(too_large_an_answer(&status)));
                }
                send(request).await
            }
            sent => sent,
        }
    }

    fn sticky_attributes(&self) -> StickyExecutionAttributes {
        StickyExecutionAttributes {
            worker_task_queue: Some(self.sticky_task_queue()),
            schedule_to_start_timeout: Some(duration_to_wire(self.options.sticky_timeout)),
        }
    }

    pub(super) fn sticky_task_queue(&self) -> TaskQueue {
        TaskQueue {
            name: self.sticky_queue.clone(),
            kind: TaskQueueKind::Sticky.into(),
            normal_name: self.options.task_queue.clone(),
        }
    }

    /// Asks for activities to be handed over with the completion, as many as there are free slots
    /// for, and holds those slots.
    fn reserve_eager(&self, commands: &mut [Command]) -> Vec<OwnedSemaphorePermit> {
        let mut reserved = Vec::new();
        for command in commands {
            let Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) =
                &mut command.attributes
            else {
                continue;
            };
            let permit = if activity.request_eager_execution && self.may_run_eagerly(activity) {
                self.activity_slots.clone().try_acquire_owned().ok()
            } else {
                None
            };
            activity.request_eager_execution = permit.is_some();
            reserved.extend(permit);
        }
        reserved
    }

    async fn fail_workflow_task(&self, ticket: Ticket, failure: &TaskFailure) {
        tracing::warn!(attempt = ticket.attempt, %failure, "workflow task failed");
        self.scrutiny.report(failure);
        self.lanes.evict(&ticket.run.run_id);
        if ticket.attempt > 1 && !matches!(failure, TaskFailure::TooLarge { .. }) {
            return;
        }
        let request = RespondWorkflowTaskFailedRequest {
            task_token: ticket.task_token.clone(),
            cause: failure.cause().into(),
            failure: Some(failure.to_failure()),
            identity: self.connection.identity().into(),
            namespace: self.connection.namespace().into(),
            ..Default::default()
        };
        let failed =
            self.connection.try_call(COMPLETION, request, rpc!(respond_workflow_task_failed));
        if let Err(status) = failed.await {
            not_taken(&ticket, "a workflow task's failure", &status);
        }
    }

    async fn answer_query(&self, ticket: Ticket, answer: Result<Option<Payload>, Failure>) {
        let mut answered = self.send_answer(&ticket, answer).await;
        if let Err(status) = &answered
            && is_too_large(status)
        {
            let failure = too_large_an_answer(status);
            answered = self.send_answer(&ticket, Err(failure)).await;
        }
        if let Err(status) = answered {
            not_taken(&ticket, "the answer to a query", &status);
        }
    }

    async fn send_answer(
        &self,
        ticket: &Ticket,
        answer: Result<Option<Payload>, Failure>,
    ) -> Result<(), Status> {
        let WorkflowQueryResult { result_type, answer, error_message, failure } =
            query_result(answer);
        let request = RespondQueryTaskCompletedRequest {
            task_token: ticket.task_token.clone(),
            namespace: self.connection.namespace().to_owned(),
            completed_type: result_type,
            query_result: answer,
            error_message,
            failure,
            ..Default::default()
        };
        let answered =
            self.connection.try_call(COMPLETION, request, rpc!(respond_query_task_completed));
        answered.await.map(drop)
    }
}

/// What the server refuses for good is worth a warning; that a task is gone is everyday life.
fn not_taken(ticket: &Ticket, what: &str, status: &Status) {
    let (code, message) = (status.code(), status.message());
    if is_gone(status) {
        tracing::info!(run = %ticket.run, message, "the server no longer waits for {what}");
    } else {
        tracing::warn!(run = %ticket.run, ?code, message, "the server did not take {what}");
    }
}

fn too_large_an_answer(status: &Status) -> Failure {
    let message = format!("the answer is too large for the server: {}", status.message());
    application_failure(&message, "MessageTooLarge", true)
}

fn query_result(answer: Result<Option<Payload>, Failure>) -> WorkflowQueryResult {
    match answer {
        Ok(payload) => WorkflowQueryResult {
            result_type: QueryResultType::Answered.into(),
            answer: Some(Payloads { payloads: payload.into_iter().collect() }),
            ..Default::default()
        },
        Err(failure) => WorkflowQueryResult {
            result_type: QueryResultType::Failed.into(),
            error_message: failure.message.clone(),
            failure: Some(failure),
            ..Default::default()
        },
    }
}

impl Finish {
    /// A copy for the case that the history must be read again; queries are small and this is rare
    /// enough where there are any.
    fn clone_of(finish: Option<&Self>) -> Option<Self> {
        finish.map(|finish| Self {
            live: finish.live,
            queries: finish.queries.clone(),
            query: finish.query.clone(),
        })
    }
}

fn first_event(history: &History) -> Option<i64> {
    history.events.first().map(|event| event.event_id)
}

fn gap(run: &RunName) -> TaskFailure {
    let what = "events are missing although it was read from its beginning".into();
    TaskFailure::Damaged { run: run.clone(), event_id: 0, what }
}
