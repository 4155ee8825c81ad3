//! DescribeWorkflowExecution: one run, with everything that is pending in it.

use persevere_engine::{
    Activity, ActivityProgress, ActivityStage, Execution, Status as RunStatus, Time, WorkflowTask,
    duration, span,
};
use persevere_proto::{
    api::{
        activity::v1::ActivityOptions,
        common::v1::{RetryPolicy, WorkflowType},
        enums::v1::{
            EventType, PendingActivityState, PendingWorkflowTaskState, WorkflowExecutionStatus,
        },
        taskqueue::v1::TaskQueue,
        workflow::v1::{
            PendingActivityInfo, PendingChildExecutionInfo, PendingWorkflowTaskInfo, RequestIdInfo,
            ResetPoints, WorkflowExecutionConfig, WorkflowExecutionExtendedInfo,
            WorkflowExecutionInfo,
        },
        workflowservice::v1::{
            DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse,
        },
    },
    wkt::Timestamp,
};
use tonic::{Request, Status};

use super::workflow::target;
use crate::{Core, View};

/// The first moment of year 1: how the reference server says that a run never times out.
const NEVER: Timestamp = Timestamp { seconds: -62_135_596_800, nanos: 0 };

/// See the protocol.
pub(super) async fn describe_workflow_execution(
    core: &Core,
    request: Request<DescribeWorkflowExecutionRequest>,
) -> Result<DescribeWorkflowExecutionResponse, Status> {
    let request = request.into_inner();
    let target = target(core, &request.namespace, request.execution.as_ref())?;
    let View { execution, transitions } = core.shards.view(target).await?;
    let started = &execution.recorded.started;
    Ok(DescribeWorkflowExecutionResponse {
        execution_config: Some(WorkflowExecutionConfig {
            task_queue: started.task_queue.clone(),
            workflow_execution_timeout: started.workflow_execution_timeout,
            workflow_run_timeout: started.workflow_run_timeout,
            default_workflow_task_timeout: started.workflow_task_timeout,
            user_metadata: execution.recorded.user_metadata.clone(),
        }),
        workflow_execution_info: Some(info(&execution, transitions)),
        pending_activities: pending_activities(&execution),
        pending_children: pending_children(&execution),
        pending_workflow_task: pending_workflow_task(&execution),
        workflow_extended_info: Some(extended_info(&execution)),
        ..DescribeWorkflowExecutionResponse::default()
    })
}

#[expect(deprecated, reason = "clients still show the worker's build by it")]
fn info(execution: &Execution, transitions: i64) -> WorkflowExecutionInfo {
    let recorded = &execution.recorded;
    let started = &recorded.started;
    let (status, close_time) = match &recorded.status {
        RunStatus::Running => (WorkflowExecutionStatus::Running, None),
        RunStatus::Closed(closed) => (closed.status, Some(closed.time)),
    };
    let execution_time = execution.first_task_due();
    let key = execution.key.execution();
    WorkflowExecutionInfo {
        r#type: Some(WorkflowType {
            name: started.workflow_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default(),
        }),
        start_time: Some(recorded.started_time.into()),
        close_time: close_time.map(Timestamp::from),
        status: status as i32,
        history_length: recorded.next_event_id - 1,
        parent_namespace_id: started.parent_workflow_namespace_id.clone(),
        parent_execution: started.parent_workflow_execution.clone(),
        execution_time: Some(execution_time.into()),
        memo: Some(recorded.memo.clone()),
        search_attributes: Some(recorded.search_attributes.clone()),
        most_recent_worker_version_stamp: recorded.worker_version.clone(),
        auto_reset_points: Some(ResetPoints { points: recorded.reset_points.clone() }),
        task_queue: execution.task_queue().name,
        state_transition_count: transitions,
        history_size_bytes: recorded.history_bytes,
        execution_duration: close_time.map(|time| duration(time.since(execution_time))),
        root_execution: started.root_workflow_execution.clone().or_else(|| Some(key.clone())),
        first_run_id: started.first_execution_run_id.clone(),
        priority: started.priority.clone(),
        execution: Some(key),
        ..WorkflowExecutionInfo::default()
    }
}

fn extended_info(execution: &Execution) -> WorkflowExecutionExtendedInfo {
    let requests = execution.recorded.request_ids.iter();
    WorkflowExecutionExtendedInfo {
        execution_expiration_time: execution.execution_deadline().map(Timestamp::from),
        run_expiration_time: Some(execution.run_deadline().map_or(NEVER, Timestamp::from)),
        cancel_requested: execution.recorded.cancel_requested.is_some(),
        original_start_time: Some(execution.recorded.started_time.into()),
        request_id_infos: requests
            .map(|(id, request)| {
                let info = RequestIdInfo {
                    event_type: request.event_type as i32,
                    event_id: request.event_id,
                    buffered: false,
                };
                (id.clone(), info)
            })
            .filter(|(_, info)| info.event_type != EventType::WorkflowExecutionSignaled as i32)
            .collect(),
        ..WorkflowExecutionExtendedInfo::default()
    }
}

