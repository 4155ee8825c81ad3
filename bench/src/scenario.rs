//! The scenarios, and how one workflow of each is driven.

use std::time::Duration;

use clap::ValueEnum;
use persevere::{Client, prelude::*};

use crate::workflows::{self, Ping};

/// What a workflow does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Nothing but a start and a close.
    Noop,
    /// One activity.
    One,
    /// Five activities, one after another.
    Five,
    /// Twenty activities at once.
    Twenty,
    /// A timer of one second.
    Timer,
    /// A hundred signals.
    Signals,
}

impl Scenario {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Scenario; 6] = [
        Scenario::Noop,
        Scenario::One,
        Scenario::Five,
        Scenario::Twenty,
        Scenario::Timer,
        Scenario::Signals,
    ];

    /// As the report calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Scenario::Noop => "noop",
            Scenario::One => "one activity",
            Scenario::Five => "five in sequence",
            Scenario::Twenty => "twenty in parallel",
            Scenario::Timer => "1 s timer",
            Scenario::Signals => "100 signals",
        }
    }

    /// How many times fewer workflows to run than of the smallest scenario.
    pub(crate) fn weight(self) -> usize {
        match self {
            Scenario::Noop | Scenario::One | Scenario::Timer => 1,
            Scenario::Five => 2,
            Scenario::Twenty => 4,
            Scenario::Signals => 10,
        }
    }

    /// Starts one workflow and waits for its result, which must be right.
    pub(crate) async fn drive(self, client: &Client, id: String, queue: &str) -> Result<()> {
        let (result, expected) = match self {
            Scenario::Noop => (workflows::noop(1).id(id).queue(queue).run(client).await?, 1),
            Scenario::One => (workflows::one_activity(1).id(id).queue(queue).run(client).await?, 2),
            Scenario::Five => {
                (workflows::five_in_sequence(1).id(id).queue(queue).run(client).await?, 6)
            }
            Scenario::Twenty => {
                let sum = workflows::twenty_in_parallel(1).id(id).queue(queue).run(client).await?;
                (sum, (0..20).map(|i| i + 2).sum())
            }
            Scenario::Timer => {
                (workflows::one_second_timer(1).id(id).queue(queue).run(client).await?, 1)
            }
            Scenario::Signals => {
                let run = workflows::hundred_signals(0).id(id).queue(queue).start(client).await?;
                for n in 1..=100 {
                    run.signal(Ping { n }).await?;
                }
                (run.result().await?, 5050)
            }
        };
        if result != expected {
            bail!("{} gave {result} where {expected} is right", self.title());
        }
        Ok(())
    }

    /// What a workflow of this kind cannot be faster than.
    pub(crate) fn floor(self) -> Duration {
        if self == Scenario::Timer { Duration::from_secs(1) } else { Duration::ZERO }
    }
}
