//! Workflows in workflows: awaited, started and held, signalled, failing, continued as new.

use persevere::prelude::*;

use crate::server::Server;

#[derive(Debug, Failure, Serialize, Deserialize)]
#[failure(non_retryable)]
struct Unlucky {
    number: u64,
}

#[workflow]
async fn double(number: u64) -> Result<u64, Unlucky> {
    if number == 13 {
        return Err(Unlucky { number });
    }
    Ok(number * 2)
}

#[signal]
struct Go {
    by: u64,
}

#[workflow]
async fn wait_for_go(number: u64) -> Result<u64> {
    let Go { by } = receive().await;
    Ok(number * by)
}

#[workflow]
async fn parent(number: u64) -> Result<u64> {
    let awaited = match double(number).await {
        Ok(doubled) => doubled,
        Err(CallError::Failed(Unlucky { number })) => bail!("{number} is unlucky"),
        Err(other) => return Err(other.into()),
    };
    let held = wait_for_go(number).start_child().await?;
    held.signal(Go { by: 10 }).await?;
    Ok(awaited + held.result().await?)
}

#[workflow]
async fn twins(id: String) -> Result<String> {
    let first = wait_for_go(1).id(&id).start_child().await?;
    let outcome = match wait_for_go(2).id(&id).start_child().await {
        Ok(_) => "both".to_owned(),
        Err(error) => error.to_string(),
    };
    first.signal(Go { by: 1 }).await?;
    first.result().await?;
    Ok(outcome)
}

#[workflow]
async fn count_down(from: u64, runs: u64) -> Result<u64> {
    if from > 0 {
        persevere::continue_as_new(count_down(from - 1, runs + 1)).await?;
    }
    Ok(runs)
}

async fn family() -> Server {
    Server::with(|worker| {
        worker
            .workflow::<double>()
            .workflow::<wait_for_go>()
            .workflow::<parent>()
            .workflow::<twins>()
            .workflow::<count_down>()
    })
    .await
}

#[tokio::test]
async fn a_workflow_called_in_a_workflow_is_a_child() {
    let server = family().await;
    assert_eq!(parent(7).run(&server).await.expect("doubled and multiplied"), 84);
    server.stop().await;
}

#[tokio::test]
async fn a_childs_error_is_typed() {
    let server = family().await;
    let error = parent(13).run(&server).await.expect_err("unlucky");
    assert_eq!(error.to_string(), "13 is unlucky");
    let direct = double(13).run(&server).await;
    assert!(matches!(direct, Err(CallError::Failed(Unlucky { number: 13 }))));
    server.stop().await;
}

#[tokio::test]
async fn two_open_children_cannot_have_one_id() {
    let server = family().await;
    let id = format!("twin-{}", uuid::Uuid::new_v4());
    let outcome = twins(id.clone()).run(&server).await.expect("told");
    assert!(outcome.contains("a workflow with this id exists"), "{outcome}");
    server.stop().await;
}

#[tokio::test]
async fn a_result_is_followed_through_continue_as_new() {
    let server = family().await;
    assert_eq!(count_down(1, 0).run(&server).await.expect("counted"), 1);
    server.stop().await;
}
