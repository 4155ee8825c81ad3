//! Timeouts of a run, defaulted and fitted into one another (semantics rule 11).

use std::time::Duration;

use crate::limits::Limits;

/// Longer spans are cut to this: a hundred years are for ever.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// What holds for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// Of the chain of runs; `None` for none.
    pub(crate) execution: Option<Duration>,
    /// Of the run; `None` for none.
    pub(crate) run: Option<Duration>,
    /// Of one workflow task.
    pub(crate) task: Duration,
}

/// A run lasts no longer than its chain, and a workflow task no longer than its run.
pub(crate) fn normalise(
    execution: Option<Duration>,
    run: Option<Duration>,
    task: Option<Duration>,
    limits: &Limits,
) -> Timeouts {
    let execution = execution.map(|timeout| timeout.min(LONGEST));
    let run = run.map(|timeout| timeout.min(LONGEST));
    let run = match (run, execution) {
        (Some(run), Some(execution)) => Some(run.min(execution)),
        (run, execution) => run.or(execution),
    };
    let task = task.unwrap_or(limits.workflow_task_timeout_default);
    let task = task.min(limits.workflow_task_timeout_max).min(run.unwrap_or(Duration::MAX));
    Timeouts { execution, run, task }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_fits_into_its_chain_and_a_task_into_its_run() {
        let seconds = |n: u64| (n > 0).then(|| Duration::from_secs(n));
        // execution, run, task asked for => run, task that hold; 0 stands for none
        let table = [
            ((0, 0, 0), (0, 10)),
            ((50, 100, 0), (50, 10)),
            ((50, 0, 0), (50, 10)),
            ((50, 20, 30), (20, 20)),
            ((6, 5, 0), (5, 5)),
            ((0, 0, 500), (0, 120)),
            ((0, 6_307_200_000, 0), (3_153_600_000, 10)),
        ];
        for ((execution, run, task), (run_holds, task_holds)) in table {
            let limits = Limits::default();
            let holds = normalise(seconds(execution), seconds(run), seconds(task), &limits);
            let expected = Timeouts {
                execution: seconds(execution),
                run: seconds(run_holds),
                task: Duration::from_secs(task_holds),
            };
            assert_eq!(holds, expected, "asked for {execution} {run} {task}");
        }
    }
}
