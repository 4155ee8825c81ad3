//! How a worker ends that nobody tells to stop.

use std::time::Duration;

use persevere::worker::{UntypedWorker, WorkerOptions};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{fixture::*, target::connect};

#[tokio::test]
async fn a_worker_whose_future_is_dropped_polls_no_more() {
    let (client, coordinator) = connect("default").await;
    let (held, mut let_go) = mpsc::channel::<()>(1);
    let (began, mut begun) = mpsc::channel::<()>(1);
    // What the worker holds is let go of when the last poll has ended.
    let wait = activity("wait", move |_, _| {
        let (held, began) = (held.clone(), began.clone());
        async move {
            began.send(()).await.unwrap();
            held.closed().await;
            Ok(payload(()))
        }
    });
    let start: Start = |_| code(async { or_fail(call("wait", ()).await).map(Option::unwrap) });
    let queue = format!("untyped-{}", Uuid::new_v4());
    let options = WorkerOptions::new(&queue);
    let worker = UntypedWorker::new(&client, options, workflow(start), vec![wait]).unwrap();
    let running = tokio::spawn(worker.run_until(std::future::pending()));
    let spec = persevere::client::StartSpec {
        workflow_id: queue.clone(),
        kind: "workflow".into(),
        task_queue: queue,
        input: vec![payload(())],
        ..Default::default()
    };
    client.start_workflow(spec).await.unwrap();
    begun.recv().await.expect("the activity begins");
    running.abort();
    let ended = tokio::time::timeout(Duration::from_secs(20), let_go.recv()).await;
    assert_eq!(ended.expect("the worker ends with its future"), None);
    drop(coordinator);
}
