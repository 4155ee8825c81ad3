//! Signals and cancel requests to other executions.
use crate::command_run::{BadCommand, CommandRun};
use persevere_proto::api::command::v1::*;

/// Carries out `SignalExternalWorkflowExecution`.
pub(crate) fn signal(
    _run: &mut CommandRun<'_, '_>,
    _c: SignalExternalWorkflowExecutionCommandAttributes,
) -> Result<(), BadCommand> {
    todo!()
}
/// Carries out `RequestCancelExternalWorkflowExecution`.
pub(crate) fn request_cancel(
    _run: &mut CommandRun<'_, '_>,
    _c: RequestCancelExternalWorkflowExecutionCommandAttributes,
) -> Result<(), BadCommand> {
    todo!()
}
