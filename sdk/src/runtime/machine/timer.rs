//! A timer: started by a command, settled by its firing, perhaps cancelled before.
//!
//! | state        | input          | next         | step                              |
//! |--------------|----------------|--------------|-----------------------------------|
//! | Requested    | Recorded       | Running      |                                   |
//! | Requested    | Cancel         | Closed       | withdraw begin, resolve cancelled |
//! | Running      | Settled        | Closed       | resolve                           |
//! | Running      | Cancel         | CancelQueued | emit cancel, resolve cancelled    |
//! | CancelQueued | CancelRecorded | Closed       |                                   |
//! | CancelQueued | Settled        | Closed       | withdraw cancel                   |
//! | CancelQueued | Cancel         | CancelQueued |                                   |
//! | Closed       | Cancel         | Closed       |                                   |
//!
//! A cancel command is withdrawn when the timer turns out to have fired in the same workflow task:
//! the server would refuse to cancel a timer that it no longer has.

use std::time::Duration;

use persevere_proto::api::command::v1::{CancelTimerCommandAttributes, command::Attributes};

use super::{Emit, Impossible, Input, Role, Step, command};
use crate::runtime::{failures::cancelled, intent::Intent};

#[derive(Debug)]
pub(crate) struct Timer {
    id: String,
    duration: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Requested,
    Running,
    CancelQueued,
    Closed,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Running => "running",
            Self::CancelQueued => "about to be cancelled",
            Self::Closed => "closed",
        }
    }
}

impl Timer {
    pub(crate) fn new(id: String, duration: Duration) -> Self {
        Self { id, duration, state: State::Requested }
    }

    pub(super) fn step(&mut self, input: Input) -> Result<Step, Impossible> {
        use State::{CancelQueued, Closed, Requested, Running};
        let (next, step) = match (self.state, input) {
            (Requested, Input::Recorded { .. }) => (Running, Step::none()),
            (Requested, Input::Cancel) => {
                (Closed, Step::withdraw(Role::Begin).and_resolve(Err(cancelled("timer"))))
            }
            (Running, Input::Settled(outcome)) => (Closed, Step::resolve(outcome)),
            (Running, Input::Cancel) => {
                let step = Step::emit(self.cancel_command());
                (CancelQueued, step.and_resolve(Err(cancelled("timer"))))
            }
            (CancelQueued, Input::CancelRecorded) => (Closed, Step::none()),
            (CancelQueued, Input::Settled(_)) => (Closed, Step::withdraw(Role::Cancel)),
            (state @ (CancelQueued | Closed), Input::Cancel) => (state, Step::none()),
            (state, _) => return Err(Impossible { state: state.name() }),
        };
        self.state = next;
        Ok(step)
    }

    fn cancel_command(&self) -> Emit {
        let attributes = CancelTimerCommandAttributes { timer_id: self.id.clone() };
        Emit {
            intent: Intent::CancelTimer { id: self.id.clone() },
            command: command(Attributes::CancelTimerCommandAttributes(attributes)),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    pub(super) fn describe(&self) -> String {
        format!("timer of {:?} (id {})", self.duration, self.id)
    }
}
