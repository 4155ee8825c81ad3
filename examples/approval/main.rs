//! Waiting for a person, but not for ever: a signal with a time limit.

use persevere::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Expense {
    purpose: String,
    cents: u64,
    /// How long the manager has.
    decide_within_ms: u64,
}

#[derive(Debug, Serialize, Deserialize)]
enum Outcome {
    Paid { approved_by: String },
    Expired,
}

#[signal]
struct Approve {
    by: String,
}

#[activity(start_to_close = "10s")]
async fn notify_manager(expense: Expense) -> Result<()> {
    println!("manager, please approve: {}, {} cents", expense.purpose, expense.cents);
    Ok(())
}

#[activity(start_to_close = "10s")]
async fn pay(expense: Expense, approved_by: String) -> Result<()> {
    println!("paid {} cents for {}, approved by {approved_by}", expense.cents, expense.purpose);
    Ok(())
}

#[workflow]
async fn expense(request: Expense) -> Result<Outcome> {
    notify_manager(request.clone()).await?;
    let limit = millis(request.decide_within_ms);
    // Signals are kept from the start of the run: one that comes before this line is not lost.
    match timeout(limit, receive::<Approve>()).await {
        Ok(approval) => {
            pay(request, approval.by.clone()).await?;
            Ok(Outcome::Paid { approved_by: approval.by })
        }
        Err(Elapsed) => Ok(Outcome::Expired),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let app = App::builder().open_in_memory().await?;

    let books = Expense { purpose: "books".into(), cents: 4_200, decide_within_ms: 60_000 };
    let run = expense(books).id("expense-1").start(&app).await?;
    run.signal(Approve { by: "Grace".into() }).await?;
    println!("expense-1: {:?}", run.result().await?);

    let yacht = Expense { purpose: "a yacht".into(), cents: 99_000_000, decide_within_ms: 500 };
    let run = expense(yacht).id("expense-2").start(&app).await?;
    println!("expense-2: {:?}", run.result().await?);

    app.shutdown().await
}
