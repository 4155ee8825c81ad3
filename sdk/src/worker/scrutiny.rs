//! What a test wants of its worker beyond what options say.
//!
//! A worker in service has none of it: [`Scrutiny::default`].

use tokio::sync::watch;

use crate::runtime::task_failure::TaskFailure;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(crate) struct Scrutiny {
    /// Replay runs from their first event more often than memory demands.
    pub(crate) prove_replay: bool,
    /// Gets the message of the first workflow task that fails.
    pub(crate) failed_task: Option<watch::Sender<Option<String>>>,
}

impl Scrutiny {
    /// Tells of a failed task, as soon as it is known here.
    pub(super) fn report(&self, failure: &TaskFailure) {
        let Some(failed_task) = &self.failed_task else { return };
        failed_task.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert_with(|| failure.to_string());
            is_first
        });
    }
}
