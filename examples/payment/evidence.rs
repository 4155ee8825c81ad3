//! What is left when the story is over, and what it proves. Nothing here trusts the story's own
//! words: it reads the history, the ledger and the diaries.

use persevere::prelude::*;
use persevere_proto::api::history::v1::{HistoryEvent, history_event::Attributes};

use crate::{diary::Line, screen::Screen, workflow::Receipt};

/// What the processes left behind.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// What the client was told.
    pub(crate) receipt: Receipt,
    /// The history, as the second coordinator has it.
    pub(crate) history: Vec<HistoryEvent>,
    /// How much of it the first coordinator had.
    pub(crate) on_disk_at_the_kill: i64,
    /// What the code of each worker said.
    pub(crate) diaries: [(&'static str, Vec<Line>); 2],
    /// The bank's book.
    pub(crate) ledger: Vec<String>,
}

impl Evidence {
    /// Shows it, with what it proves.
    ///
    /// # Errors
    /// It does not prove what it should.
    pub(crate) fn present(&self, screen: Screen) -> Result<()> {
        screen.section("The history of order-42, as it is stored");
        screen.history(&self.history, self.on_disk_at_the_kill);
        screen
            .section("What the code of each worker said (↺ while replayed: nothing happens then)");
        for (worker, diary) in &self.diaries {
            for Line { said, replayed } in diary {
                let mark = if *replayed { "↺" } else { " " };
                screen.act(worker, &format!("{mark} {said}"));
            }
        }
        screen.section("The ledger of the bank");
        for line in &self.ledger {
            println!("  {line}");
        }
        screen.section("So");
        let claims = self.claims();
        for (claim, holds) in claims {
            screen.verdict(claim, holds);
        }
        match claims.iter().all(|(_, holds)| *holds) {
            true => Ok(()),
            false => bail!("the payment did not survive as it must"),
        }
    }

    fn claims(&self) -> [(&'static str, bool); 4] {
        let [(_, first), (_, second)] = &self.diaries;
        let said = |diary: &[Line], words: &str, replayed: bool| {
            diary.iter().any(|line| line.said.contains(words) && line.replayed == replayed)
        };
        [
            (
                "worker 1 charged, worker 2 sent the receipt",
                self.executed_by("charge") == ["worker 1"]
                    && self.executed_by("send_receipt") == ["worker 2"],
            ),
            (
                "worker 2 was told by replay that the customer is charged, and did not charge",
                said(first, "▶ charges", false)
                    && said(second, "the customer is charged", true)
                    && !said(second, "▶ charges", false),
            ),
            (
                "the client, which asked the first coordinator, got its receipt from the second",
                self.receipt == Receipt { order: "order-42".into(), cents: 4_200 },
            ),
            (
                "the ledger holds exactly one charge",
                self.ledger == ["order-42 charged 4200 cents, by worker 1"],
            ),
        ]
    }

    /// The workers that executed this activity to its end, from the history.
    fn executed_by(&self, activity: &str) -> Vec<&str> {
        let scheduled = self.history.iter().filter_map(|event| match &event.attributes {
            Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
                let kind = scheduled.activity_type.as_ref()?;
                (kind.name == activity).then_some(event.event_id)
            }
            _ => None,
        });
        let scheduled: Vec<_> = scheduled.collect();
        let completed = self.history.iter().filter_map(|event| match &event.attributes {
            Some(Attributes::ActivityTaskCompletedEventAttributes(completed)) => scheduled
                .contains(&completed.scheduled_event_id)
                .then_some(completed.identity.as_str()),
            _ => None,
        });
        completed.collect()
    }
}
