//! After a restart: deadlines are watched again, tasks offered, messages sent.
//!
//! Nothing is recovered from memory and nothing is stored for recovery's sake: executions say what
//! they are owed. Requests are served meanwhile.

use std::{collections::BTreeMap, sync::Arc};

use persevere_engine::RunKey;
use tokio::sync::Semaphore;

use crate::{
    shard::{Message, Shared, What, WorkflowKey},
    store::{Located, StoreError},
};

/// Executions read at once.
const AT_ONCE: usize = 1000;

/// Executions being loaded at once, so that recovery leaves the readers time for requests.
const LOADING: usize = 32;

/// Watches the deadlines of all executions that have one.
pub(crate) async fn watch_deadlines(shared: &Shared) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let located = shared.store.with_deadline(after, AT_ONCE as i64).await?;
        let Some(last) = located.last() else { return Ok(()) };
        after = last.id;
        let mut by_shard: BTreeMap<usize, Vec<(i64, i64)>> = BTreeMap::new();
        for Located { id, run, deadline } in located {
            if let Some(deadline) = deadline {
                by_shard.entry(shared.shard_of(&key(run))).or_default().push((deadline, id));
            }
        }
        for (shard, deadlines) in by_shard {
            // A shard that is gone watches nothing any more.
            let _ = shared.shards[shard].send(Message::Watch(deadlines));
        }
    }
}

/// Hands on what executions owe: offers their tasks, sends their messages.
pub(crate) async fn hand_on(shared: Arc<Shared>) -> Result<usize, StoreError> {
    let permits = Arc::new(Semaphore::new(LOADING));
    let mut after = 0;
    let mut count = 0;
    loop {
        let located = shared.store.owing(after, AT_ONCE as i64).await?;
        let Some(last) = located.last() else { return Ok(count) };
        after = last.id;
        count += located.len();
        for Located { run, .. } in located {
            // The semaphore is never closed.
            let permit = permits.clone().acquire_owned().await.ok();
            shared.send_to(&run, What::Recover(permit));
        }
    }
}

fn key(run: RunKey) -> WorkflowKey {
    WorkflowKey { namespace: run.namespace, workflow_id: run.workflow_id }
}
