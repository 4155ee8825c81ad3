//! What the code of an activity can know and do: its task, heartbeats, cancellation.
//!
//! The context is that of the activity's own task. It does not reach tasks that the activity spawns:
//! give them a clone of [`context`].

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::payload::{self, EncodeError};
use crate::worker::{ActivityContext, CancelReason};

tokio::task_local! {
    static CONTEXT: ActivityContext;
}

/// Runs an activity's future in its context.
pub(crate) fn within<F: Future>(
    context: ActivityContext,
    activity: F,
) -> impl Future<Output = F::Output> {
    CONTEXT.scope(context, activity)
}

/// The running activity; `None` elsewhere, such as in a unit test of the plain function.
#[must_use]
pub fn context() -> Option<ActivityContext> {
    CONTEXT.try_with(Clone::clone).ok()
}

/// Reports progress, so that a worker's death is noticed within the heartbeat timeout and the next
/// attempt can go on from `details`. Outside of an activity it does nothing.
///
/// # Errors
/// `details` has no JSON form.
pub fn heartbeat<T: Serialize>(details: &T) -> Result<(), EncodeError> {
    let details = payload::encode(details, "the heartbeat's details")?;
    if let Some(context) = context() {
        context.heartbeat(vec![details]);
    }
    Ok(())
}

/// The details of the last attempt's last heartbeat; `None` at the first attempt, or if they are of
/// another type.
#[must_use]
pub fn last_heartbeat<T: DeserializeOwned>() -> Option<T> {
    let context = context()?;
    let details = context.info().heartbeat_details.first()?;
    payload::decode(Some(details), "the heartbeat's details").ok()
}

/// Waits until this activity should stop, and says why. Only an activity that sends heartbeats
/// learns that its workflow cancelled it. Outside of an activity it waits for ever.
pub async fn cancelled() -> CancelReason {
    match context() {
        Some(context) => context.cancelled().await,
        None => std::future::pending().await,
    }
}

/// Which attempt this is: 1 for the first, and outside of an activity.
#[must_use]
pub fn attempt() -> u32 {
    context().map_or(1, |context| context.info().attempt)
}
