//! Whether a history can be one: for tests, for verification of stored files, for importing.
//!
//! The fold ([`crate::Recorded`]) stops at the first event that cannot be; the checker looks at
//! everything, asks for more, and says all it finds:
//!
//! - ids are contiguous from 1, and the first event starts the run;
//! - a closing event is the last one;
//! - what is opened (a workflow task, an activity, a timer, a child, a signal or cancel request to
//!   another execution) is started at most once and ended at most once, and the events refer to
//!   each other by the right ids;
//! - there is one open workflow task at a time;
//! - what a command caused refers to the completion that carried it.
//!
//! It asks nothing of the order in which things happen beyond that.

mod completion;

use std::{collections::BTreeMap, fmt};

use persevere_proto::api::{enums::v1::EventType, history::v1::HistoryEvent};

use crate::role::{Role, Thing};
use completion::completion;

/// Something in a history that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The event in question.
    pub event_id: i64,
    /// Its kind.
    pub event_type: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {} ({}): {}", self.event_id, self.event_type, self.problem)
    }
}

/// Checks the history of one run, open or closed, from its first event.
///
/// # Errors
/// All that is wrong with it, in the order of the events.
pub fn check_history(events: &[HistoryEvent]) -> Result<(), Vec<Violation>> {
    let mut checker = Checker::default();
    checker.check_frame(events);
    for event in events {
        checker.check(event);
    }
    if checker.violations.is_empty() {
        return Ok(());
    }
    checker.violations.sort_by_key(|violation| violation.event_id);
    Err(checker.violations)
}

/// The part that an event plays.
fn role(event: &HistoryEvent) -> Role {
    event.attributes.as_ref().map_or(Role::Other, crate::role::role)
}

/// Something that was opened.
struct Opened {
    thing: Thing,
    started: Option<i64>,
    ended: Option<i64>,
}

#[derive(Default)]
struct Checker {
    /// By the event that opened it.
    opened: BTreeMap<i64, Opened>,
    completions: Vec<i64>,
    open_workflow_task: Option<i64>,
    violations: Vec<Violation>,
}

impl Checker {
    /// What holds of the sequence as a whole.
    fn check_frame(&mut self, events: &[HistoryEvent]) {
        let nothing = HistoryEvent::default();
        match events.first() {
            None => self.report(&nothing, "the history is empty"),
            Some(first) if first.event_type() != EventType::WorkflowExecutionStarted => {
                self.report(first, "the first event must start the run");
            }
            Some(_) => {}
        }
        for (event, expected) in events.iter().zip(1..) {
            if event.event_id != expected {
                self.report(event, format!("it should have id {expected}"));
            }
        }
        let before_last = events.iter().rev().skip(1);
        for event in before_last.filter(|event| matches!(role(event), Role::Closes)) {
            self.report(event, "the run goes on after this closing event");
        }
    }

    fn check(&mut self, event: &HistoryEvent) {
        match role(event) {
            Role::Opens(thing) => self.open(event, thing),
            Role::Starts(thing, opener) => self.start(event, thing, opener),
            Role::Ends { thing, opener, started } => self.end(event, thing, opener, started),
            Role::Closes | Role::Other => {}
        }
        if let Some(id) = completion(event)
            && !self.completions.contains(&id)
        {
            self.report(event, format!("event {id} is no completion of a workflow task"));
        }
        if event.event_type() == EventType::WorkflowTaskCompleted {
            self.completions.push(event.event_id);
        }
    }

    fn open(&mut self, event: &HistoryEvent, thing: Thing) {
        if thing == Thing::WorkflowTask {
            if let Some(open) = self.open_workflow_task {
                self.report(event, format!("the workflow task of event {open} is still open"));
            }
            self.open_workflow_task = Some(event.event_id);
        }
        self.opened.insert(event.event_id, Opened { thing, started: None, ended: None });
    }

    fn start(&mut self, event: &HistoryEvent, thing: Thing, opener: i64) {
        let Some(opened) = self.opened.get_mut(&opener).filter(|it| it.thing == thing) else {
            return self.report(event, format!("event {opener} opens no {thing}"));
        };
        if let Some(before) = opened.started.replace(event.event_id) {
            self.report(event, format!("event {before} has started this {thing} before"));
        } else if let Some(before) = opened.ended {
            self.report(event, format!("event {before} has ended this {thing} before"));
        }
    }

    fn end(&mut self, event: &HistoryEvent, thing: Thing, opener: i64, started: i64) {
        if self.open_workflow_task == Some(opener) {
            self.open_workflow_task = None;
        }
        let Some(opened) = self.opened.get_mut(&opener).filter(|it| it.thing == thing) else {
            return self.report(event, format!("event {opener} opens no {thing}"));
        };
        let starts = opened.started.unwrap_or(0);
        if let Some(before) = opened.ended.replace(event.event_id) {
            self.report(event, format!("event {before} has ended this {thing} before"));
        }
        if started != starts {
            self.report(event, format!("the {thing} was started by event {starts}, not {started}"));
        }
    }

    fn report(&mut self, event: &HistoryEvent, problem: impl Into<String>) {
        self.violations.push(Violation {
            event_id: event.event_id,
            event_type: event.event_type().as_str_name(),
            problem: problem.into(),
        });
    }
}

#[cfg(test)]
mod tests;
