//! A workflow that lives for a year, in virtual time: one run, one history.

use std::{collections::BTreeMap, sync::Mutex};

use persevere::{Harness, prelude::*};
use persevere_proto::api::enums::v1::EventType;

const DAYS: u32 = 365;

/// Asked for the day, gives the bytes that were saved.
#[activity(start_to_close = "10m", retry(initial = "1m"))]
async fn back_up(day: u32) -> Result<u64> {
    bail!("there is no disk to back up on day {day}")
}

#[workflow]
async fn back_up_daily(days_to_live: u32) -> Result<u64> {
    let mut bytes = 0;
    for day in 1..=days_to_live {
        sleep(days(1)).await;
        bytes += back_up(day).await?;
    }
    Ok(bytes)
}

/// How often the back-up of a day fails before it succeeds.
fn failures(day: u32) -> u32 {
    day % 3
}

#[persevere::test]
async fn a_year_of_daily_steps_each_with_its_retries(t: Harness) {
    let attempts = Mutex::new(BTreeMap::<u32, u32>::new());
    t.mock(back_up, move |day| {
        let mut attempts = attempts.lock().expect("no attempt panics");
        let attempt = attempts.entry(day).or_default();
        *attempt += 1;
        if *attempt <= failures(day) {
            bail!("the disk was busy");
        }
        Ok(u64::from(day))
    });
    let begun = t.now();
    let run = t.start(back_up_daily(DAYS)).await;
    let bytes = run.result().await.expect("every day's back-up succeeds in the end");

    assert_eq!(bytes, (1..=u64::from(DAYS)).sum::<u64>());
    let expected: u32 = (1..=DAYS).map(|day| 1 + failures(day)).sum();
    assert_eq!(t.calls(back_up), expected as usize);

    // A day between two steps, and within a day the retries: a minute, then two.
    let retries: u64 = (1..=DAYS).map(|day| [0, 1, 3][failures(day) as usize]).sum();
    let lived = t.now().duration_since(begun).expect("time does not run backwards");
    assert_eq!(lived, days(u64::from(DAYS)) + minutes(retries));

    let events = run.history().await.expect("its history").events;
    persevere_engine::check_history(&events).expect("it is a history");
    let count = |kind| events.iter().filter(|event| event.event_type() == kind).count();
    assert_eq!(count(EventType::TimerFired), DAYS as usize);
    assert_eq!(count(EventType::ActivityTaskCompleted), DAYS as usize);
    assert_eq!(count(EventType::WorkflowTaskFailed), 0);
    assert_eq!(count(EventType::WorkflowExecutionContinuedAsNew), 0);
}
