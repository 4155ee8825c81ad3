//! What workers report of an attempt: success, failure, or that it gave in to cancellation.

use persevere_proto::api::{
    failure::v1::{Failure, failure::FailureInfo},
    history::v1::{
        ActivityTaskCanceledEventAttributes, ActivityTaskCompletedEventAttributes,
        ActivityTaskFailedEventAttributes, history_event::Attributes,
    },
    workflowservice::v1::{
        RespondActivityTaskCanceledRequest, RespondActivityTaskCompletedRequest,
        RespondActivityTaskFailedRequest,
    },
};
use prost::Message as _;

use super::{attempt, close::close, recorded, resolve, resolve_running, retry};
use crate::{
    command::ActivityTarget,
    context::Context,
    failure::{bounded, server_failure},
    rejection::Rejection,
    reply::Reply,
    state::Execution,
    transition::{Draft, Transition},
};

/// See `Command::CompleteActivity`. A result too large to store is a failure (rule 78).
pub(crate) fn complete(
    execution: &Execution,
    target: &ActivityTarget,
    request: RespondActivityTaskCompletedRequest,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let id = resolve(execution, target)?;
    let mut draft = Draft::of(execution, context);
    let result = request.result;
    if result.as_ref().is_some_and(|it| it.encoded_len() > context.limits.blob_size) {
        let id = resolve_running(execution, target)?;
        let failure = server_failure("Complete result exceeds size limit.", true);
        attempt_failed(&mut draft, id, Some(failure), &request.identity);
        return Ok(draft.finish(Reply::Done));
    }
    let identity = request.identity.clone();
    close(&mut draft, id, Some(&identity), |started_event_id| {
        let completed = ActivityTaskCompletedEventAttributes {
            result,
            scheduled_event_id: id,
            started_event_id,
            identity: request.identity,
            ..ActivityTaskCompletedEventAttributes::default()
        };
        Attributes::ActivityTaskCompletedEventAttributes(completed)
    });
    Ok(draft.finish(Reply::Done))
}

/// See `Command::FailActivity`: either there is a next attempt, or the activity failed.
pub(crate) fn fail(
    execution: &Execution,
    target: &ActivityTarget,
    request: RespondActivityTaskFailedRequest,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let info = request.failure.as_ref().map(|failure| &failure.failure_info);
    if info.is_some_and(|it| !matches!(it, Some(FailureInfo::ApplicationFailureInfo(_)))) {
        return Err(Rejection::InvalidArgument("Failure must have ApplicationFailureInfo.".into()));
    }
    let id = resolve_running(execution, target)?;
    let mut draft = Draft::of(execution, context);
    let details = request.last_heartbeat_details;
    if details.as_ref().is_some_and(|it| it.encoded_len() <= context.limits.blob_size) {
        attempt::record_heartbeat(&mut draft, id, details);
    }
    let failure = request.failure.map(|failure| bounded(failure, context.limits.blob_size));
    attempt_failed(&mut draft, id, failure, &request.identity);
    Ok(draft.finish(Reply::Done))
}

/// An attempt failed: tries again if that is allowed, else closes the activity.
pub(super) fn attempt_failed(
    draft: &mut Draft<'_>,
    id: i64,
    failure: Option<Failure>,
    identity: &str,
) {
    let decision = retry::decide(&draft.execution, id, failure.as_ref(), draft.context.now);
    let retry_state = match decision {
        Ok(until) => {
            let now = draft.context.now;
            retry::back_off(draft, id, failure, until);
            let progress = draft.overlay().activities.get_mut(&id);
            progress.expect("it backs off").last_completed = Some(now);
            return;
        }
        Err(retry_state) => retry_state,
    };
    close(draft, id, None, |started_event_id| {
        let failed = ActivityTaskFailedEventAttributes {
            failure,
            scheduled_event_id: id,
            started_event_id,
            identity: identity.to_owned(),
            retry_state: retry_state.into(),
            ..ActivityTaskFailedEventAttributes::default()
        };
        Attributes::ActivityTaskFailedEventAttributes(failed)
    });
}

/// See `Command::CancelActivity`: only if the workflow has asked for it (semantics rule 75).
pub(crate) fn cancel(
    execution: &Execution,
    target: &ActivityTarget,
    request: RespondActivityTaskCanceledRequest,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let id = resolve_running(execution, target)?;
    let mut draft = Draft::of(execution, context);
    let details = request.details;
    if details.as_ref().is_some_and(|it| it.encoded_len() > context.limits.blob_size) {
        let failure = server_failure("Cancel details exceed size limit.", true);
        attempt_failed(&mut draft, id, Some(failure), &request.identity);
        return Ok(draft.finish(Reply::Done));
    }
    let Some(requested) = recorded(execution, id).cancel_requested else {
        return Err(Rejection::InvalidArgument(
            "unable to mark activity as canceled without activity being request canceled first"
                .into(),
        ));
    };
    close(&mut draft, id, None, |started_event_id| {
        let canceled = ActivityTaskCanceledEventAttributes {
            details,
            latest_cancel_requested_event_id: requested,
            scheduled_event_id: id,
            started_event_id,
            identity: request.identity,
            ..ActivityTaskCanceledEventAttributes::default()
        };
        Attributes::ActivityTaskCanceledEventAttributes(canceled)
    });
    Ok(draft.finish(Reply::Done))
}
