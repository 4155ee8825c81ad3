//! Starting workflows: StartWorkflowExecution and SignalWithStartWorkflowExecution
//! (semantics rules 4 to 14).

use persevere_engine::{Reply, Start, StartedReply, Status as RunStatus};
use persevere_proto::api::{
    common::v1::{
        Link,
        link::{
            Variant, WorkflowEvent,
            workflow_event::{EventReference, Reference, RequestIdReference},
        },
    },
    enums::v1::{
        EventType, WorkflowExecutionStatus, WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
    },
    workflowservice::v1::{
        SignalWithStartWorkflowExecutionRequest, SignalWithStartWorkflowExecutionResponse,
        SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest,
        StartWorkflowExecutionResponse,
    },
};
use tonic::{Request, Status};

use super::{
    check,
    status::{invalid, unexpected},
    workflow_task,
};
use crate::{Answer, Core, Target};

/// See the protocol.
pub(super) async fn start_workflow_execution(
    core: &Core,
    request: Request<StartWorkflowExecutionRequest>,
) -> Result<StartWorkflowExecutionResponse, Status> {
    let request = checked(core, request.into_inner())?;
    let (namespace, workflow_id) = (request.namespace.clone(), request.workflow_id.clone());
    let request_id = request.request_id.clone();
    let start = Start { request: Box::new(request), signal: None, parent: None };
    let mut answer = core.shards.start(&namespace, start).await?;
    let reply = started(&mut answer)?;
    let status = if reply.running {
        WorkflowExecutionStatus::Running
    } else {
        status_of(core, Target::new(&namespace, &workflow_id, &reply.run_id)).await?
    };
    let reference = if reply.attached {
        request_reference(request_id, EventType::WorkflowExecutionOptionsUpdated)
    } else {
        started_reference()
    };
    let eager = reply.eager_task.map(|task| {
        let history = answer.history.take().unwrap_or_default();
        workflow_task::task(&answer.run, answer.workflow_type.clone(), *task, history, 0)
    });
    Ok(StartWorkflowExecutionResponse {
        link: Some(link(&namespace, &workflow_id, &reply.run_id, reference)),
        run_id: reply.run_id,
        first_execution_run_id: reply.first_run_id,
        started: reply.started,
        status: status as i32,
        eager_workflow_task: eager,
    })
}

/// See the protocol.
pub(super) async fn signal_with_start_workflow_execution(
    core: &Core,
    request: Request<SignalWithStartWorkflowExecutionRequest>,
) -> Result<SignalWithStartWorkflowExecutionResponse, Status> {
    let request = request.into_inner();
    check::required(&request.signal_name, "signal not set")?;
    if request.signal_name.len() > 1000 {
        let length = request.signal_name.len();
        let message = format!("signal name exceeds maximum allowed length ({length}/1000)");
        return Err(invalid(message));
    }
    check::payloads(&core.limits, request.signal_input.as_ref())?;
    if request.workflow_id_conflict_policy() == WorkflowIdConflictPolicy::Fail {
        return Err(invalid(
            "Invalid WorkflowIDConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_FAIL is not supported \
             for this operation.",
        ));
    }
    let workflow_type = request.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
    check::required(workflow_type, "workflow type not set")?;
    let (start, mut signal) = split(request);
    let start = checked(core, start)?;
    signal.request_id.clone_from(&start.request_id);
    let (namespace, workflow_id) = (start.namespace.clone(), start.workflow_id.clone());
    let request_id = start.request_id.clone();
    let start = Start { request: Box::new(start), signal: Some(Box::new(signal)), parent: None };
    let reply = started(&mut core.shards.start(&namespace, start).await?)?;
    let reference = request_reference(request_id, EventType::WorkflowExecutionSignaled);
    Ok(SignalWithStartWorkflowExecutionResponse {
        signal_link: Some(link(&namespace, &workflow_id, &reply.run_id, reference)),
        run_id: reply.run_id,
        first_execution_run_id: reply.first_run_id,
        started: reply.started,
    })
}

/// A start whose form is right, with what the client may leave to the server filled in.
fn checked(
    core: &Core,
    mut request: StartWorkflowExecutionRequest,
) -> Result<StartWorkflowExecutionRequest, Status> {
    let namespace = check::namespace(core, &request.namespace)?;
    check::workflow_id(&request.workflow_id)?;
    check::retry_policy(request.retry_policy.as_ref())?;
    let delay = request.workflow_start_delay.as_ref();
    check::timeout(delay, "WorkflowStartDelaySeconds")?;
    if delay.is_some() && !request.cron_schedule.is_empty() {
        return Err(invalid("CronSchedule and WorkflowStartDelay may not be used together."));
    }
    let timeouts = [
        (&request.workflow_execution_timeout, "WorkflowExecutionTimeoutSeconds"),
        (&request.workflow_run_timeout, "WorkflowRunTimeoutSeconds"),
        (&request.workflow_task_timeout, "WorkflowTaskTimeoutSeconds"),
    ];
    for (timeout, field) in timeouts {
        check::timeout(timeout.as_ref(), field)?;
    }
    let workflow_type = request.workflow_type.as_ref().map_or("", |kind| kind.name.as_str());
    check::required(workflow_type, "WorkflowType is not set on request.")?;
    check::short(workflow_type, "WorkflowType length exceeds limit.")?;
    request.task_queue = Some(check::normal_task_queue(request.task_queue.as_ref())?);
    check::request_id(&request.request_id)?;
    policies(&request)?;
    check::priority(request.priority.as_ref())?;
    check::search_attributes(&namespace.name, request.search_attributes.as_ref())?;
    check::payloads(&core.limits, request.input.as_ref())?;
    check::memo(&core.limits, request.memo.as_ref())?;
    refuse_what_is_missing(&request)?;
    if request.request_id.is_empty() {
        request.request_id = fresh_id();
    }
    Ok(request)
}

