//! Calling an activity from a workflow.

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use persevere_proto::api::common::v1::Payload;

use super::{CallError, CallFailure, Retry};
use crate::definition::Activity;
use crate::payload::{Arguments, EncodeError};
use crate::running;
use crate::runtime::spec::{ActivityOptions, ActivitySpec, CancellationType};
use crate::runtime::surface::{self, Operation};

/// The limit of one attempt when neither the activity nor the call names any: long enough for a
/// request to another service, short enough that an attempt lost with its worker is tried again
/// within the minute.
pub const DEFAULT_START_TO_CLOSE: Duration = Duration::from_secs(60);

/// A call of an activity: what its stub returns. Await it in a workflow.
///
/// An attempt may take 60 s unless [`start_to_close`](Self::start_to_close) or
/// [`schedule_to_close`](Self::schedule_to_close) says otherwise, here or in `#[activity(…)]`.
#[must_use = "a call does nothing until it is awaited or started"]
pub struct ActivityCall<A: Activity> {
    input: Result<Vec<Payload>, EncodeError>,
    options: ActivityOptions,
    location: &'static Location<'static>,
    activity: PhantomData<fn() -> A>,
}

impl<A: Activity> ActivityCall<A> {
    /// Made by the stub.
    #[doc(hidden)]
    #[track_caller]
    pub fn __new(input: A::Input) -> Self {
        let defaults = &A::DEFAULTS;
        let options = ActivityOptions {
            task_queue: defaults.queue.map(str::to_owned),
            schedule_to_close: defaults.schedule_to_close,
            schedule_to_start: defaults.schedule_to_start,
            start_to_close: defaults.start_to_close,
            heartbeat: defaults.heartbeat,
            retry: defaults.retry.as_ref().map(|retry| Retry::from_defaults(retry).into_policy()),
            ..Default::default()
        };
        Self {
            input: input.encode(A::ARGUMENTS),
            options,
            location: Location::caller(),
            activity: PhantomData,
        }
    }

    /// Limits one attempt.
    pub fn start_to_close(mut self, limit: Duration) -> Self {
        self.options.start_to_close = Some(limit);
        self
    }

    /// Limits all attempts together, waits between them included.
    pub fn schedule_to_close(mut self, limit: Duration) -> Self {
        self.options.schedule_to_close = Some(limit);
        self
    }

    /// Limits how long it may wait for a worker; such a timeout is not retried.
    pub fn schedule_to_start(mut self, limit: Duration) -> Self {
        self.options.schedule_to_start = Some(limit);
        self
    }

    /// Limits the time between two heartbeats of one attempt.
    pub fn heartbeat(mut self, limit: Duration) -> Self {
        self.options.heartbeat = Some(limit);
        self
    }

    /// Sets how failed attempts are tried again, in place of what `#[activity(retry(…))]` says.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.options.retry = Some(retry.into_policy());
        self
    }

    /// Sets how many attempts there are in all; the rest of the retry policy stays.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        let attempts = i32::try_from(attempts).unwrap_or(i32::MAX);
        self.options.retry.get_or_insert_default().maximum_attempts = attempts;
        self
    }

    /// Runs it on the workers of another task queue.
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.options.task_queue = Some(queue.into());
        self
    }

    /// Sets its id, unique among the run's pending activities.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.options.activity_id = Some(id.into());
        self
    }

    /// What cancelling it means to the workflow that awaits it.
    pub fn on_cancel(mut self, cancellation: CancellationType) -> Self {
        self.options.cancellation = cancellation;
        self
    }

    /// Schedules it now and gives what to await later, so that several run at once.
    pub fn start(self) -> ActivityFuture<A> {
        let mut future = self.into_future();
        future.schedule();
        future
    }
}

impl<A: Activity> std::fmt::Debug for ActivityCall<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActivityCall").field("activity", &A::NAME).finish_non_exhaustive()
    }
}

impl<A: Activity> IntoFuture for ActivityCall<A> {
    type Output = Result<A::Output, CallError<A::Error>>;
    type IntoFuture = ActivityFuture<A>;

    fn into_future(self) -> ActivityFuture<A> {
        ActivityFuture { state: State::Inert(Box::new(self)) }
    }
}

/// An activity under way. Dropping it unfinished cancels the activity.
#[must_use = "dropping an unfinished activity cancels it: await it or call `detach`"]
pub struct ActivityFuture<A: Activity> {
    state: State<A>,
}

enum State<A: Activity> {
    Inert(Box<ActivityCall<A>>),
    Scheduled(Operation),
    /// Its arguments could not be encoded.
    Refused(EncodeError),
    Done,
}

impl<A: Activity> ActivityFuture<A> {
    fn schedule(&mut self) {
        let State::Inert(call) = std::mem::replace(&mut self.state, State::Done) else { return };
        self.state = match call.input {
            Ok(input) => {
                let mut options = call.options;
                if options.schedule_to_close.is_none() {
                    options.start_to_close.get_or_insert(DEFAULT_START_TO_CLOSE);
                }
                let kind = A::NAME.to_owned();
                let location = call.location;
                let spec = ActivitySpec { kind, input, options, location };
                State::Scheduled(surface::schedule_activity(spec))
            }
            Err(error) => State::Refused(error),
        };
    }

    /// Lets it run on, its result unobserved.
    pub fn detach(mut self) {
        if let State::Scheduled(operation) = std::mem::replace(&mut self.state, State::Done) {
            operation.detach();
        }
    }

    /// Asks it to stop; it can still be awaited.
    pub fn cancel(&self) {
        if let State::Scheduled(operation) = &self.state {
            operation.cancel();
        }
    }
}

impl<A: Activity> std::fmt::Debug for ActivityFuture<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActivityFuture").field("activity", &A::NAME).finish_non_exhaustive()
    }
}

impl<A: Activity> Future for ActivityFuture<A> {
    type Output = Result<A::Output, CallError<A::Error>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::Inert(_) = self.state {
            self.schedule();
        }
        let result = match &mut self.state {
            State::Scheduled(operation) => match Pin::new(operation).poll(cx) {
                Poll::Ready(result) => result,
                Poll::Pending => return Poll::Pending,
            },
            State::Refused(error) => {
                let failure = CallFailure::Encode(error.clone());
                self.state = State::Done;
                return Poll::Ready(Err(CallError::Other(failure)));
            }
            State::Inert(_) | State::Done => panic!("an activity was polled after its result"),
        };
        self.state = State::Done;
        Poll::Ready(match result {
            Ok(payload) => {
                running::decode_result(A::NAME, payload.as_ref()).map_err(CallError::Other)
            }
            Err(failure) => Err(CallError::from_wire(failure)),
        })
    }
}
