//! An activity: scheduled by a command, settled by one of four events, perhaps asked to stop.
//!
//! | state           | input                   | next            | step                                   |
//! |-----------------|-------------------------|-----------------|----------------------------------------|
//! | Requested       | Recorded                | Scheduled       |                                        |
//! | Requested       | Cancel                  | Closed          | withdraw begin, resolve cancelled      |
//! | Scheduled       | Settled                 | Closed          | resolve                                |
//! | Scheduled       | Cancel, try             | CancelQueued    | emit cancel, resolve cancelled         |
//! | Scheduled       | Cancel, wait            | CancelQueued    | emit cancel                            |
//! | Scheduled       | Cancel, abandon         | Scheduled       | resolve cancelled                      |
//! | CancelQueued    | CancelRecorded          | CancelRequested |                                        |
//! | CancelQueued    | Settled                 | Closed          | withdraw cancel, resolve               |
//! | CancelQueued    | Cancel                  | CancelQueued    |                                        |
//! | CancelRequested | Settled                 | Closed          | resolve                                |
//! | CancelRequested | Cancel                  | CancelRequested |                                        |
//! | Closed          | Cancel                  | Closed          |                                        |

use persevere_proto::api::command::v1::{
    RequestCancelActivityTaskCommandAttributes, command::Attributes,
};

use super::{Emit, Impossible, Input, Role, Step, command};
use crate::runtime::{
    failures::{ActivityIdentity, cancelled_activity},
    intent::Intent,
    spec::CancellationType,
};

#[derive(Debug)]
pub(crate) struct Activity {
    id: String,
    kind: String,
    cancellation: CancellationType,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Requested,
    Scheduled { event_id: i64 },
    CancelQueued { event_id: i64 },
    CancelRequested { event_id: i64 },
    Closed,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Scheduled { .. } => "scheduled",
            Self::CancelQueued { .. } => "about to be cancelled",
            Self::CancelRequested { .. } => "asked to cancel",
            Self::Closed => "closed",
        }
    }

    fn event_id(self) -> i64 {
        match self {
            Self::Requested | Self::Closed => 0,
            Self::Scheduled { event_id }
            | Self::CancelQueued { event_id }
            | Self::CancelRequested { event_id } => event_id,
        }
    }
}

impl Activity {
    pub(crate) fn new(id: String, kind: String, cancellation: CancellationType) -> Self {
        Self { id, kind, cancellation, state: State::Requested }
    }

    pub(super) fn step(&mut self, input: Input) -> Result<Step, Impossible> {
        use State::{CancelQueued, CancelRequested, Closed, Requested, Scheduled};
        let (next, step) = match (self.state, input) {
            (Requested, Input::Recorded { event_id }) => (Scheduled { event_id }, Step::none()),
            (Requested, Input::Cancel) => {
                (Closed, Step::withdraw(Role::Begin).and_resolve(Err(self.cancelled())))
            }
            (Scheduled { .. }, Input::Settled(outcome)) => (Closed, Step::resolve(outcome)),
            (Scheduled { event_id }, Input::Cancel) => self.cancel(event_id),
            (CancelQueued { event_id }, Input::CancelRecorded) => {
                (CancelRequested { event_id }, Step::none())
            }
            (CancelQueued { .. }, Input::Settled(outcome)) => {
                (Closed, Step::withdraw(Role::Cancel).and_resolve(outcome))
            }
            (CancelRequested { .. }, Input::Settled(outcome)) => (Closed, Step::resolve(outcome)),
            (state @ (CancelQueued { .. } | CancelRequested { .. } | Closed), Input::Cancel) => {
                (state, Step::none())
            }
            (state, _) => return Err(Impossible { state: state.name() }),
        };
        self.state = next;
        Ok(step)
    }

    fn cancel(&self, event_id: i64) -> (State, Step) {
        let queued = State::CancelQueued { event_id };
        match self.cancellation {
            CancellationType::TryCancel => {
                let step = Step::emit(self.cancel_command(event_id));
                (queued, step.and_resolve(Err(self.cancelled())))
            }
            CancellationType::WaitForCompletion => {
                (queued, Step::emit(self.cancel_command(event_id)))
            }
            CancellationType::Abandon => (self.state, Step::resolve(Err(self.cancelled()))),
        }
    }

    fn cancel_command(&self, scheduled_event_id: i64) -> Emit {
        let attributes = RequestCancelActivityTaskCommandAttributes { scheduled_event_id };
        Emit {
            intent: Intent::CancelActivity { scheduled_event_id, kind: self.kind.clone() },
            command: command(Attributes::RequestCancelActivityTaskCommandAttributes(attributes)),
        }
    }

    /// What an awaiting workflow is told at once when it cancels the activity.
    fn cancelled(&self) -> persevere_proto::api::failure::v1::Failure {
        cancelled_activity(&self.identity())
    }

    /// The activity as failures name it.
    pub(crate) fn identity(&self) -> ActivityIdentity<'_> {
        ActivityIdentity {
            id: &self.id,
            kind: &self.kind,
            scheduled_event_id: self.state.event_id(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    pub(super) fn describe(&self) -> String {
        format!("activity {} (id {})", self.kind, self.id)
    }
}
