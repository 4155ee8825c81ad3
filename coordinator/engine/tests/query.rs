//! Queries: where they are asked, and who answers.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod rig;

use std::time::Duration;

use expect_test::expect;
use persevere_engine::{
    Command, Notice, Query, QueryAnswer, QueryId, QueryRoute, Rejection, Reply,
};
use persevere_proto::api::{
    enums::v1::{QueryRejectCondition, QueryResultType, ResourceExhaustedCause},
    query::v1::{WorkflowQuery, WorkflowQueryResult},
    workflowservice::v1::{RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest},
};
use rig::{Rig, answer, commands::*, seconds, start_request, sticky_answer, sticky_queue};

const SECOND: Duration = Duration::from_secs(1);

fn ask(rig: &mut Rig, id: u64) -> Result<QueryRoute, Rejection> {
    ask_unless(rig, id, QueryRejectCondition::None)
}

fn ask_unless(
    rig: &mut Rig,
    id: u64,
    reject_condition: QueryRejectCondition,
) -> Result<QueryRoute, Rejection> {
    let query = Query {
        id: QueryId(id),
        query: WorkflowQuery { query_type: "state".into(), ..Default::default() },
        reject_condition,
        deadline: rig.now.plus(10 * SECOND),
    };
    match rig.send(Command::Query(query))? {
        Reply::Query(route) => Ok(route),
        reply => panic!("not the route of a query: {reply:?}"),
    }
}

fn answered(id: u64, text: &str) -> RespondWorkflowTaskCompletedRequest {
    let result = WorkflowQueryResult {
        result_type: QueryResultType::Answered as i32,
        answer: Some(payloads(text)),
        ..Default::default()
    };
    RespondWorkflowTaskCompletedRequest {
        query_results: [(QueryId(id).to_string(), result)].into(),
        ..answer([])
    }
}

