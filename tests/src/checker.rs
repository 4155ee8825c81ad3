//! Holds the history of a closed run against the ledger: what the coordinator promises about
//! activities, whatever was killed.
//!
//! 1. An attempt is executed at most once: its start is on disk before a worker hears of it.
//! 2. An attempt after the one that completed is never executed: completed work is not repeated.
//! 3. The recorded result is that of an execution in the ledger, of the attempt that the history
//!    names: completed work is not lost, and not made up.
//! 4. So an activity with `max_attempts = 1` was executed at most once.

use std::collections::{BTreeMap, BTreeSet};

use persevere_proto::api::history::v1::{HistoryEvent, history_event::Attributes};

use crate::{ledger::Entry, rpc::value};

/// How one activity stands in the history.
#[derive(Debug, Default)]
struct Recorded {
    activity_id: String,
    /// From the retry policy; 0 for no limit.
    max_attempts: i32,
    /// The attempt that the closing event is about.
    attempt: Option<i32>,
    /// What it returned, if it completed.
    result: Option<serde_json::Value>,
}

/// Every promise broken in one run, in words. `entries` are those of this run.
#[must_use]
pub fn broken_promises(history: &[HistoryEvent], entries: &[Entry]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in entries {
        if !seen.insert((&entry.activity_id, entry.attempt)) {
            broken.push(format!("an attempt was executed twice: {entry:?}"));
        }
    }
    let recorded = activities(history);
    for activity in recorded.values() {
        let executed: Vec<_> =
            entries.iter().filter(|entry| entry.activity_id == activity.activity_id).collect();
        broken.extend(activity.contradicted_by(&executed));
    }
    for entry in entries {
        if !recorded.values().any(|activity| activity.activity_id == entry.activity_id) {
            broken.push(format!("executed, but never scheduled: {entry:?}"));
        }
    }
    broken
}

impl Recorded {
    fn contradicted_by(&self, executed: &[&Entry]) -> Vec<String> {
        let mut broken = Vec::new();
        if self.max_attempts > 0 && executed.len() > self.max_attempts as usize {
            broken.push(format!(
                "executed more often than {} times: {executed:?}",
                self.max_attempts
            ));
        }
        let Some(result) = &self.result else { return broken };
        let last = i64::from(self.attempt.unwrap_or_default());
        if let Some(later) = executed.iter().find(|entry| i64::from(entry.attempt) > last) {
            broken.push(format!("completed at attempt {last}, yet executed again: {later:?}"));
        }
        let source = executed.iter().find(|entry| result == entry.execution.as_str());
        if source.is_none_or(|entry| i64::from(entry.attempt) != last) {
            broken
                .push(format!("result {result} of attempt {last} came from none of {executed:?}"));
        }
        broken
    }
}

fn activities(history: &[HistoryEvent]) -> BTreeMap<i64, Recorded> {
    let mut activities: BTreeMap<i64, Recorded> = BTreeMap::new();
    for event in history {
        match event.attributes.as_ref() {
            Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
                let policy = scheduled.retry_policy.as_ref();
                let recorded = Recorded {
                    activity_id: scheduled.activity_id.clone(),
                    max_attempts: policy.map_or(0, |policy| policy.maximum_attempts),
                    ..Recorded::default()
                };
                activities.insert(event.event_id, recorded);
            }
            Some(Attributes::ActivityTaskStartedEventAttributes(started)) => {
                if let Some(activity) = activities.get_mut(&started.scheduled_event_id) {
                    activity.attempt = Some(started.attempt);
                }
            }
            Some(Attributes::ActivityTaskCompletedEventAttributes(completed)) => {
                if let Some(activity) = activities.get_mut(&completed.scheduled_event_id) {
                    activity.result = Some(value(completed.result.as_ref()));
                }
            }
            _ => {}
        }
    }
    activities
}

#[cfg(test)]
mod tests {
    use persevere_proto::api::{
        common::v1::RetryPolicy,
        history::v1::{
            ActivityTaskCompletedEventAttributes, ActivityTaskScheduledEventAttributes,
            ActivityTaskStartedEventAttributes,
        },
    };

    use super::*;
    use crate::rpc::payloads;

    /// One activity that completed at its second attempt, by the execution `right`.
    fn history(max_attempts: i32) -> Vec<HistoryEvent> {
        let scheduled = ActivityTaskScheduledEventAttributes {
            activity_id: "1".into(),
            retry_policy: Some(RetryPolicy {
                maximum_attempts: max_attempts,
                ..Default::default()
            }),
            ..Default::default()
        };
        let started = ActivityTaskStartedEventAttributes {
            scheduled_event_id: 5,
            attempt: 2,
            ..Default::default()
        };
        let completed = ActivityTaskCompletedEventAttributes {
            scheduled_event_id: 5,
            started_event_id: 6,
            result: Some(payloads(&"right".into())),
            ..Default::default()
        };
        [
            Attributes::ActivityTaskScheduledEventAttributes(scheduled),
            Attributes::ActivityTaskStartedEventAttributes(started),
            Attributes::ActivityTaskCompletedEventAttributes(completed),
        ]
        .into_iter()
        .zip(5..)
        .map(|(attributes, event_id)| HistoryEvent {
            event_id,
            attributes: Some(attributes),
            ..Default::default()
        })
        .collect()
    }

    fn entry(attempt: u32, execution: &str) -> Entry {
        Entry {
            run_id: "run".into(),
            activity_id: "1".into(),
            activity: "charge".into(),
            attempt,
            execution: execution.into(),
        }
    }

    #[track_caller]
    fn check(max_attempts: i32, entries: &[Entry], broken: &str) {
        let found = broken_promises(&history(max_attempts), entries);
        assert!(
            found.iter().any(|promise| promise.contains(broken)),
            "{broken} is not in {found:?}"
        );
    }

    #[test]
    fn a_retried_activity_that_completed_keeps_every_promise() {
        let entries = [entry(1, "failed"), entry(2, "right")];
        assert_eq!(broken_promises(&history(0), &entries), Vec::<String>::new());
        // The first attempt's worker may have died before it began.
        assert_eq!(broken_promises(&history(0), &entries[1..]), Vec::<String>::new());
    }

    #[test]
    fn each_broken_promise_is_found() {
        let right = entry(2, "right");
        check(0, &[right.clone(), entry(2, "again")], "an attempt was executed twice");
        check(0, &[right.clone(), entry(3, "later")], "completed at attempt 2, yet executed again");
        check(0, &[], "came from none of");
        check(0, &[entry(1, "right")], "came from none of");
        check(1, &[entry(1, "failed"), right.clone()], "executed more often than 1 times");
        let stranger = Entry { activity_id: "7".into(), ..right.clone() };
        check(0, &[right, stranger], "executed, but never scheduled");
    }
}