fn pending_workflow_task(execution: &Execution) -> Option<PendingWorkflowTaskInfo> {
    let (scheduled, started_time) = match &execution.overlay.workflow_task {
        WorkflowTask::None => return None,
        WorkflowTask::Scheduled(scheduled) => (scheduled, None),
        WorkflowTask::Started(started) => (&started.scheduled, Some(started.started_time)),
    };
    let state = match started_time {
        None => PendingWorkflowTaskState::Scheduled,
        Some(_) => PendingWorkflowTaskState::Started,
    };
    Some(PendingWorkflowTaskInfo {
        state: state as i32,
        scheduled_time: Some(scheduled.scheduled_time.into()),
        original_scheduled_time: Some(scheduled.scheduled_time.into()),
        started_time: started_time.map(Timestamp::from),
        attempt: attempt(scheduled.attempt),
    })
}

fn pending_children(execution: &Execution) -> Vec<PendingChildExecutionInfo> {
    let children = execution.recorded.children.iter();
    children
        .map(|(initiated_id, child)| PendingChildExecutionInfo {
            workflow_id: child.initiated.workflow_id.clone(),
            run_id: child.started.as_ref().map(|(_, run)| run.clone()).unwrap_or_default(),
            workflow_type_name: child
                .initiated
                .workflow_type
                .as_ref()
                .map(|kind| kind.name.clone())
                .unwrap_or_default(),
            initiated_id: *initiated_id,
            parent_close_policy: child.initiated.parent_close_policy,
        })
        .collect()
}

fn pending_activities(execution: &Execution) -> Vec<PendingActivityInfo> {
    let progress = execution.overlay.activities.iter();
    progress
        .filter_map(|(id, progress)| Some((execution.recorded.activities.get(id)?, progress)))
        .map(|(activity, progress)| pending_activity(activity, progress))
        .collect()
}

fn pending_activity(activity: &Activity, progress: &ActivityProgress) -> PendingActivityInfo {
    let scheduled = &activity.scheduled;
    let state = match progress.stage {
        _ if activity.cancel_requested.is_some() => PendingActivityState::CancelRequested,
        ActivityStage::Started(_) => PendingActivityState::Started,
        ActivityStage::Scheduled { .. } | ActivityStage::BackingOff { .. } => {
            PendingActivityState::Scheduled
        }
    };
    let mut info = PendingActivityInfo {
        activity_id: scheduled.activity_id.clone(),
        activity_type: scheduled.activity_type.clone(),
        state: state as i32,
        heartbeat_details: progress.heartbeat_details.clone(),
        last_heartbeat_time: progress.last_heartbeat.map(Timestamp::from),
        attempt: attempt(progress.attempt),
        maximum_attempts: scheduled.retry_policy.as_ref().map_or(0, |p| p.maximum_attempts),
        expiration_time: span(scheduled.schedule_to_close_timeout.as_ref())
            .map(|timeout| activity.scheduled_time.plus(timeout).into()),
        last_failure: progress.last_failure.clone(),
        last_worker_identity: progress.last_worker.clone(),
        last_attempt_complete_time: progress.last_completed.map(Timestamp::from),
        priority: scheduled.priority.clone(),
        activity_options: Some(options(activity)),
        ..PendingActivityInfo::default()
    };
    match &progress.stage {
        ActivityStage::Scheduled { at } => info.scheduled_time = Some((*at).into()),
        ActivityStage::BackingOff { until } => {
            info.scheduled_time = Some((*until).into());
            info.next_attempt_schedule_time = Some((*until).into());
            info.current_retry_interval =
                progress.last_completed.map(|ended: Time| duration(until.since(ended)));
        }
        ActivityStage::Started(running) => {
            info.scheduled_time = Some(running.scheduled_time.into());
            info.last_started_time = Some(running.started_time.into());
            info.last_worker_identity.clone_from(&running.identity);
        }
    }
    info
}

fn options(activity: &Activity) -> ActivityOptions {
    let scheduled = &activity.scheduled;
    let queue = scheduled.task_queue.as_ref().map(|queue| queue.name.clone()).unwrap_or_default();
    ActivityOptions {
        // The reference server's way to say: a normal queue.
        task_queue: Some(TaskQueue { name: queue.clone(), kind: 0, normal_name: queue }),
        schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
        schedule_to_start_timeout: scheduled.schedule_to_start_timeout,
        start_to_close_timeout: scheduled.start_to_close_timeout,
        heartbeat_timeout: scheduled.heartbeat_timeout,
        retry_policy: scheduled
            .retry_policy
            .clone()
            .map(|policy| RetryPolicy { non_retryable_error_types: Vec::new(), ..policy }),
        priority: scheduled.priority.clone(),
        ..ActivityOptions::default()
    }
}

/// Attempts as the protocol counts them.
pub(super) fn attempt(attempt: u32) -> i32 {
    i32::try_from(attempt).unwrap_or(i32::MAX)
}
