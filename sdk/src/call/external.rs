//! Another workflow, seen from within a workflow: it can be signalled and cancelled.

use std::future::Future;
use std::panic::Location;

use crate::failure::RemoteFailure;
use crate::payload;
use crate::runtime::spec::{CancelExternalSpec, ExternalTarget, SignalExternalSpec};
use crate::runtime::surface;
use crate::{Error, Result, Signal};

/// Another workflow, by its id, as a workflow sees it.
#[derive(Clone, Debug)]
pub struct ExternalWorkflow {
    target: ExternalTarget,
}

/// Another workflow, by its id: to signal or cancel it from within a workflow.
///
/// ```
/// use persevere::prelude::*;
///
/// #[signal]
/// struct Approve { by: String }
///
/// #[workflow]
/// async fn approve_for(workflow_id: String) -> Result<()> {
///     persevere::external(workflow_id).signal(Approve { by: "a robot".into() }).await
/// }
/// ```
pub fn external(workflow_id: impl Into<String>) -> ExternalWorkflow {
    let workflow_id = workflow_id.into();
    ExternalWorkflow { target: ExternalTarget { workflow_id, ..Default::default() } }
}

impl ExternalWorkflow {
    pub(super) fn child(workflow_id: &str) -> Self {
        let workflow_id = workflow_id.to_owned();
        Self { target: ExternalTarget { workflow_id, child_only: true, ..Default::default() } }
    }

    /// Sends it a signal and waits until that is delivered.
    ///
    /// # Errors
    /// There is no such workflow, or it has closed.
    #[track_caller]
    pub fn signal<S: Signal>(&self, signal: S) -> impl Future<Output = Result<()>> + use<S> {
        let (target, location) = (self.target.clone(), Location::caller());
        async move {
            let input = vec![payload::encode(&signal, &format!("signal `{}`", S::NAME))?];
            let spec = SignalExternalSpec { target, name: S::NAME.to_owned(), input, location };
            done(surface::signal_external(spec).await)
        }
    }

    /// Asks it to stop and waits until that is delivered.
    ///
    /// # Errors
    /// There is no such workflow, or it has closed.
    #[track_caller]
    pub fn cancel(&self, reason: &str) -> impl Future<Output = Result<()>> + use<> {
        async fn cancel(spec: CancelExternalSpec) -> Result<()> {
            done(surface::cancel_external(spec).await)
        }
        let (target, location) = (self.target.clone(), Location::caller());
        cancel(CancelExternalSpec { target, reason: reason.to_owned(), location })
    }
}

fn done<T>(
    result: std::result::Result<T, persevere_proto::api::failure::v1::Failure>,
) -> Result<()> {
    result.map(drop).map_err(|failure| Error::from(RemoteFailure::new(failure)))
}
