//! A worker's diary: what the code that it runs says of itself, a line each, on standard output.
//! What workflow code says while it is replayed is marked, as nothing happens then.

use std::{fmt::Debug, path::Path};

use persevere::{Result, runtime::surface::is_replaying};
use tracing::{Event, Subscriber, field::Field};
use tracing_subscriber::{Layer, layer::Context, prelude::*};

const REPLAYED: &str = "↺ ";

/// Keeps a diary from now on.
pub(crate) fn keep() {
    tracing_subscriber::registry().with(Diary).init();
}

/// One thing that the code of a worker said.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    /// What.
    pub(crate) said: String,
    /// Whether it was said in a replay of what had already happened.
    pub(crate) replayed: bool,
}

/// Reads a diary.
pub(crate) fn read(path: &Path) -> Result<Vec<Line>> {
    let lines = std::fs::read_to_string(path)?;
    let line = |line: &str| match line.strip_prefix(REPLAYED) {
        Some(said) => Line { said: said.to_owned(), replayed: true },
        None => Line { said: line.to_owned(), replayed: false },
    };
    Ok(lines.lines().map(line).collect())
}

struct Diary;

impl<S: Subscriber> Layer<S> for Diary {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with(env!("CARGO_CRATE_NAME")) {
            let mut said = String::new();
            event.record(&mut |field: &Field, value: &dyn Debug| {
                if field.name() == "message" {
                    said = format!("{value:?}");
                }
            });
            // Outside of a workflow there is no replay: activities only ever run.
            let mark = if is_replaying().unwrap_or(false) { REPLAYED } else { "" };
            println!("{mark}{said}");
        }
    }
}
