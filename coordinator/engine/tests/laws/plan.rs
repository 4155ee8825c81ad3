//! Random plans: what may happen to a run, as data that shrinks well.
//!
//! Indices are taken modulo what there is, so that every plan can be carried out; some refer to
//! what is gone by then, which is the point.

use proptest::{collection::vec, prelude::*};

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A worker takes the waiting workflow task, if there is one; perhaps from the normal queue
    /// although it waits on a sticky one.
    TakeWorkflowTask {
        normal: bool,
    },
    /// A worker answers the workflow task that was handed out last, or the first one.
    CompleteWorkflowTask {
        answer: Answer,
        old: bool,
    },
    /// Both at once: the usual case.
    Turn {
        answer: Answer,
    },
    FailWorkflowTask {
        old: bool,
    },
    TakeActivity {
        nth: usize,
    },
    ReportActivity {
        nth: usize,
        report: Report,
        by_id: bool,
    },
    /// A worker takes an activity and says something of it at once.
    RunActivity {
        nth: usize,
        report: Report,
    },
    Signal {
        request: u8,
    },
    RequestCancel,
    Terminate,
    ResetSticky,
    Query,
    AbandonQuery {
        nth: usize,
    },
    /// Time passes, with a tick at each deadline.
    Pass {
        millis: u32,
    },
    /// Time passes while the coordinator is down: one tick at the end.
    SleepThrough {
        millis: u32,
    },
    /// The answer to a message in the outbox.
    Answer {
        nth: usize,
        refused: bool,
    },
    ChildClosed {
        nth: usize,
        how: u8,
    },
    ReleaseFirstTask,
    /// The run is loaded again from what is stored of it.
    Restart,
    /// The next run of the chain takes its place, if there is one.
    Follow,
}

/// A worker's answer to a workflow task.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) commands: Vec<Order>,
    pub(crate) sticky: bool,
    pub(crate) inline: bool,
    pub(crate) force: bool,
}

/// What a worker says of an activity.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Report {
    Completed,
    Failed { retryable: bool, delay_millis: Option<u16> },
    Canceled,
    Alive,
}

/// A command of the workflow's code; times in seconds.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    Activity {
        id: u8,
        eager: bool,
        to_start: u8,
        to_close: u8,
        attempt: u8,
        heartbeat: u8,
        attempts: u8,
    },
    CancelActivity {
        nth: usize,
    },
    Timer {
        id: u8,
        seconds: u8,
    },
    CancelTimer {
        nth: usize,
    },
    Marker,
    Child {
        id: u8,
        policy: u8,
    },
    SignalExternal,
    CancelExternal {
        id: u8,
    },
    Complete,
    Fail,
    Cancel,
    ContinueAsNew,
}

pub(crate) fn plan() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..60)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<bool>().prop_map(|normal| Step::TakeWorkflowTask { normal }),
        5 => (answer(), 0u8..10).prop_map(|(answer, old)| {
            Step::CompleteWorkflowTask { answer, old: old == 0 }
        }),
        12 => answer().prop_map(|answer| Step::Turn { answer }),
        1 => any::<bool>().prop_map(|old| Step::FailWorkflowTask { old }),
        4 => any::<usize>().prop_map(|nth| Step::TakeActivity { nth }),
        5 => (any::<usize>(), report(), any::<bool>())
            .prop_map(|(nth, report, by_id)| Step::ReportActivity { nth, report, by_id }),
        8 => (any::<usize>(), report())
            .prop_map(|(nth, report)| Step::RunActivity { nth, report }),
        4 => (0u8..15).prop_map(|request| Step::Signal { request }),
        1 => prop_oneof![
            3 => Just(Step::RequestCancel),
            1 => Just(Step::Terminate),
            4 => Just(Step::ResetSticky),
            4 => Just(Step::ReleaseFirstTask),
            4 => Just(Step::Restart),
            6 => Just(Step::Follow),
        ],
        2 => Just(Step::Query),
        1 => any::<usize>().prop_map(|nth| Step::AbandonQuery { nth }),
        5 => (0u32..4_000).prop_map(|millis| Step::Pass { millis }),
        1 => (0u32..50_000).prop_map(|millis| Step::Pass { millis }),
        1 => (0u32..60_000).prop_map(|millis| Step::SleepThrough { millis }),
        6 => (any::<usize>(), 0u8..4)
            .prop_map(|(nth, refused)| Step::Answer { nth, refused: refused == 0 }),
        3 => (any::<usize>(), 0u8..5).prop_map(|(nth, how)| Step::ChildClosed { nth, how }),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    (vec(order(), 0..5), any::<bool>(), any::<bool>(), 0u8..6).prop_map(
        |(commands, sticky, inline, force)| Answer { commands, sticky, inline, force: force == 0 },
    )
}

fn report() -> impl Strategy<Value = Report> {
    let failed = (any::<bool>(), proptest::option::of(any::<u16>()));
    prop_oneof![
        3 => Just(Report::Completed),
        3 => failed.prop_map(|(retryable, delay_millis)| Report::Failed { retryable, delay_millis }),
        1 => Just(Report::Canceled),
        2 => Just(Report::Alive),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    let activity = (0u8..40, any::<bool>(), 0u8..20, 0u8..40, 1u8..20, 0u8..10, 0u8..4);
    prop_oneof![
        10 => activity.prop_map(|(id, eager, to_start, to_close, attempt, heartbeat, attempts)| {
            Order::Activity { id, eager, to_start, to_close, attempt, heartbeat, attempts }
        }),
        3 => any::<usize>().prop_map(|nth| Order::CancelActivity { nth }),
        6 => (0u8..20, 0u8..30).prop_map(|(id, seconds)| Order::Timer { id, seconds }),
        3 => any::<usize>().prop_map(|nth| Order::CancelTimer { nth }),
        2 => Just(Order::Marker),
        4 => (0u8..4, 0u8..4).prop_map(|(id, policy)| Order::Child { id, policy }),
        2 => Just(Order::SignalExternal),
        1 => (0u8..8).prop_map(|id| Order::CancelExternal { id }),
        1 => prop_oneof![
            Just(Order::Complete),
            Just(Order::Fail),
            Just(Order::Cancel),
            Just(Order::ContinueAsNew)
        ],
    ]
}
