//! What stands in for activities and child workflows in a test, and how often it was called.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use persevere_proto::api::common::v1::Payload;
use persevere_proto::api::failure::v1::Failure as ProtoFailure;

use super::stub::Stub;
use crate::definition::{ActivityDefinition, ActivityImplementation, WorkflowImplementation};
use crate::dependencies::Dependencies;
use crate::failure::{self, WireError};
use crate::payload;
use crate::running::{self, ActivityHandler};
use crate::runtime::spec::{
    ActivityRegistration, BoxFuture, DecodeError, WorkflowExit, WorkflowFuture,
};
use crate::runtime::surface;
use crate::worker::ActivityContext;

/// The fakes of each harness by its namespace: a workflow starts on a thread of the worker, from
/// where a plain function must find them.
static BY_NAMESPACE: Mutex<BTreeMap<String, Arc<Fakes>>> = Mutex::new(BTreeMap::new());

type Mock = Arc<dyn Fn(&[Payload]) -> Result<Option<Payload>, ProtoFailure> + Send + Sync>;

/// The fakes of one harness.
#[derive(Default)]
pub(super) struct Fakes {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    mocks: BTreeMap<&'static str, Mock>,
    real: BTreeMap<&'static str, ActivityHandler>,
    dependencies: Dependencies,
    calls: BTreeMap<&'static str, usize>,
    unexpected: BTreeSet<&'static str>,
}

impl fmt::Debug for Fakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fakes").field("calls", &self.state().calls).finish_non_exhaustive()
    }
}

/// What a call of an activity comes to.
enum Answer {
    Now(Result<Option<Payload>, ProtoFailure>),
    Real(ActivityHandler),
}

impl Fakes {
    pub(super) fn register(namespace: String) -> Arc<Self> {
        let fakes = Arc::new(Self::default());
        lock(&BY_NAMESPACE).insert(namespace, Arc::clone(&fakes));
        fakes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    #[track_caller]
    pub(super) fn allow<A: ActivityImplementation>(&self) {
        let mut state = self.state();
        let bound = A::bind(&state.dependencies);
        let handler = bound.unwrap_or_else(|error| panic!("{error}"));
        state.real.insert(A::NAME, handler);
    }

    pub(super) fn provide<T: Send + Sync + 'static>(&self, value: T) {
        self.state().dependencies.provide(value);
    }

    pub(super) fn mock<S, M, F>(&self, _: &S, mock: F)
    where
        S: Stub<M>,
        F: Fn(S::Arguments) -> Result<S::Output, S::Error> + Send + Sync + 'static,
    {
        let mock = move |payloads: &[Payload]| {
            let arguments = S::decode(payloads).map_err(|error| {
                failure::application(error.message, "DecodeError", true, None, None)
            })?;
            let output = mock(arguments).map_err(|error| error.to_wire())?;
            payload::encode(&output, "the mock's result").map(Some).map_err(|error| {
                failure::application(error.to_string(), "EncodeError", true, None, None)
            })
        };
        self.state().mocks.insert(S::NAME, Arc::new(mock));
    }

    pub(super) fn calls<S: Stub<M>, M>(&self, _: &S) -> usize {
        self.state().calls.get(S::NAME).copied().unwrap_or_default()
    }

    pub(super) fn is_mocked(&self, name: &str) -> bool {
        self.state().mocks.contains_key(name)
    }

    /// Why the test fails although its assertions hold.
    pub(super) fn unexpected(&self) -> Vec<String> {
        self.state().unexpected.iter().map(|name| unexpected(name)).collect()
    }

    /// Every linked activity, answered by what stands in for it at the time of the call.
    pub(super) fn registrations(self: &Arc<Self>) -> Vec<ActivityRegistration> {
        let definitions = inventory::iter::<ActivityDefinition>.into_iter();
        let names: BTreeSet<_> = definitions.map(|definition| definition.name).collect();
        let register = |name: &'static str| {
            let fakes = Arc::clone(self);
            let execute =
                move |context, payloads: Vec<Payload>| fakes.execute(name, context, payloads);
            ActivityRegistration { name: Cow::Borrowed(name), execute: Arc::new(execute) }
        };
        names.into_iter().map(register).collect()
    }

    fn execute(
        &self,
        name: &'static str,
        context: ActivityContext,
        payloads: Vec<Payload>,
    ) -> BoxFuture<'static, Result<Option<Payload>, ProtoFailure>> {
        match self.answer(name, &payloads) {
            Answer::Now(result) => Box::pin(std::future::ready(result)),
            Answer::Real(handler) => handler(context, payloads),
        }
    }

    fn answer(&self, name: &'static str, payloads: &[Payload]) -> Answer {
        if let Some(mock) = self.called(name) {
            return Answer::Now(mock(payloads));
        }
        let mut state = self.state();
        if let Some(handler) = state.real.get(name) {
            return Answer::Real(Arc::clone(handler));
        }
        state.unexpected.insert(name);
        Answer::Now(Err(failure::application(unexpected(name), "NotMocked", true, None, None)))
    }

    /// Counts a call and gives the mock; the lock is free again when the mock runs.
    fn called(&self, name: &'static str) -> Option<Mock> {
        let mut state = self.state();
        *state.calls.entry(name).or_default() += 1;
        state.mocks.get(name).cloned()
    }

    /// The mock of a workflow; a workflow without one is not counted, for its task may be a replay.
    fn called_workflow(&self, name: &'static str) -> Option<Mock> {
        if self.state().mocks.contains_key(name) { self.called(name) } else { None }
    }
}

fn unexpected(name: &str) -> String {
    format!(
        "activity `{name}` was called and is not mocked: say `t.mock({name}, …)`, or \
         `t.activity::<{name}>()` to run it"
    )
}

/// Starts a workflow in a harness: its mock, or itself.
pub(crate) fn start<W: WorkflowImplementation>(
    payloads: Vec<Payload>,
) -> Result<WorkflowFuture, DecodeError> {
    let namespace = surface::workflow_info().map(|info| info.namespace.clone());
    let fakes = namespace.ok().and_then(|namespace| lock(&BY_NAMESPACE).get(&namespace).cloned());
    match fakes.and_then(|fakes| fakes.called_workflow(W::NAME)) {
        Some(mock) => {
            let result = mock(&payloads).map_err(WorkflowExit::Failed);
            Ok(Box::pin(std::future::ready(result)))
        }
        None => running::start_workflow::<W>(payloads),
    }
}

/// A mock that panics poisons nothing: what the lock guards is whole between any two operations.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
