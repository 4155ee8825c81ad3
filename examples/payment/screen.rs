//! What the reader sees: the story as it happens, then the history and what it proves.
//!
//! Nothing is decided here. Colours only underline what the words say, and only on a terminal.

use std::io::IsTerminal;

use persevere_proto::api::history::v1::{HistoryEvent, history_event::Attributes};

/// Width of the rules between sections.
const WIDTH: usize = 92;

/// A terminal or a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    colours: bool,
}

#[derive(Clone, Copy, Debug)]
enum Style {
    Bold = 1,
    Dim = 2,
    Red = 31,
    Green = 32,
}

impl Screen {
    /// Standard output, in colour if it is a terminal and `NO_COLOR` is not set.
    pub(crate) fn new() -> Self {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { colours }
    }

    /// A heading with a rule under it.
    pub(crate) fn section(self, title: &str) {
        println!("\n{}", self.styled(Style::Bold, title));
        println!("{}", self.styled(Style::Dim, &"─".repeat(WIDTH)));
    }

    /// Something that happened.
    pub(crate) fn act(self, who: &str, what: &str) {
        println!("  {who:<14} {what}");
    }

    /// The death of a process.
    pub(crate) fn death(self, who: &str) {
        println!("  {who:<14} {}", self.styled(Style::Red, "✗ killed with SIGKILL"));
    }

    /// The history, one line for each step: its events' ids and types, what it was about and who
    /// did it. A line marks what was on disk when everything was killed.
    pub(crate) fn history(self, events: &[HistoryEvent], last_before_the_kill: i64) {
        let mut killed = false;
        for step in steps(events) {
            let first = step.events.first().map_or(0, |event| event.event_id);
            if first > last_before_the_kill && !killed {
                killed = true;
                let mark = format!("  ✗ {:─<width$}", KILLED, width = WIDTH - 4);
                println!("{}", self.styled(Style::Red, &mark));
            }
            let (ids, types) = (step.ids(), step.types());
            let line = format!("  {ids:<6} {types:<52} {:<20} {}", step.about, step.who);
            println!("{}", line.trim_end());
        }
    }

    /// A claim and whether it holds.
    pub(crate) fn verdict(self, claim: &str, holds: bool) {
        let mark = match holds {
            true => self.styled(Style::Green, "✓"),
            false => self.styled(Style::Red, "✗ NOT SO:"),
        };
        println!("  {mark} {claim}");
    }

    fn styled(self, style: Style, text: &str) -> String {
        match self.colours {
            true => format!("\x1b[{}m{text}\x1b[0m", style as u8),
            false => text.to_owned(),
        }
    }
}

const KILLED: &str = "here the worker and the coordinator were killed; all above was on disk ";

/// Neighbouring events that belong together: scheduled, started, completed.
#[derive(Debug, Default)]
struct Step<'a> {
    events: Vec<&'a HistoryEvent>,
    about: String,
    who: String,
}

/// What the types of a step's events have in common.
const SUBJECTS: [&str; 4] = ["WorkflowTask", "ActivityTask", "Timer", "WorkflowExecution"];

impl Step<'_> {
    fn ids(&self) -> String {
        match self.events.as_slice() {
            [only] => only.event_id.to_string(),
            [first, .., last] => format!("{}–{}", first.event_id, last.event_id),
            [] => String::new(),
        }
    }

    /// `ActivityTask Scheduled · Started · Completed`.
    fn types(&self) -> String {
        let names: Vec<_> = self.events.iter().map(|event| type_name(event)).collect();
        let subject = names.first().map_or("", |name| subject(name));
        let verbs: Vec<_> =
            names.iter().map(|name| name.strip_prefix(subject).unwrap_or(name)).collect();
        format!("{subject} {}", verbs.join(" · "))
    }
}

fn steps(events: &[HistoryEvent]) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for event in events {
        let name = type_name(event);
        let continues = !name.ends_with("Scheduled")
            && !name.starts_with("Timer")
            && steps.last().and_then(|step| step.events.first()).is_some_and(|first| {
                subject(&type_name(first)) == subject(&name) && !subject(&name).is_empty()
            });
        if !continues {
            steps.push(Step::default());
        }
        let step = steps.last_mut().expect("one was pushed if there was none");
        step.events.push(event);
        let (about, who) = details(event);
        if let Some(about) = about {
            step.about = about;
        }
        if let Some(who) = who {
            step.who = who;
        }
    }
    steps
}

fn subject(name: &str) -> &'static str {
    SUBJECTS.into_iter().find(|subject| name.starts_with(subject)).unwrap_or_default()
}

/// `ActivityTaskScheduled` of `EVENT_TYPE_ACTIVITY_TASK_SCHEDULED`.
fn type_name(event: &HistoryEvent) -> String {
    let name = event.event_type().as_str_name().trim_start_matches("EVENT_TYPE_");
    name.split('_')
        .map(|word| word.chars().take(1).chain(word.to_lowercase().chars().skip(1)).collect())
        .collect::<Vec<String>>()
        .concat()
}

/// What an event is about, and who caused it; what it does not say is `None`.
fn details(event: &HistoryEvent) -> (Option<String>, Option<String>) {
    match event.attributes.as_ref() {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
            let kind = started.workflow_type.as_ref().map(|kind| kind.name.clone());
            (kind, Some(started.identity.clone()))
        }
        Some(Attributes::WorkflowTaskStartedEventAttributes(started)) => {
            (None, Some(started.identity.clone()))
        }
        Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
            (scheduled.activity_type.as_ref().map(|kind| kind.name.clone()), None)
        }
        Some(Attributes::ActivityTaskStartedEventAttributes(started)) => {
            (None, Some(started.identity.clone()))
        }
        Some(Attributes::TimerStartedEventAttributes(started)) => {
            let seconds = started.start_to_fire_timeout.as_ref().map_or(0, |time| time.seconds);
            (Some(format!("{seconds} s")), None)
        }
        _ => (None, None),
    }
}
