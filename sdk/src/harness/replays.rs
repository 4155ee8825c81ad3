//! The last proof of a test: what its workflows did is what they would do again.
//!
//! Deliberately not here: the replays while the workflows run, which are the worker's
//! (`Scrutiny::prove_replay`).

use super::fakes::Fakes;
use crate::client::{Client, WorkflowRef};
use crate::definition::WorkflowDefinition;
use crate::replay;

/// Replays the history of every run of the test's world, open or closed.
///
/// # Panics
/// A run does not replay.
pub(super) async fn replay_all(client: &Client, fakes: &Fakes) {
    let runs = client.list("").await.expect("an empty filter is valid");
    for run in runs {
        let name = run.r#type.map(|kind| kind.name).unwrap_or_default();
        let workflow = inventory::iter::<WorkflowDefinition>.into_iter().find(|it| it.name == name);
        let Some(workflow) = workflow.filter(|_| !fakes.is_mocked(&name)) else { continue };
        let execution = run.execution.unwrap_or_default();
        let run = WorkflowRef::run(&execution.workflow_id, &execution.run_id);
        let history = client.fetch_history(&run).await.expect("the run was just listed");
        if let Err(mismatch) = replay::replay_history(&workflow.register(), history) {
            panic!("a workflow does not replay: {mismatch}");
        }
    }
}
