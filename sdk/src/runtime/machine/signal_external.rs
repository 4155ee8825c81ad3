//! A signal to another execution: initiated by a command, settled by its delivery or refusal.
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
pub(crate) struct SignalExternal {
    workflow_id: String,
    name: String,
    state: State,
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

impl SignalExternal {
    pub(crate) fn new(workflow_id: String, name: String) -> Self {
        Self { workflow_id, name, state: State::Requested }
    }

    pub(super) fn step(&mut self, input: Input) -> Result<Step, Impossible> {
        use State::{Closed, Requested, Sent};
        let (next, step) = match (self.state, input) {
            (Requested, Input::Recorded { .. }) => (Sent, Step::none()),
            (Requested, Input::Cancel) => {
                let step = Step::withdraw(Role::Begin);
                (Closed, step.and_resolve(Err(cancelled("signal to another workflow"))))
            }
            (Sent, Input::Settled(outcome)) => (Closed, Step::resolve(outcome)),
            (Sent, Input::Refused { failure }) => (Closed, Step::resolve(Err(failure))),
            (Sent, Input::Cancel) => {
                (Sent, Step::resolve(Err(cancelled("signal to another workflow"))))
            }
            (Closed, Input::Cancel) => (Closed, Step::none()),
            (state, _) => return Err(Impossible { state: state.name() }),
        };
        self.state = next;
        Ok(step)
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    pub(super) fn describe(&self) -> String {
        format!("signal {} to workflow {}", self.name, self.workflow_id)
    }
}
