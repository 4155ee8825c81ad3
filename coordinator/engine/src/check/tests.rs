use persevere_proto::api::history::v1::{
    ActivityTaskCompletedEventAttributes, ActivityTaskScheduledEventAttributes,
    ActivityTaskStartedEventAttributes, TimerFiredEventAttributes, TimerStartedEventAttributes,
    WorkflowExecutionCompletedEventAttributes, WorkflowExecutionStartedEventAttributes,
    WorkflowTaskCompletedEventAttributes, WorkflowTaskScheduledEventAttributes,
    WorkflowTaskStartedEventAttributes, history_event::Attributes,
};

use super::*;

/// A workflow task (2 to 4), an activity (5, 7, 8), a timer (6, 9).
fn attributes() -> Vec<Attributes> {
    use Attributes as A;
    vec![
        A::WorkflowExecutionStartedEventAttributes(
            WorkflowExecutionStartedEventAttributes::default(),
        ),
        A::WorkflowTaskScheduledEventAttributes(WorkflowTaskScheduledEventAttributes::default()),
        A::WorkflowTaskStartedEventAttributes(WorkflowTaskStartedEventAttributes {
            scheduled_event_id: 2,
            ..Default::default()
        }),
        A::WorkflowTaskCompletedEventAttributes(WorkflowTaskCompletedEventAttributes {
            scheduled_event_id: 2,
            started_event_id: 3,
            ..Default::default()
        }),
        A::ActivityTaskScheduledEventAttributes(ActivityTaskScheduledEventAttributes {
            workflow_task_completed_event_id: 4,
            ..Default::default()
        }),
        A::TimerStartedEventAttributes(TimerStartedEventAttributes {
            workflow_task_completed_event_id: 4,
            ..Default::default()
        }),
        A::ActivityTaskStartedEventAttributes(ActivityTaskStartedEventAttributes {
            scheduled_event_id: 5,
            ..Default::default()
        }),
        A::ActivityTaskCompletedEventAttributes(ActivityTaskCompletedEventAttributes {
            scheduled_event_id: 5,
            started_event_id: 7,
            ..Default::default()
        }),
        timer_fired(6),
    ]
}

fn timer_fired(started_event_id: i64) -> Attributes {
    Attributes::TimerFiredEventAttributes(TimerFiredEventAttributes {
        started_event_id,
        ..Default::default()
    })
}

fn workflow_task_scheduled() -> Attributes {
    let scheduled = WorkflowTaskScheduledEventAttributes::default();
    Attributes::WorkflowTaskScheduledEventAttributes(scheduled)
}

fn completed(by: i64) -> Attributes {
    let completed = WorkflowExecutionCompletedEventAttributes {
        workflow_task_completed_event_id: by,
        ..Default::default()
    };
    Attributes::WorkflowExecutionCompletedEventAttributes(completed)
}

fn history(attributes: Vec<Attributes>) -> Vec<HistoryEvent> {
    let events = attributes.into_iter().zip(1..).map(|(attributes, event_id)| HistoryEvent {
        event_id,
        event_type: attributes.event_type().into(),
        attributes: Some(attributes),
        ..HistoryEvent::default()
    });
    events.collect()
}

/// What the checker says of the sample history followed by `more`.
fn problems(more: impl IntoIterator<Item = Attributes>) -> Vec<String> {
    let all = attributes().into_iter().chain(more).collect();
    let found = check_history(&history(all)).err().unwrap_or_default();
    found.iter().map(Violation::to_string).collect()
}

#[test]
fn a_history_that_can_be_passes() {
    assert_eq!(problems([]), Vec::<String>::new());
    assert_eq!(problems([completed(4)]), Vec::<String>::new());
}

#[test]
fn what_ends_twice_is_reported() {
    assert_eq!(
        problems([timer_fired(6)]),
        ["event 10 (EVENT_TYPE_TIMER_FIRED): event 9 has ended this timer before"]
    );
}

#[test]
fn an_end_must_refer_to_what_it_ends() {
    assert_eq!(
        problems([timer_fired(5)]),
        ["event 10 (EVENT_TYPE_TIMER_FIRED): event 5 opens no timer"]
    );
}

#[test]
fn nothing_follows_a_closing_event() {
    let found = problems([completed(4), workflow_task_scheduled()]);
    assert_eq!(
        found,
        [
            "event 10 (EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED): the run goes on after this closing event"
        ]
    );
}

#[test]
fn a_command_belongs_to_a_completion() {
    assert_eq!(
        problems([completed(3)]),
        [
            "event 10 (EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED): event 3 is no completion of a workflow task"
        ]
    );
}

#[test]
fn two_workflow_tasks_cannot_be_open() {
    let found = problems([workflow_task_scheduled(), workflow_task_scheduled()]);
    assert_eq!(
        found,
        [
            "event 11 (EVENT_TYPE_WORKFLOW_TASK_SCHEDULED): the workflow task of event 10 is still open"
        ]
    );
}

#[test]
fn the_started_event_of_an_activity_is_named_right() {
    let mut all = attributes();
    all.remove(6);
    let found = check_history(&history(all)).unwrap_err();
    assert_eq!(found[0].problem, "the activity was started by event 0, not 7");
}

#[test]
fn ids_are_contiguous_and_begin_with_the_start() {
    let mut events = history(attributes());
    events.remove(0);
    let found = check_history(&events).unwrap_err();
    assert_eq!(found[0].problem, "the first event must start the run");
    assert_eq!(found[1].problem, "it should have id 1");
    assert_eq!(check_history(&[]).unwrap_err()[0].problem, "the history is empty");
}
