//! Queries: by the workflow task that is due, or by a query task of their own.

use std::time::Duration;

use persevere_engine::{
    Command, DirectQuery, Query, QueryAnswer, QueryId, QueryRoute, Rejection, Reply, RunKey,
};
use persevere_proto::api::{enums::v1::QueryRejectCondition, query::v1::WorkflowQuery};
use tokio::time::Instant;

use super::{QueryOutcome, Shards, Target};
use crate::{
    CallError,
    dispatch::{Offer, Offered, OfferedQuery},
    queries::{OpenQuery, QueryEvent},
    shard::{Respond, What},
};

/// Queries go before tasks: someone waits.
const QUERY_PRIORITY: i32 = -1;

/// Where nobody has polled for so long when a query's time is up, the worker may be down (semantics
/// rule 93). Until then one may come.
const POLLER_WINDOW: Duration = Duration::from_secs(20);

impl Shards {
    /// Asks a workflow's code, by whichever way the engine chooses, and waits for the answer.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn query(
        &self,
        target: Target,
        query: WorkflowQuery,
        reject: QueryRejectCondition,
        deadline: Instant,
    ) -> Result<QueryOutcome, CallError> {
        let mut open = self.shared.queries.open();
        let left = deadline.saturating_duration_since(Instant::now());
        let query =
            Query { id: open.id, query, reject_condition: reject, deadline: self.now().plus(left) };
        loop {
            let answer = self.command(target.clone(), Command::Query(query.clone())).await?;
            let Reply::Query(route) = answer.reply else {
                return Err(CallError::Defect("a query was answered without a route".into()));
            };
            match route {
                QueryRoute::Rejected(rejected) => return Ok(QueryOutcome::Rejected(rejected)),
                QueryRoute::Buffered => {
                    let _buffered = Buffered { shards: self, run: &answer.run, id: open.id };
                    if let Some(answer) = event(&mut open, deadline).await? {
                        return Ok(QueryOutcome::Answered(answer));
                    }
                }
                QueryRoute::Direct(route) => {
                    let offered = OfferedQuery {
                        query: query.clone(),
                        route,
                        workflow_type: answer.workflow_type,
                    };
                    let answer = self.dispatch(&answer.run, offered, &mut open, deadline).await?;
                    return Ok(QueryOutcome::Answered(answer));
                }
            }
        }
    }

    /// Offers a query to the sticky worker first, then to any (semantics rule 90).
    async fn dispatch(
        &self,
        run: &RunKey,
        offered: OfferedQuery,
        open: &mut OpenQuery,
        deadline: Instant,
    ) -> Result<QueryAnswer, CallError> {
        let queues = &self.shared.queues;
        let DirectQuery { sticky, normal, .. } = offered.route.clone();
        let offer = |offered| Offer {
            run: run.clone().into(),
            what: Offered::Query(Box::new(offered)),
            priority: QUERY_PRIORITY,
        };
        if let Some((sticky, patience)) = sticky
            && queues.is_polled(&run.namespace, &sticky.name, crate::dispatch::STICKY_WINDOW)
        {
            let again = OfferedQuery {
                query: offered.query.clone(),
                route: offered.route.clone(),
                workflow_type: offered.workflow_type.clone(),
            };
            queues.offer_query(&sticky, offer(again));
            let patience = deadline.min(Instant::now() + patience);
            match event(open, patience).await {
                Ok(Some(answer)) => return Ok(answer),
                Err(CallError::DeadlineExceeded) if patience < deadline => {
                    self.command(Target::from(run), Command::ResetSticky).await?;
                }
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
        queues.offer_query(&normal, offer(offered));
        loop {
            match event(open, deadline).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => {}
                Err(CallError::DeadlineExceeded)
                    if !queues.is_polled(&run.namespace, &normal.name, POLLER_WINDOW) =>
                {
                    let message = "no poller seen for task queue recently, worker may be down";
                    return Err(Rejection::FailedPrecondition(message.into()).into());
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// The answer; `None` if the query is to be routed again.
async fn event(open: &mut OpenQuery, deadline: Instant) -> Result<Option<QueryAnswer>, CallError> {
    match tokio::time::timeout_at(deadline, open.events.recv()).await {
        Ok(Some(QueryEvent::Answered(answer))) => Ok(Some(answer)),
        Ok(Some(QueryEvent::Dispatch)) => Ok(None),
        Ok(None) => Err(CallError::ShuttingDown),
        Err(_) => Err(CallError::DeadlineExceeded),
    }
}

/// A query that its execution holds; it is told when nobody waits any more.
struct Buffered<'s> {
    shards: &'s Shards,
    run: &'s RunKey,
    id: QueryId,
}

impl Drop for Buffered<'_> {
    fn drop(&mut self) {
        let abandon = Box::new(Command::AbandonQuery(self.id));
        self.shards.shared.send_to(self.run, What::Command(abandon, Respond::Nobody));
    }
}
