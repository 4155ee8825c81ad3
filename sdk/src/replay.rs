//! Replays recorded histories against today's code, without a server.
//!
//! A history replays if the code, given the recorded events, asks for exactly the recorded things in
//! the recorded order. Replay runs no activity and sends nothing. It runs on a thread of its own,
//! outside of any async runtime, as workflows do in a worker.

mod json;

use std::{path::PathBuf, thread};

use persevere_proto::api::history::v1::{History, HistoryEvent, history_event::Attributes};

pub use self::json::{HistoryJsonError, history_from_json, history_to_json};
use crate::definition::{WorkflowDefinition, WorkflowImplementation};
pub use crate::runtime::task_failure::{Mismatch, RunName, TaskFailure};
use crate::runtime::{
    execution::{Execution, FeedError},
    spec::WorkflowRegistration,
};

/// Why a history does not replay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayMismatch {
    /// The code did something else than the history records, or failed on the way.
    #[error(transparent)]
    Task(#[from] TaskFailure),
    /// The history is not one of a run from its first event on.
    #[error("not a workflow history: {0}")]
    NotAHistory(String),
    /// The history is of another workflow type.
    #[error("the history is of workflow type {recorded}, not {registered}")]
    OtherType {
        /// The type in the history.
        recorded: String,
        /// The type of the code.
        registered: String,
    },
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no history in JSON.
    #[error("{path}: {source}", path = path.display())]
    Json {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<HistoryJsonError>,
    },
}

/// Replays one history; its run may be open or closed.
///
/// # Errors
/// The first difference between the code and the history.
pub fn replay_history(
    registration: &WorkflowRegistration,
    history: History,
) -> Result<(), ReplayMismatch> {
    let run = run_name(history.events.first())?;
    if run.workflow_type != registration.name {
        return Err(ReplayMismatch::OtherType {
            recorded: run.workflow_type,
            registered: registration.name.clone().into_owned(),
        });
    }
    thread::scope(|scope| {
        let replay = scope.spawn(|| replay_here(registration, run, history));
        replay.join().expect("replay catches the panics of user code")
    })
}

/// Replays one history of the annotated workflow `W`; its run may be open or closed.
///
/// # Errors
/// The first difference between the code and the history.
pub fn replay<W: WorkflowImplementation>(history: History) -> Result<(), ReplayMismatch> {
    replay_history(&WorkflowDefinition::of::<W>().register(), history)
}

/// Replays a file written by `temporal workflow show --output json`.
///
/// # Errors
/// The file cannot be read or does not replay.
pub fn replay_file(
    registration: &WorkflowRegistration,
    path: impl Into<PathBuf>,
) -> Result<(), ReplayMismatch> {
    let path = path.into();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(ReplayMismatch::File { path, source }),
    };
    let history = history_from_json(&text)
        .map_err(|source| ReplayMismatch::Json { path, source: Box::new(source) })?;
    replay_history(registration, history)
}

fn replay_here(
    registration: &WorkflowRegistration,
    run: RunName,
    history: History,
) -> Result<(), ReplayMismatch> {
    let mut execution = Execution::new(run, "replay", "replay", registration.clone());
    match execution.feed(history.events) {
        Ok(()) => Ok(execution.expect_all_recorded()?),
        Err(FeedError::Task(failure)) => Err(failure.into()),
        Err(FeedError::Stale) => {
            let at = execution.last_event_id() + 1;
            Err(ReplayMismatch::NotAHistory(format!("event {at} is missing")))
        }
    }
}

fn run_name(first: Option<&HistoryEvent>) -> Result<RunName, ReplayMismatch> {
    let first = first.ok_or_else(|| ReplayMismatch::NotAHistory("it is empty".into()))?;
    match &first.attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(a)) => Ok(RunName {
            workflow_id: a.workflow_id.clone(),
            run_id: a.original_execution_run_id.clone(),
            workflow_type: a.workflow_type.as_ref().map(|t| t.name.clone()).unwrap_or_default(),
        }),
        _ => {
            let message = format!("its first event, {}, is no start", first.event_id);
            Err(ReplayMismatch::NotAHistory(message))
        }
    }
}
