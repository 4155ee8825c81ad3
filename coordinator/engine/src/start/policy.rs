//! What stands in the way of a start, and what the policies make of it (semantics rules 4 to 8).

use persevere_proto::api::enums::v1::{
    EventType, WorkflowExecutionStatus, WorkflowIdConflictPolicy as Conflict,
    WorkflowIdReusePolicy as Reuse,
};

use crate::{
    command::Start,
    rejection::Rejection,
    state::{Execution, Status},
};

/// What a start comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The latest run was started by this very request.
    Repeated,
    /// This request is attached to the latest run.
    Attached,
    /// The open run gets the signal.
    Signal,
    /// The open run is used instead.
    Use,
    /// A new run, and the open one is terminated.
    Displace,
    /// A new run.
    Begin,
}

/// Judges a start by the latest run of its workflow id.
pub(super) fn judge(latest: &Execution, start: &Start) -> Result<Verdict, Rejection> {
    let request = &start.request;
    if let Some(known) = latest.recorded.request_ids.get(&request.request_id) {
        let started = known.event_type == EventType::WorkflowExecutionStarted;
        if start.signal.is_none() || (started && !latest.is_running()) {
            return Ok(if started { Verdict::Repeated } else { Verdict::Attached });
        }
    }
    let reuse = request.workflow_id_reuse_policy();
    #[expect(deprecated, reason = "older clients still send it (semantics rule 8)")]
    let displaces = reuse == Reuse::TerminateIfRunning;
    match &latest.recorded.status {
        Status::Running => match request.workflow_id_conflict_policy() {
            _ if displaces => Ok(Verdict::Displace),
            Conflict::TerminateExisting => Ok(Verdict::Displace),
            _ if start.signal.is_some() => Ok(Verdict::Signal),
            Conflict::UseExisting => Ok(Verdict::Use),
            Conflict::Unspecified | Conflict::Fail => {
                Err(taken(latest, "Workflow execution is already running.", ""))
            }
        },
        Status::Closed(closed) => judge_closed(latest, reuse, closed.status),
    }
}

fn judge_closed(
    latest: &Execution,
    reuse: Reuse,
    status: WorkflowExecutionStatus,
) -> Result<Verdict, Rejection> {
    use WorkflowExecutionStatus as S;
    match reuse {
        Reuse::AllowDuplicateFailedOnly if matches!(status, S::Completed | S::ContinuedAsNew) => {
            let policy = "allow duplicate workflow Id if last run failed.";
            Err(taken(latest, "Workflow execution already finished successfully.", policy))
        }
        Reuse::RejectDuplicate => {
            let policy = "reject duplicate workflow Id.";
            Err(taken(latest, "Workflow execution already finished.", policy))
        }
        _ => Ok(Verdict::Begin),
    }
}

fn taken(latest: &Execution, what: &str, policy: &str) -> Rejection {
    let (id, run) = (&latest.key.workflow_id, &latest.key.run_id);
    let mut message = format!("{what} WorkflowId: {id}, RunId: {run}.");
    if !policy.is_empty() {
        message.push_str(" Workflow Id reuse policy: ");
        message.push_str(policy);
    }
    let starter = latest
        .recorded
        .request_ids
        .iter()
        .find(|(_, request)| request.event_type == EventType::WorkflowExecutionStarted);
    Rejection::AlreadyStarted {
        message,
        start_request_id: starter.map(|(id, _)| id.clone()).unwrap_or_default(),
        run_id: latest.key.run_id.clone(),
        first_run_id: latest.recorded.started.first_execution_run_id.clone(),
    }
}