/// Where a query goes in each state of a run.
#[test]
fn a_query_is_routed_by_what_the_run_waits_for() {
    let mut table = String::new();
    let mut tell = |state: &str, rig: &mut Rig| {
        let before = rig.history.len();
        let route = match ask(rig, 1) {
            Ok(QueryRoute::Direct(direct)) if direct.sticky.is_some() => {
                "asked of the sticky worker".into()
            }
            Ok(QueryRoute::Direct(_)) => "asked directly".into(),
            Ok(QueryRoute::Buffered) => "waits for the workflow task".into(),
            Ok(QueryRoute::Rejected(_)) => "rejected".into(),
            Err(rejection) => format!("refused: {rejection}"),
        };
        assert_eq!(rig.history.len(), before, "a query leaves no trace (rule 94)");
        table += &format!("{state}: {route}\n");
    };

    tell("before the first task", &mut Rig::start());
    let delayed =
        StartWorkflowExecutionRequest { workflow_start_delay: seconds(60), ..start_request() };
    tell("first task due too late", &mut Rig::start_with(delayed));
    let mut never_ran = Rig::start();
    never_ran.terminate().unwrap();
    tell("closed before the first task", &mut never_ran);

    let mut idle = Rig::start();
    idle.step([]);
    tell("no task pending", &mut idle);
    let mut sticky = Rig::start();
    let task = sticky.poll();
    sticky.complete_with(&task, sticky_answer([])).unwrap();
    tell("no task pending, cached", &mut sticky);
    let mut pending = Rig::start();
    pending.step([]);
    pending.signal("go").unwrap();
    tell("a task waits", &mut pending);
    let mut started = Rig::start();
    started.step([]);
    started.signal("go").unwrap();
    started.poll();
    tell("a task is started", &mut started);
    let mut failing = Rig::start();
    for _ in 0..2 {
        let task = failing.poll();
        failing.fail_task(&task).unwrap();
    }
    tell("the task failed twice", &mut failing);
    let mut closed = Rig::start();
    closed.step([complete()]);
    tell("closed", &mut closed);
    expect![[r#"
        before the first task: waits for the workflow task
        first task due too late: refused: Workflow task is not scheduled yet.
        closed before the first task: refused: Workflow execution closed before WorkflowTaskStarted event
        no task pending: asked directly
        no task pending, cached: asked of the sticky worker
        a task waits: waits for the workflow task
        a task is started: waits for the workflow task
        the task failed twice: refused: Unable to query workflow due to Workflow Task in failed state.
        closed: asked directly
    "#]]
    .assert_eq(&table);
}

/// Semantics rule 86.
#[test]
fn a_query_may_be_rejected_by_the_status() {
    use QueryRejectCondition as R;
    let mut open = Rig::start();
    open.step([]);
    let mut completed = Rig::start();
    completed.step([complete()]);
    let mut failed = Rig::start();
    failed.step([fail()]);
    let table = [
        (&mut open, [false, false, false]),
        (&mut completed, [false, true, false]),
        (&mut failed, [false, true, true]),
    ];
    for (rig, rejects) in table {
        for (condition, rejects) in
            [R::None, R::NotOpen, R::NotCompletedCleanly].iter().zip(rejects)
        {
            let route = ask_unless(rig, 1, *condition).unwrap();
            assert_eq!(matches!(route, QueryRoute::Rejected(_)), rejects, "{condition:?}");
        }
    }
}

/// Semantics rule 91.
#[test]
fn a_query_travels_with_the_task_and_is_answered_with_it() {
    let mut rig = Rig::start();
    assert_eq!(ask(&mut rig, 7).unwrap(), QueryRoute::Buffered);
    let full = ask(&mut rig, 8).unwrap_err();
    let busy = ResourceExhaustedCause::BusyWorkflow;
    assert!(matches!(full, Rejection::ResourceExhausted { cause, .. } if cause == busy));
    let task = rig.poll();
    assert_eq!(task.queries.keys().copied().collect::<Vec<_>>(), [QueryId(7)]);
    rig.complete_with(&task, answered(7, "fine")).unwrap();
    let answer = QueryAnswer::Answered(Some(payloads("fine")));
    assert_eq!(rig.notices, [Notice::QueryAnswered(QueryId(7), answer)]);
}

/// Semantics rule 92.
#[test]
fn a_query_without_an_answer_goes_with_the_next_task_or_is_asked_directly() {
    let mut rig = Rig::start();
    let task = rig.poll();
    ask(&mut rig, 7).unwrap();
    rig.signal("go").unwrap();
    rig.complete(&task, []).unwrap();
    let task = rig.poll();
    assert_eq!(task.queries.len(), 1, "the next task carries it");
    rig.complete(&task, []).unwrap();
    assert_eq!(rig.notices, [Notice::DispatchQuery(QueryId(7))]);
}

/// Semantics rule 92, for runs that close.
#[test]
fn a_query_outlives_the_run_it_waited_for() {
    let mut rig = Rig::start();
    rig.step([]);
    rig.signal("go").unwrap();
    ask(&mut rig, 7).unwrap();
    rig.terminate().unwrap();
    assert_eq!(rig.notices, [Notice::DispatchQuery(QueryId(7))]);
    assert!(matches!(ask(&mut rig, 8), Ok(QueryRoute::Direct(_))));
}

/// A caller that left makes room for the next.
#[test]
fn an_abandoned_query_is_forgotten() {
    let mut rig = Rig::start();
    ask(&mut rig, 7).unwrap();
    rig.send(Command::AbandonQuery(QueryId(7))).unwrap();
    assert!(rig.poll().queries.is_empty());
    ask(&mut rig, 8).unwrap();
}

/// Semantics rule 90.
#[test]
fn a_direct_query_names_the_sticky_queue_first() {
    let mut rig = Rig::start();
    let task = rig.poll();
    rig.complete_with(&task, sticky_answer([])).unwrap();
    let Ok(QueryRoute::Direct(direct)) = ask(&mut rig, 1) else { panic!("no task is pending") };
    assert_eq!(direct.sticky, Some((sticky_queue(), 5 * SECOND)));
    assert_eq!((direct.history_to, direct.previous_started_event_id), (4, 3));
    rig.send(Command::ResetSticky).unwrap();
    let Ok(QueryRoute::Direct(direct)) = ask(&mut rig, 2) else { panic!("no task is pending") };
    assert_eq!(direct.sticky, None);
}
