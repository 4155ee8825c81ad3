//! Workers that die as chaos says, and those that take their place.
//!
//! Each life of a worker is a thread with a runtime of its own, as good as a process: its death drops
//! all that it was doing, wherever it waited. What it talks to the coordinator passes a gate, where
//! replies get lost and lives end. The next worker has another identity and an empty memory; what
//! the dead one held is handed out again once it has timed out, in virtual time.

use std::future::{Future, pending, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::{Request, Response};
use http_body_util::{BodyExt, BodyStream, StreamBody};
use persevere_coordinator::Entrance;
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body, service::Routes};
use tower::ServiceExt;

use super::World;
use super::chaos::{Chaos, Place, Trouble};
use crate::client::{Client, ConnectOptions};
use crate::runtime::spec::{ActivityRegistration, BoxFuture};
use crate::worker::WorkerError;

/// How long a worker waits before it repeats a call of which the reply got lost.
const FIRST_WAIT: Duration = Duration::from_millis(1);

/// A gRPC message that is empty: a flag and a length.
const EMPTY_MESSAGE: usize = 5;

/// How a life ended.
enum End {
    /// By chaos; the worker had this queue of its own.
    Death { sticky_queue: String },
    /// The test is over, or the worker cannot work.
    Stop(Result<(), WorkerError>),
}

/// One life of a worker.
#[derive(Clone)]
struct Life {
    chaos: Arc<Chaos>,
    over: CancellationToken,
}

/// Keeps a worker on a queue until the test is over: one after the other.
pub(super) async fn keep_worker(
    world: Arc<World>,
    queue: &'static str,
    chaos: Arc<Chaos>,
) -> Result<(), WorkerError> {
    let mut number = 0;
    loop {
        number += 1;
        let identity = format!("{queue}-worker-{number}");
        let life = Life { chaos: Arc::clone(&chaos), over: CancellationToken::new() };
        let gate = {
            let life = life.clone();
            move |request, routes| life.clone().pass(request, routes)
        };
        let entrance = world.coordinator.entrance(gate);
        let (their_world, name) = (Arc::clone(&world), identity.clone());
        let end =
            tokio::task::spawn_blocking(move || live(&their_world, queue, name, &entrance, &life));
        match end.await.expect("a worker does not panic") {
            End::Stop(result) => return result,
            End::Death { sticky_queue } => {
                let clock = world.coordinator.clock();
                clock.bury(identity);
                clock.bury(sticky_queue);
            }
        }
    }
}

/// A worker's life, on this thread.
fn live(world: &World, queue: &str, identity: String, entrance: &Entrance, life: &Life) -> End {
    let runtime = super::runtime();
    let end = runtime.block_on(async {
        let namespace = world.client.namespace().to_owned();
        let options = ConnectOptions { namespace, identity, ..Default::default() };
        let client = Client::from_channel(entrance.channel(), &options)
            .expect("the default headers can be sent")
            .retrying_after(FIRST_WAIT);
        let activities = world.fakes.registrations().into_iter().map(|it| life.mortal(it));
        let prove_replay = life.chaos.proves_replay();
        let worker = super::worker(world, &client, queue, activities.collect(), prove_replay);
        let sticky_queue = worker.sticky_queue().to_owned();
        tokio::select! {
            biased;
            () = life.over.cancelled() => End::Death { sticky_queue },
            () = world.stop.cancelled() => End::Stop(Ok(())),
            result = worker.run_until(pending()) => End::Stop(result),
        }
    });
    // What still blocks a thread there is not waited for, no more than at the end of a process.
    runtime.shutdown_background();
    end
}

impl Life {
    /// Ends it; whoever is in the middle of something never comes back.
    async fn end<T>(self) -> T {
        self.over.cancel();
        pending().await
    }

    /// A request passes on its way to the coordinator, and its reply on its way back.
    async fn pass(self, request: Request<Body>, routes: Routes) -> Response<Body> {
        if self.over.is_cancelled() {
            return pending().await;
        }
        let call = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        let reports = call.starts_with("Respond") || call == "RecordActivityTaskHeartbeat";
        if reports && self.strikes(&Place::ReportSent(call.clone()), &[Trouble::Death]) {
            return self.end().await;
        }
        let reply = routes.oneshot(request).await.unwrap_or_else(|never| match never {});
        if !(reports || call.starts_with("Poll")) || is_error(&reply) {
            return reply;
        }
        let (reply, has_task) = look_into(reply).await;
        // A reply that brings a task is lost only with its worker: to the coordinator the task would
        // be in the hands of a worker that lives, and time would stand still.
        let (place, possible) = match (reports, has_task) {
            (true, false) => (Place::ReportTaken(call), &[Trouble::Death, Trouble::LostReply][..]),
            (_, true) => (Place::TaskReceived(call), &[Trouble::Death][..]),
            (false, false) => return reply,
        };
        match self.chaos.strike(&place, possible) {
            Some(Trouble::Death) => self.end().await,
            Some(Trouble::LostReply) => Status::unavailable("the reply got lost").into_http(),
            None => reply,
        }
    }

    fn strikes(&self, place: &Place, possible: &[Trouble]) -> bool {
        self.chaos.strike(place, possible).is_some()
    }

    /// An activity in which the worker may die, whenever it waits.
    fn mortal(&self, registration: ActivityRegistration) -> ActivityRegistration {
        let ActivityRegistration { name, execute } = registration;
        let (life, place) = (self.clone(), Place::Within(name.to_string()));
        let mortal = move |context, payloads| -> BoxFuture<'static, _> {
            Box::pin(life.clone().within(place.clone(), execute(context, payloads)))
        };
        ActivityRegistration { name, execute: Arc::new(mortal) }
    }

    fn within<T>(self, place: Place, mut work: BoxFuture<'static, T>) -> impl Future<Output = T> {
        poll_fn(move |context| {
            if self.over.is_cancelled() {
                return Poll::Pending;
            }
            let polled = work.as_mut().poll(context);
            if polled.is_pending() && self.strikes(&place, &[Trouble::Death]) {
                self.over.cancel();
            }
            polled
        })
    }
}

/// Whether the coordinator refused the request.
fn is_error(reply: &Response<Body>) -> bool {
    reply.headers().contains_key("grpc-status")
}

/// Whether a reply says anything: those to polls and reports do if they bring tasks.
async fn look_into(reply: Response<Body>) -> (Response<Body>, bool) {
    let (head, mut body) = reply.into_parts();
    let first = body.frame().await;
    let data = first.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
    let says_something = data.is_some_and(|data| data.len() > EMPTY_MESSAGE);
    let whole = stream::iter(first).chain(BodyStream::new(body));
    (Response::from_parts(head, Body::new(StreamBody::new(whole))), says_something)
}
