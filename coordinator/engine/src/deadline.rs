//! Deadlines that have passed, in the order in which they were due.

use crate::{
    activity, close,
    context::Context,
    rejection::Rejection,
    reply::Reply,
    state::Execution,
    time::Time,
    timer,
    transition::{Draft, Transition},
    workflow_task,
};

/// See `Command::Tick`. A tick before any deadline changes nothing.
///
/// One transition takes everything that is due, also what has become due by what came before it,
/// so that a coordinator that was down for a day catches up in one step.
pub(crate) fn tick(execution: &Execution, context: &Context<'_>) -> Result<Transition, Rejection> {
    let mut draft = Draft::of(execution, context);
    while let Some(due) = next_due(&draft) {
        match due {
            Due::Run => close::time_out(&mut draft),
            Due::FirstTask => {
                draft.overlay().first_task_at = None;
                workflow_task::ensure_scheduled(&mut draft);
            }
            Due::Timer => timer::tick(&mut draft),
            Due::Activity => activity::tick(&mut draft),
            Due::WorkflowTask => workflow_task::time_out(&mut draft),
        }
    }
    Ok(draft.finish(Reply::Done))
}

/// What is due; at the same moment the earlier kind comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Run,
    FirstTask,
    Timer,
    Activity,
    WorkflowTask,
}

fn next_due(draft: &Draft<'_>) -> Option<Due> {
    let execution = &draft.execution;
    if !execution.is_running() {
        return None;
    }
    let deadlines: [(Option<Time>, Due); 6] = [
        (execution.run_deadline(), Due::Run),
        (execution.execution_deadline(), Due::Run),
        (execution.overlay.first_task_at, Due::FirstTask),
        (timer::deadline(execution), Due::Timer),
        (activity::deadline(execution), Due::Activity),
        (workflow_task::deadline(execution), Due::WorkflowTask),
    ];
    let due = deadlines.into_iter().filter_map(|(at, due)| Some((at?, due)));
    due.min().filter(|(at, _)| *at <= draft.context.now).map(|(_, due)| due)
}
