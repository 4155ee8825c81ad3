//! Workflow tasks, by what they leave in the history.

mod rig;

use std::time::Duration;

use expect_test::expect;
use persevere_engine::{Command, Durability, QueueName, Rejection};
use rig::{QUEUE, Rig, answer, commands::*, sticky_answer, sticky_queue};

const SECOND: Duration = Duration::from_secs(1);

/// Semantics rules 1, 21 and 24.
#[test]
fn a_run_walks_from_start_to_completion() {
    let mut rig = Rig::start();
    rig.step([marker("note")]);
    rig.signal("go").unwrap();
    rig.step([complete()]);
    expect![[r#"
         1 WorkflowExecutionStarted
         2 WorkflowTaskScheduled on queue, attempt 1
         3 WorkflowTaskStarted of 2
         4 WorkflowTaskCompleted of 2, 3
         5 MarkerRecorded note
         6 WorkflowExecutionSignaled go
         7 WorkflowTaskScheduled on queue, attempt 1
         8 WorkflowTaskStarted of 7
         9 WorkflowTaskCompleted of 7, 8
        10 WorkflowExecutionCompleted
    "#]]
    .assert_eq(&rig.told());
    assert!(rig.tasks().is_empty());
    assert_eq!(rig.execution.next_deadline(), None);
}

/// Semantics rule 22.
#[test]
fn news_before_the_start_goes_with_the_task_that_waits() {
    let mut rig = Rig::start();
    rig.signal("one").unwrap();
    rig.signal("two").unwrap();
    rig.step([]);
    expect![[r#"
        1 WorkflowExecutionStarted
        2 WorkflowTaskScheduled on queue, attempt 1
        3 WorkflowExecutionSignaled one
        4 WorkflowExecutionSignaled two
        5 WorkflowTaskStarted of 2
        6 WorkflowTaskCompleted of 2, 5
    "#]]
    .assert_eq(&rig.told().replace("\n ", "\n").trim_start().to_owned());
}
