//! Heartbeats of one activity attempt: the newest details, no more often than needed, and what the
//! server's answers mean.

use std::time::Duration;

use persevere_proto::api::{
    common::v1::Payloads,
    workflowservice::v1::{
        RecordActivityTaskHeartbeatRequest, RecordActivityTaskHeartbeatResponse,
    },
};

use super::{ActivityContext, CancelReason};
use crate::client::{Connection, Limits, is_gone, rpc};

/// The part of the heartbeat timeout between two heartbeats that are sent: enough to spare the
/// server, little enough to leave room for one retry.
const PART_OF_TIMEOUT: f64 = 0.8;

/// Sends what the activity reports until it has finished or been told to stop for good.
pub(super) async fn send_heartbeats(
    connection: &Connection,
    context: &ActivityContext,
    longest_interval: Duration,
) {
    let info = context.info();
    let interval = info
        .heartbeat_timeout
        .map_or(longest_interval, |timeout| timeout.mul_f64(PART_OF_TIMEOUT).min(longest_interval));
    loop {
        let details = context.next_beat().await;
        let request = RecordActivityTaskHeartbeatRequest {
            task_token: info.task_token.clone(),
            details: (!details.is_empty()).then_some(Payloads { payloads: details }),
            identity: connection.identity().into(),
            namespace: connection.namespace().into(),
            ..Default::default()
        };
        let limits = Limits { attempt: Duration::from_secs(5), total: interval };
        let beat = connection.try_call(limits, request, rpc!(record_activity_task_heartbeat));
        match beat.await {
            Ok(answer) => {
                if let Some(reason) = reason(&answer) {
                    context.cancel(reason);
                }
            }
            Err(status) if is_gone(&status) => return context.cancel(CancelReason::Gone),
            Err(status) => {
                tracing::info!(activity = info.activity_type, id = info.activity_id,
                    code = ?status.code(), message = status.message(), "a heartbeat was lost");
            }
        }
        tokio::time::sleep(interval).await;
    }
}

fn reason(answer: &RecordActivityTaskHeartbeatResponse) -> Option<CancelReason> {
    if answer.cancel_requested {
        Some(CancelReason::Requested)
    } else if answer.activity_paused {
        Some(CancelReason::Paused)
    } else if answer.activity_reset {
        Some(CancelReason::Reset)
    } else {
        None
    }
}
