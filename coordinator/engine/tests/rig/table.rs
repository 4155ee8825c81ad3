//! Transition tables for the docs: what each command does in each state, found out by doing it.

use persevere_engine::{Rejection, Reply, Task};

use super::{Rig, render};

/// A state, by how a run gets there.
pub type State = (&'static str, fn() -> Rig);
/// A command, sent to a run.
pub type Action = (&'static str, fn(&mut Rig) -> Result<Reply, Rejection>);

/// A Markdown page: one row a state, one column a command. A cell shows the events that the
/// command leaves, and the tasks that wait for a worker afterwards.
pub fn page(title: &str, about: &str, states: &[State], actions: &[Action]) -> String {
    let mut page = format!(
        "# {title}\n\nPrinted by a test; do not edit (`UPDATE_EXPECT=1 cargo test -p \
         persevere-engine`).\n\n{about}\n\n"
    );
    for (action, act) in actions {
        page += &format!(
            "## {action}\n\n| In this state | it leaves | and then waits |\n|---|---|---|\n"
        );
        for (state, reach) in states {
            page += &row(state, reach(), *act);
        }
        page.push('\n');
    }
    page.trim_end().to_owned() + "\n"
}

fn row(state: &str, mut rig: Rig, act: fn(&mut Rig) -> Result<Reply, Rejection>) -> String {
    let (before, runs) = (rig.history.len(), rig.with.len());
    let answer = act(&mut rig);
    let mut left = match &answer {
        Err(rejection) => format!("refused: {rejection}"),
        Ok(_) if rig.history.len() == before => buffered(&rig).to_owned(),
        Ok(_) => render::kinds(&rig.history[before..]),
    };
    if let Ok(Reply::Refused(rejection)) = &answer {
        left += &format!("; refused: {rejection}");
    }
    if rig.with.len() > runs {
        left += "; a next run begins";
    }
    format!("| {state} | {left} | {} |\n", waiting(&rig))
}

fn buffered(rig: &Rig) -> &'static str {
    if rig.execution.overlay.buffer.is_empty() { "nothing" } else { "an event in the buffer" }
}

fn waiting(rig: &Rig) -> String {
    if !rig.execution.is_running() {
        return "nothing: closed".into();
    }
    let tasks = rig.tasks().into_iter().map(|task| match task {
        Task::Workflow { queue, attempt, .. } => {
            format!("workflow task on `{}`, attempt {attempt}", queue.name)
        }
        Task::Activity { attempt, .. } => format!("activity task, attempt {attempt}"),
    });
    let tasks: Vec<_> = tasks.collect();
    if tasks.is_empty() { "nothing".into() } else { tasks.join("; ") }
}
