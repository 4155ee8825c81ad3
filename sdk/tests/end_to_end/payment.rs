//! The block "payment": typed errors across the wire, retries, options on the call.

use persevere::prelude::*;

use crate::server::{Ledger, Server};

#[derive(Debug, Failure, Serialize, Deserialize)]
enum PayError {
    #[failure(non_retryable)]
    Declined {
        code: String,
    },
    #[failure(retry_after = after)]
    Throttled {
        after: Duration,
    },
    Network(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Order {
    id: u64,
    /// What the gateway answers, attempt by attempt; after that it accepts.
    gateway: Vec<String>,
}

impl Order {
    fn new(id: u64, gateway: &[&str]) -> Self {
        Self { id, gateway: gateway.iter().map(ToString::to_string).collect() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Receipt {
    order: u64,
    attempt: u32,
}

#[activity]
async fn validate(order: Order) -> Result<()> {
    if order.id == 0 {
        return Err(Error::new("an order has a number").non_retryable());
    }
    Ok(())
}

#[activity(start_to_close = "20s", retry(initial = "10ms", max_attempts = 5))]
async fn charge(#[dep] ledger: Ledger, order: Order) -> Result<Receipt, PayError> {
    let attempt = persevere::activity::attempt();
    let answer = order.gateway.get(attempt as usize - 1).map_or("ok", String::as_str);
    ledger.write(answer);
    match answer {
        "ok" => Ok(Receipt { order: order.id, attempt }),
        "declined" => Err(PayError::Declined { code: "51".into() }),
        "throttled" => Err(PayError::Throttled { after: Duration::from_millis(1) }),
        other => Err(PayError::Network(other.into())),
    }
}

#[activities]
impl Ledger {
    async fn send_receipt(&self, receipt: Receipt) -> Result<()> {
        self.write(format!("receipt for order {}", receipt.order));
        Ok(())
    }
}

#[workflow]
async fn process_payment(order: Order) -> Result<Receipt> {
    validate(order.clone()).await?;
    let receipt = match charge(order.clone()).await {
        Err(CallError::Failed(PayError::Declined { code })) => bail!("declined: {code}"),
        other => other?,
    };
    sleep(millis(10)).await;
    send_receipt(receipt.clone()).start_to_close(secs(30)).await?;
    Ok(receipt)
}

async fn pay(order: Order) -> (Result<Receipt, CallError<Error>>, Vec<String>) {
    let ledger = Ledger::default();
    let server = Server::with(|worker| {
        worker
            .provide(ledger.clone())
            .workflow::<process_payment>()
            .activity::<validate>()
            .activity::<charge>()
            .activity::<send_receipt>()
    })
    .await;
    let result = process_payment(order).run(&server).await;
    server.stop().await;
    (result, ledger.lines())
}

#[tokio::test]
async fn a_payment_is_charged_once_and_has_a_receipt() {
    let (result, ledger) = pay(Order::new(1, &[])).await;
    assert_eq!(result.expect("it is paid"), Receipt { order: 1, attempt: 1 });
    assert_eq!(ledger, ["ok", "receipt for order 1"]);
}

#[tokio::test]
async fn retryable_errors_are_retried_and_say_when() {
    let (result, ledger) = pay(Order::new(2, &["no route", "throttled"])).await;
    assert_eq!(result.expect("it is paid").attempt, 3);
    assert_eq!(ledger, ["no route", "throttled", "ok", "receipt for order 2"]);
}

#[tokio::test]
async fn a_non_retryable_error_reaches_the_workflow_typed() {
    let (result, ledger) = pay(Order::new(3, &["declined"])).await;
    let CallError::Failed(error) = result.expect_err("declined") else { panic!("it failed") };
    assert_eq!(error.to_string(), "declined: 51");
    assert_eq!(ledger, ["declined"]);
}

#[tokio::test]
async fn when_the_attempts_are_used_up_the_last_error_comes_back_with_its_type() {
    let (result, ledger) = pay(Order::new(4, &["a", "b", "c", "d", "e"])).await;
    let CallError::Failed(error) = result.expect_err("no route") else { panic!("it failed") };
    assert!(matches!(error.find::<PayError>(), Some(PayError::Network(last)) if last == "e"));
    assert_eq!(ledger, ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn an_untyped_error_comes_back_with_its_message() {
    let (result, ledger) = pay(Order::new(0, &[])).await;
    let CallError::Failed(error) = result.expect_err("invalid") else { panic!("it failed") };
    assert_eq!(error.to_string(), "an order has a number");
    assert!(ledger.is_empty());
}
