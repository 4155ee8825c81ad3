//! Workflows in virtual time, as users test them: the block "tests" and what can go wrong in one.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use persevere::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Expense {
    amount: u64,
}

fn sample() -> Expense {
    Expense { amount: 7 }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Outcome {
    Paid,
    Expired,
}

#[signal]
struct Approve {
    by: String,
}

#[activity]
async fn notify_manager(expense: Expense) -> Result<()> {
    bail!("no mail server for {expense:?}")
}

#[activity]
async fn pay(expense: Expense, approved_by: String) -> Result<()> {
    bail!("no bank for {expense:?}, whatever {approved_by} says")
}

#[workflow]
async fn expense(req: Expense) -> Result<Outcome> {
    notify_manager(req.clone()).await?;
    match timeout(days(3), receive::<Approve>()).await {
        Ok(approval) => {
            pay(req, approval.by).await?;
            Ok(Outcome::Paid)
        }
        Err(Elapsed) => Ok(Outcome::Expired),
    }
}

#[persevere::test]
async fn expires_after_three_days(t: Harness) {
    t.mock(notify_manager, |_| Ok(()));
    let run = t.start(expense(sample())).await;
    t.advance(days(3)).await;
    assert_eq!(run.result().await.unwrap(), Outcome::Expired);
    assert_eq!(t.calls(notify_manager), 1);
}

#[persevere::test]
async fn is_open_until_then(t: Harness) {
    t.mock(notify_manager, |_| Ok(()));
    t.mock(pay, |(expense, by)| {
        assert_eq!((expense, by.as_str()), (sample(), "Grace"));
        Ok(())
    });
    let run = t.start(expense(sample())).await;
    t.advance(days(2)).await;
    run.signal(Approve { by: "Grace".into() }).await.unwrap();
    assert_eq!(run.result().await.unwrap(), Outcome::Paid);
    assert_eq!(t.calls(pay), 1);
}

#[persevere::test]
async fn waiting_for_a_result_skips_the_time(t: Harness) {
    t.mock(notify_manager, |_| Ok(()));
    let before = t.now();
    assert_eq!(t.run(expense(sample())).await.unwrap(), Outcome::Expired);
    let passed = t.now().duration_since(before).unwrap();
    assert!(passed >= days(3) && passed < days(4), "{passed:?}");
}

#[persevere::test]
async fn a_mock_sees_every_attempt(t: Harness) {
    let answers = Mutex::new(vec![Ok(()), Err(Error::new("busy")), Err(Error::new("away"))]);
    t.mock(notify_manager, move |_| answers.lock().unwrap().pop().unwrap());
    assert_eq!(t.run(expense(sample())).await.unwrap(), Outcome::Expired);
    assert_eq!(t.calls(notify_manager), 3);
}

#[persevere::test]
#[should_panic(expected = "activity `notify_manager` was called and is not mocked: \
                           say `t.mock(notify_manager, …)`")]
async fn a_call_that_nothing_answers_fails_the_test(t: Harness) {
    let error = t.run(expense(sample())).await.unwrap_err();
    assert!(error.to_string().contains("not mocked"), "{error}");
}

#[activity]
async fn add(#[dep] offset: &u64, number: u64) -> Result<u64> {
    Ok(number + offset)
}

#[workflow]
async fn daily(count: u64) -> Result<u64> {
    let mut sum = 0;
    for _ in 0..count {
        sleep(days(1)).await;
        sum = add(sum).await?;
    }
    Ok(sum)
}

#[persevere::test]
async fn real_activities_run_with_what_is_provided(t: Harness) {
    t.provide(1_u64).activity::<add>();
    assert_eq!(t.run(daily(30)).await.unwrap(), 30);
    assert_eq!(t.calls(add), 30);
}

#[persevere::test]
#[should_panic(expected = "activity `add` needs a `u64`")]
async fn a_missing_dependency_is_told_where_the_activity_is_allowed(t: Harness) {
    t.activity::<add>();
}

#[workflow]
async fn family(id: u64) -> Result<u64> {
    let child = daily(id).await?;
    Ok(child + 1)
}

#[persevere::test]
async fn child_workflows_can_be_mocked(t: Harness) {
    t.mock(daily, |days| Ok(days * 100));
    assert_eq!(t.run(family(7)).await.unwrap(), 701);
    assert_eq!(t.calls(daily), 1);
}

#[derive(Debug, Failure, Serialize, Deserialize)]
enum Refused {
    #[failure(non_retryable)]
    Broke,
}

#[activity]
async fn withdraw(_amount: u64) -> Result<u64, Refused> {
    Err(Refused::Broke)
}

#[workflow]
async fn spend(amount: u64) -> Result<String> {
    match withdraw(amount).await {
        Ok(left) => Ok(format!("{left} left")),
        Err(CallError::Failed(Refused::Broke)) => Ok("broke".into()),
        Err(other) => Err(other.into()),
    }
}

#[persevere::test]
async fn mocks_fail_with_typed_errors(t: Harness) {
    t.mock(withdraw, |amount| if amount > 5 { Err(Refused::Broke) } else { Ok(5 - amount) });
    assert_eq!(t.run(spend(9)).await.unwrap(), "broke");
    assert_eq!(t.run(spend(2)).await.unwrap(), "3 left");
}

/// Reads a clock by a path that the macro does not know.
#[workflow]
async fn impatient() -> Result<()> {
    use std::time::SystemTime as Clock;
    // Odd and even nanoseconds, as chance has it, until a replay differs from the first run.
    for _ in 0..64 {
        let nanos = Clock::now().duration_since(Clock::UNIX_EPOCH)?.subsec_nanos();
        if (nanos / 100) % 2 == 0 {
            sleep(secs(1)).await;
        } else {
            let _ = withdraw(1).await;
        }
    }
    Ok(())
}

#[persevere::test]
#[should_panic(expected = "failed its task")]
async fn code_that_is_not_deterministic_fails_the_test(t: Harness) {
    t.mock(withdraw, |_| Ok(1));
    t.run(impatient()).await.unwrap();
}

/// How often code has come by a place: what no workflow should look at.
fn visits(place: u64) -> u64 {
    static VISITS: Mutex<BTreeMap<u64, u64>> = Mutex::new(BTreeMap::new());
    let mut all = VISITS.lock().expect("nobody panics while it counts");
    let visits = all.entry(place).or_default();
    *visits += 1;
    *visits
}

/// Lives for so many days; before one of them it acts otherwise each second time it comes by.
#[workflow]
async fn whimsical(lifetime: u64, whim: u64) -> Result<()> {
    for day in 1.. {
        if day == whim && visits(whim).is_multiple_of(2) {
            withdraw(1).await?;
        }
        if day > lifetime {
            break;
        }
        sleep(days(1)).await;
    }
    Ok(())
}

#[persevere::test]
#[should_panic(expected = "a workflow failed its task")]
async fn a_whim_late_in_a_long_history_is_found_when_the_history_has_grown(t: Harness) {
    t.run(whimsical(110, 70)).await.unwrap();
}

#[persevere::test]
#[should_panic(expected = "a workflow does not replay")]
async fn a_whim_in_the_last_step_is_found_when_the_test_ends(t: Harness) {
    t.run(whimsical(60, 61)).await.unwrap();
}

#[workflow]
async fn buggy(number: u64) -> Result<u64> {
    assert!(number > 5, "{number} is too small");
    Ok(number)
}

#[persevere::test]
#[should_panic(expected = "3 is too small")]
async fn a_panic_of_the_workflow_fails_the_test(t: Harness) {
    t.run(buggy(3)).await.unwrap();
}

#[persevere::test]
async fn a_test_may_return_a_result(t: Harness) -> Result<()> {
    assert_eq!(t.run(buggy(6)).await?, 6);
    Ok(())
}

#[persevere::test]
async fn virtual_time_costs_no_time(t: Harness) {
    t.mock(notify_manager, |_| Ok(()));
    let began = Instant::now();
    t.run(expense(sample())).await.unwrap();
    // Three days took less than a minute, on however busy a machine.
    assert!(began.elapsed() < secs(60));
}
