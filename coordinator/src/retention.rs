//! Closed runs are kept for the retention of their namespace, then removed, so that the file does
//! not grow for ever.
//!
//! A virtual clock removes nothing: a test that skips a year still wants to see its histories.

use std::time::Duration;

use persevere_engine::{Time, span};

use crate::{CallError, Core, Namespace, StoreError, Target};

/// How often runs are looked for whose time is over.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Runs that are removed before the next ones are looked up.
const PAGE: usize = 100;

/// Sweeps for as long as it is polled.
pub(crate) async fn run(core: Core) {
    if core.clock.is_virtual() {
        return;
    }
    loop {
        match core.remove_expired(core.clock.now()).await {
            Ok(0) => {}
            Ok(runs) => tracing::info!(runs, "removed closed runs beyond their retention"),
            Err(error) => tracing::error!(%error, "cannot look for runs beyond their retention"),
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

impl Core {
    /// Removes the runs whose close is longer ago, at `now`, than their namespace's retention, and
    /// returns how many there were. The coordinator does so by itself every minute.
    ///
    /// # Errors
    /// If the database cannot be read. A run that cannot be removed is passed over, and logged.
    pub async fn remove_expired(&self, now: Time) -> Result<usize, StoreError> {
        let mut removed = 0;
        for namespace in self.namespaces.all() {
            let Some(retention) = retention(&namespace) else { continue };
            removed += self.remove_closed_before(&namespace.name, now.minus(retention)).await?;
        }
        Ok(removed)
    }

    async fn remove_closed_before(&self, namespace: &str, time: Time) -> Result<usize, StoreError> {
        let (mut removed, mut passed_over) = (0, 0);
        loop {
            let runs = self.store.closed_before(namespace, time, passed_over, PAGE).await?;
            if runs.is_empty() {
                return Ok(removed);
            }
            for run in runs.into_iter().map(|located| located.run) {
                match self.shards.delete(Target::from(&run)).await {
                    Ok(()) => removed += 1,
                    Err(CallError::ShuttingDown) => return Ok(removed),
                    Err(error) => {
                        tracing::error!(%error, run_id = run.run_id, "a run cannot be removed");
                        passed_over += 1;
                    }
                }
            }
        }
    }
}

fn retention(namespace: &Namespace) -> Option<Duration> {
    let config = namespace.description.config.as_ref()?;
    span(config.workflow_execution_retention_ttl.as_ref())
}
