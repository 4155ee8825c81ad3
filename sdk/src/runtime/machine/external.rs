//! A request to another execution, a signal or a cancellation: initiated by a command, settled by its
//! delivery or refusal.
//!
//! | state     | input    | next      | step                              |
//! |-----------|----------|-----------|-----------------------------------|
//! | Requested | Recorded | Sent      |                                   |
//! | Requested | Cancel   | Closed    | withdraw begin, resolve cancelled |
//! | Sent      | Settled  | Closed    | resolve                           |
//! | Sent      | Refused  | Closed    | resolve failed                    |
//! | Sent      | Cancel   | Sent      | resolve cancelled                 |
//! | Closed    | Cancel   | Closed    |                                   |
//!
//! What was sent cannot be called back: cancelling only stops the waiting.

use super::{Impossible, Input, Role, Step};
use crate::runtime::failures::cancelled;

#[derive(Debug)]
pub(crate) struct External {
    request: Request,
    workflow_id: String,
    state: State,
}

/// What is asked of the other execution.
#[derive(Debug)]
enum Request {
    Signal { name: String },
    Cancel,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Requested,
    Sent,
    Closed,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Sent => "sent",
            Self::Closed => "closed",
        }
    }
}

impl External {
    pub(crate) const SIGNAL: &str = "signal to another workflow";
    pub(crate) const CANCEL: &str = "cancellation of another workflow";

    pub(crate) fn signal(workflow_id: String, name: String) -> Self {
        Self { request: Request::Signal { name }, workflow_id, state: State::Requested }
    }

    pub(crate) fn cancel(workflow_id: String) -> Self {
        Self { request: Request::Cancel, workflow_id, state: State::Requested }
    }

    pub(super) fn step(&mut self, input: Input) -> Result<Step, Impossible> {
        use State::{Closed, Requested, Sent};
        let (next, step) = match (self.state, input) {
            (Requested, Input::Recorded { .. }) => (Sent, Step::none()),
            (Requested, Input::Cancel) => {
                (Closed, Step::withdraw(Role::Begin).and_resolve(Err(cancelled(self.what()))))
            }
            (Sent, Input::Settled(outcome)) => (Closed, Step::resolve(outcome)),
            (Sent, Input::Refused { failure }) => (Closed, Step::resolve(Err(failure))),
            (Sent, Input::Cancel) => (Sent, Step::resolve(Err(cancelled(self.what())))),
            (Closed, Input::Cancel) => (Closed, Step::none()),
            (state, _) => return Err(Impossible { state: state.name() }),
        };
        self.state = next;
        Ok(step)
    }

    fn what(&self) -> &'static str {
        match self.request {
            Request::Signal { .. } => Self::SIGNAL,
            Request::Cancel => Self::CANCEL,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    pub(super) fn describe(&self) -> String {
        match &self.request {
            Request::Signal { name } => format!("signal {name} to workflow {}", self.workflow_id),
            Request::Cancel => format!("cancellation of workflow {}", self.workflow_id),
        }
    }
}
