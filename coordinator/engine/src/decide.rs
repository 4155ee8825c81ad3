//! The one door: which concern decides which command.

use crate::{
    activity, cancel, child, command::Command, context::Context, deadline, history_limit, outcome,
    query, rejection::Rejection, signal, state::Execution, terminate, transition::Transition,
    workflow_task,
};

/// Decides one command on one execution. Equal inputs give equal transitions.
///
/// # Errors
/// If the command is refused; then nothing has changed.
pub fn decide(
    execution: &Execution,
    command: Command,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let decided = by_concern(execution, command, context)?;
    Ok(history_limit::enforce(execution, decided, context))
}

fn by_concern(
    execution: &Execution,
    command: Command,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    match command {
        Command::StartWorkflowTask(start) => workflow_task::start(execution, start, context),
        Command::CompleteWorkflowTask(complete) => {
            workflow_task::complete(execution, complete, context)
        }
        Command::FailWorkflowTask(token, request) => {
            workflow_task::fail(execution, token, *request, context)
        }
        Command::ResetSticky => workflow_task::reset_sticky(execution, context),
        Command::ReleaseFirstWorkflowTask => workflow_task::release_first(execution, context),
        Command::StartActivity(start) => activity::start(execution, start, context),
        Command::CompleteActivity(target, request) => {
            activity::complete(execution, &target, *request, context)
        }
        Command::FailActivity(target, request) => {
            activity::fail(execution, &target, *request, context)
        }
        Command::CancelActivity(target, request) => {
            activity::cancel(execution, &target, *request, context)
        }
        Command::HeartbeatActivity(target, request) => {
            activity::heartbeat(execution, &target, *request, context)
        }
        Command::Signal(signal) => signal::receive(execution, signal, context),
        Command::RequestCancel(cancel) => cancel::request(execution, cancel, context),
        Command::Terminate(terminate) => terminate::terminate(execution, terminate, context),
        Command::Query(query) => query::route(execution, query, context),
        Command::AbandonQuery(id) => Ok(query::abandon(execution, id, context)),
        Command::Tick => deadline::tick(execution, context),
        Command::Outcome(number, outcome) => outcome::take(execution, number, outcome, context),
        Command::ChildClosed(closed) => child::closed(execution, closed, context),
    }
}
