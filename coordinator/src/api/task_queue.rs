//! Task queues as seen from outside, and workers that come and go (semantics rules 123 and 124).

use std::collections::HashMap;

use persevere_engine::duration;
use persevere_proto::api::{
    enums::v1::{DescribeTaskQueueMode, RateLimitSource, TaskQueueType},
    taskqueue::v1::{
        PollerInfo, TaskQueuePartitionMetadata, TaskQueueStats, TaskQueueStatus, TaskQueueTypeInfo,
        TaskQueueVersionInfo,
    },
    workflowservice::v1::{
        DescribeTaskQueueRequest, DescribeTaskQueueResponse, ListTaskQueuePartitionsRequest,
        ListTaskQueuePartitionsResponse, PollNexusTaskQueueRequest, PollNexusTaskQueueResponse,
        RecordWorkerHeartbeatRequest, RecordWorkerHeartbeatResponse, ShutdownWorkerRequest,
        ShutdownWorkerResponse, describe_task_queue_response::EffectiveRateLimit,
    },
};
use tonic::{Request, Status};

use super::{check, deadline};
use crate::{Core, PollRequest, Poller, QueueDescription};

/// What a poller without a limit of its own is shown with, as by the reference server.
const UNLIMITED_PER_SECOND: f64 = 100_000.0;

/// See the protocol.
pub(super) async fn describe_task_queue(
    core: &Core,
    request: Request<DescribeTaskQueueRequest>,
) -> Result<DescribeTaskQueueResponse, Status> {
    let request = request.into_inner();
    check::namespace(core, &request.namespace)?;
    let queue = check::task_queue(request.task_queue.as_ref())?.name.clone();
    let describe = |kind: TaskQueueType| {
        let activities = kind == TaskQueueType::Activity;
        core.dispatch.describe(&request.namespace, &queue, activities)
    };
    let enhanced = request.api_mode() == DescribeTaskQueueMode::Enhanced;
    if enhanced {
        return Ok(enhanced_description(&request, describe));
    }
    let found = describe(request.task_queue_type());
    let backlog = i64::try_from(found.backlog).unwrap_or(i64::MAX);
    #[expect(deprecated, reason = "older clients still ask for it")]
    let wants_status = request.include_task_queue_status;
    #[expect(deprecated, reason = "older clients still read it")]
    Ok(DescribeTaskQueueResponse {
        stats: request.report_stats.then(|| stats(&found)),
        pollers: found.pollers.into_iter().map(poller).collect(),
        task_queue_status: wants_status.then(|| TaskQueueStatus {
            backlog_count_hint: backlog,
            rate_per_second: UNLIMITED_PER_SECOND,
            ..TaskQueueStatus::default()
        }),
        effective_rate_limit: Some(EffectiveRateLimit {
            requests_per_second: UNLIMITED_PER_SECOND as f32,
            rate_limit_source: RateLimitSource::System as i32,
        }),
        ..DescribeTaskQueueResponse::default()
    })
}

/// The same for both kinds of tasks at once; we know one version of workers only.
fn enhanced_description(
    request: &DescribeTaskQueueRequest,
    describe: impl Fn(TaskQueueType) -> QueueDescription,
) -> DescribeTaskQueueResponse {
    #[expect(deprecated, reason = "the command line still asks this way")]
    let (kinds, pollers) = (&request.task_queue_types, request.report_pollers);
    let both = [TaskQueueType::Workflow, TaskQueueType::Activity];
    let asked = |kind: &TaskQueueType| kinds.is_empty() || kinds.contains(&(*kind as i32));
    let types_info = both.into_iter().filter(asked).map(|kind| {
        let found = describe(kind);
        let info = TaskQueueTypeInfo {
            stats: request.report_stats.then(|| stats(&found)),
            pollers: found.pollers.into_iter().filter(|_| pollers).map(poller).collect(),
        };
        (kind as i32, info)
    });
    let version = TaskQueueVersionInfo { types_info: types_info.collect(), ..Default::default() };
    DescribeTaskQueueResponse {
        versions_info: HashMap::from([(String::new(), version)]),
        ..DescribeTaskQueueResponse::default()
    }
}

fn stats(found: &QueueDescription) -> TaskQueueStats {
    TaskQueueStats {
        approximate_backlog_count: i64::try_from(found.backlog).unwrap_or(i64::MAX),
        approximate_backlog_age: Some(duration(found.backlog_age)),
        tasks_add_rate: found.add_rate as f32,
        tasks_dispatch_rate: found.dispatch_rate as f32,
        ..TaskQueueStats::default()
    }
}

#[expect(deprecated, reason = "clients show a worker's build by it")]
fn poller(poller: Poller) -> PollerInfo {
    PollerInfo {
        last_access_time: Some(poller.last_access.into()),
        identity: poller.identity,
        rate_per_second: poller.max_tasks_per_second.unwrap_or(UNLIMITED_PER_SECOND),
        worker_version_capabilities: poller.worker_capabilities,
        ..PollerInfo::default()
    }
}

/// See the protocol. A queue is never split here: it is its own only partition.
pub(super) async fn list_task_queue_partitions(
    core: &Core,
    request: Request<ListTaskQueuePartitionsRequest>,
) -> Result<ListTaskQueuePartitionsResponse, Status> {
    let request = request.into_inner();
    check::namespace(core, &request.namespace)?;
    let key = check::task_queue(request.task_queue.as_ref())?.name.clone();
    let partition = TaskQueuePartitionMetadata { key, owner_host_name: "localhost".into() };
    Ok(ListTaskQueuePartitionsResponse {
        activity_task_queue_partitions: vec![partition.clone()],
        workflow_task_queue_partitions: vec![partition],
    })
}

/// See the protocol. There are no Nexus tasks yet; workers poll for them all the same, and must
/// neither spin nor fail.
pub(super) async fn poll_nexus_task_queue(
    core: &Core,
    request: Request<PollNexusTaskQueueRequest>,
) -> Result<PollNexusTaskQueueResponse, Status> {
    let deadline = deadline::of_poll(&request)?;
    let request = request.into_inner();
    check::namespace(core, &request.namespace)?;
    check::identity(&request.identity)?;
    let queue = check::task_queue(request.task_queue.as_ref())?.name.clone();
    let poll = PollRequest {
        namespace: request.namespace,
        queue,
        identity: request.identity,
        worker_instance: request.worker_instance_key,
        ..PollRequest::default()
    };
    core.dispatch.poll_nothing(poll, deadline).await;
    Ok(PollNexusTaskQueueResponse::default())
}

/// See the protocol.
pub(super) async fn shutdown_worker(
    core: &Core,
    request: Request<ShutdownWorkerRequest>,
) -> Result<ShutdownWorkerResponse, Status> {
    let request = request.into_inner();
    check::namespace(core, &request.namespace)?;
    let (sticky, instance) = (&request.sticky_task_queue, &request.worker_instance_key);
    core.dispatch.shutdown_worker(&request.namespace, sticky, instance);
    Ok(ShutdownWorkerResponse::default())
}

/// See the protocol. Taken and not kept: `worker_heartbeats` is not among our capabilities.
pub(super) async fn record_worker_heartbeat(
    core: &Core,
    request: Request<RecordWorkerHeartbeatRequest>,
) -> Result<RecordWorkerHeartbeatResponse, Status> {
    check::namespace(core, &request.into_inner().namespace)?;
    Ok(RecordWorkerHeartbeatResponse::default())
}
