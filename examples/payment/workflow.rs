//! The payment: what a user of Persevere writes. Nothing in here knows about crashes.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use persevere::prelude::*;
use tracing::info;

/// What a customer wants to pay for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) cents: u64,
}

/// Proof of a charge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) order: String,
    pub(crate) cents: u64,
}

#[workflow]
pub(crate) async fn process_payment(order: Order) -> Result<Receipt> {
    validate(order.clone()).await?;
    info!("the order is valid");

    let receipt = charge(order).await?;
    info!("the customer is charged");

    sleep(SETTLEMENT).await;
    info!("the bank has settled");

    send_receipt(receipt.clone()).await?;
    info!("the receipt is sent");
    Ok(receipt)
}

/// How long the bank takes to settle: a durable timer, so it could as well be three days.
const SETTLEMENT: Duration = Duration::from_secs(2);

#[activity(start_to_close = "10s")]
async fn validate(order: Order) -> Result<()> {
    info!("▶ validates {}", order.id);
    if order.cents == 0 {
        bail!("order {} has nothing to pay", order.id);
    }
    Ok(())
}

/// Money moves here, so it must not be tried twice when nobody knows whether it happened.
#[activity(start_to_close = "10s", retry(max_attempts = 1))]
async fn charge(#[dep] ledger: Ledger, order: Order) -> Result<Receipt> {
    info!("▶ charges {}", order.id);
    ledger.append(&format!("{} charged {} cents", order.id, order.cents))?;
    Ok(Receipt { order: order.id, cents: order.cents })
}

#[activity(start_to_close = "10s")]
async fn send_receipt(receipt: Receipt) -> Result<()> {
    info!("▶ sends the receipt for {}", receipt.order);
    Ok(())
}

/// The bank's book: a file to which each charge adds a line.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
    /// Who writes, for the reader of the file.
    worker: String,
}

impl Ledger {
    /// The ledger of a demonstration that keeps its files in `directory`.
    pub(crate) fn in_directory(directory: &Path, worker: &str) -> Self {
        Self { path: directory.join("ledger.txt"), worker: worker.to_owned() }
    }

    /// Adds a line; when this returns it is on disk.
    fn append(&self, line: &str) -> std::io::Result<()> {
        let mut file = File::options().create(true).append(true).open(&self.path)?;
        file.write_all(format!("{line}, by {}\n", self.worker).as_bytes())?;
        file.sync_data()
    }

    /// All lines; none if nothing was ever charged.
    pub(crate) fn lines(&self) -> std::io::Result<Vec<String>> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
