//! The payment that the crash tests run: retries, an activity that must not run twice, a timer and
//! a signal, each of them written down as it happens.

use std::time::Duration;

use persevere::{CallError, TimeoutKind, prelude::*};

use crate::ledger::{Entry, Ledger, new_execution};

/// The task queue of payments.
pub const QUEUE: &str = "payments";

/// One payment to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Also the workflow id.
    pub id: String,
    /// How often the validation fails before it succeeds.
    pub hiccups: u32,
    /// How long each activity takes, in milliseconds, between its entry in the ledger and its
    /// answer: the moment in which a killed worker does the most harm.
    pub work_ms: u64,
    /// How long the bank takes to settle, in milliseconds.
    pub settle_ms: u64,
}

/// How a payment ended: by which execution of each activity, and who confirmed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// The execution that validated it.
    pub validation: String,
    /// The execution that charged; `None` if the only attempt was lost with its worker, so that
    /// nobody knows.
    pub charge: Option<String>,
    /// From the signal.
    pub confirmed_by: String,
    /// The execution that sent the receipt.
    pub receipt: String,
}

/// Somebody has looked at the payment.
#[signal]
pub struct Confirm {
    /// Who.
    pub by: String,
}

/// See the module.
#[workflow]
pub async fn process_payment(order: Order) -> Result<Settlement> {
    let validation = validate(order.clone()).await?;
    let charge = match charge(order.clone()).await {
        Err(CallError::TimedOut(TimeoutKind::StartToClose | TimeoutKind::ScheduleToClose)) => None,
        other => Some(other?),
    };
    sleep(millis(order.settle_ms)).await;
    let confirmed_by = receive::<Confirm>().await.by;
    let receipt = send_receipt(order).await?;
    Ok(Settlement { validation, charge, confirmed_by, receipt })
}

/// Fails as often as the order says, then succeeds.
#[activity(start_to_close = "2s", retry(initial = "20ms", max_interval = "100ms"))]
pub async fn validate(#[dep] ledger: Ledger, order: Order) -> Result<String> {
    let hiccups = order.hiccups;
    let execution = execute(&ledger, &order).await?;
    if activity::attempt() <= hiccups {
        bail!("hiccup {} of {hiccups}", activity::attempt());
    }
    Ok(execution)
}

/// Must never happen twice.
#[activity(start_to_close = "2s", retry(max_attempts = 1))]
pub async fn charge(#[dep] ledger: Ledger, order: Order) -> Result<String> {
    execute(&ledger, &order).await
}

/// May happen twice if its worker dies at the wrong moment, but not once it is known to have
/// happened.
#[activity(start_to_close = "2s", retry(initial = "20ms", max_interval = "100ms"))]
pub async fn send_receipt(#[dep] ledger: Ledger, order: Order) -> Result<String> {
    execute(&ledger, &order).await
}

/// Writes down that this attempt is being executed, and takes its time.
async fn execute(ledger: &Ledger, order: &Order) -> Result<String> {
    let context = persevere::activity::context().expect("only ever run as an activity");
    let info = context.info();
    let execution = new_execution();
    ledger.record(&Entry {
        run_id: info.run_id.clone(),
        activity_id: info.activity_id.clone(),
        activity: info.activity_type.clone(),
        attempt: info.attempt,
        execution: execution.clone(),
    })?;
    tokio::time::sleep(Duration::from_millis(order.work_ms)).await;
    Ok(execution)
}