/// Policies that contradict each other (semantics rule 8).
fn policies(request: &StartWorkflowExecutionRequest) -> Result<(), Status> {
    use WorkflowIdConflictPolicy as Conflict;
    use WorkflowIdReusePolicy as Reuse;
    let conflict = request.workflow_id_conflict_policy();
    let problem = match request.workflow_id_reuse_policy() {
        reuse if reuse == terminate_if_running() && conflict != Conflict::Unspecified => {
            "WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be used together with a \
             WorkflowIDConflictPolicy"
        }
        Reuse::RejectDuplicate if conflict == Conflict::TerminateExisting => {
            "WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE cannot be used together with \
             WorkflowIdConflictPolicy WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING"
        }
        _ => return Ok(()),
    };
    Err(invalid(format!("Invalid WorkflowIDReusePolicy: {problem}")))
}

/// Features that would be ignored in silence otherwise. The RPC as such is there, so this is not
/// `UNIMPLEMENTED`.
fn refuse_what_is_missing(request: &StartWorkflowExecutionRequest) -> Result<(), Status> {
    if !request.cron_schedule.is_empty() {
        return Err(missing("CronSchedule"));
    }
    if !request.completion_callbacks.is_empty() {
        return Err(missing("CompletionCallbacks"));
    }
    if request.versioning_override.is_some() {
        return Err(missing("VersioningOverride"));
    }
    if request.time_skipping_config.is_some() {
        return Err(missing("TimeSkippingConfig"));
    }
    Ok(())
}

fn missing(field: &str) -> Status {
    invalid(format!("{field} is not supported by this server."))
}

/// The two halves of signal with start. By default the signal goes to the run that is open.
fn split(
    request: SignalWithStartWorkflowExecutionRequest,
) -> (StartWorkflowExecutionRequest, SignalWorkflowExecutionRequest) {
    let conflict = match request.workflow_id_conflict_policy() {
        WorkflowIdConflictPolicy::Unspecified
            if request.workflow_id_reuse_policy() != terminate_if_running() =>
        {
            WorkflowIdConflictPolicy::UseExisting as i32
        }
        stated => stated as i32,
    };
    let signal = SignalWorkflowExecutionRequest {
        namespace: request.namespace.clone(),
        workflow_execution: None,
        signal_name: request.signal_name,
        input: request.signal_input,
        identity: request.identity.clone(),
        request_id: String::new(),
        header: request.header.clone(),
        links: request.links.clone(),
        ..SignalWorkflowExecutionRequest::default()
    };
    let start = StartWorkflowExecutionRequest {
        namespace: request.namespace,
        workflow_id: request.workflow_id,
        workflow_type: request.workflow_type,
        task_queue: request.task_queue,
        input: request.input,
        workflow_execution_timeout: request.workflow_execution_timeout,
        workflow_run_timeout: request.workflow_run_timeout,
        workflow_task_timeout: request.workflow_task_timeout,
        identity: request.identity,
        request_id: request.request_id,
        workflow_id_reuse_policy: request.workflow_id_reuse_policy,
        workflow_id_conflict_policy: conflict,
        retry_policy: request.retry_policy,
        cron_schedule: request.cron_schedule,
        memo: request.memo,
        search_attributes: request.search_attributes,
        header: request.header,
        workflow_start_delay: request.workflow_start_delay,
        user_metadata: request.user_metadata,
        links: request.links,
        versioning_override: request.versioning_override,
        priority: request.priority,
        time_skipping_config: request.time_skipping_config,
        ..StartWorkflowExecutionRequest::default()
    };
    (start, signal)
}

#[expect(deprecated, reason = "older clients still send it")]
fn terminate_if_running() -> WorkflowIdReusePolicy {
    WorkflowIdReusePolicy::TerminateIfRunning
}

fn started(answer: &mut Answer) -> Result<StartedReply, Status> {
    match std::mem::replace(&mut answer.reply, Reply::Done) {
        Reply::Started(reply) => Ok(reply),
        other => Err(unexpected("a start", &other)),
    }
}

async fn status_of(core: &Core, run: Target) -> Result<WorkflowExecutionStatus, Status> {
    Ok(match &core.shards.view(run).await?.execution.recorded.status {
        RunStatus::Running => WorkflowExecutionStatus::Running,
        RunStatus::Closed(closed) => closed.status,
    })
}

fn fresh_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn started_reference() -> Reference {
    let event_type = EventType::WorkflowExecutionStarted as i32;
    Reference::EventRef(EventReference { event_id: 1, event_type })
}

/// An event that may have no id yet, by the request that caused it.
pub(super) fn request_reference(request_id: String, event_type: EventType) -> Reference {
    Reference::RequestIdRef(RequestIdReference { request_id, event_type: event_type as i32 })
}

/// A link to an event, as responses carry it.
pub(super) fn link(namespace: &str, workflow_id: &str, run_id: &str, reference: Reference) -> Link {
    let event = WorkflowEvent {
        namespace: namespace.to_owned(),
        workflow_id: workflow_id.to_owned(),
        run_id: run_id.to_owned(),
        reference: Some(reference),
    };
    Link { variant: Some(Variant::WorkflowEvent(event)) }
}
