//! The life of one operation, as small explicit state machines: one file for each kind.
//!
//! A machine sees its own operation only. [`Input`] is what can happen to it: its command was
//! recorded in the history, it was settled by an event, or the workflow no longer wants it. The
//! answer, [`Step`], says what that means outside: a command to send, a command not to send after
//! all, a result to hand to whoever awaits.
//!
//! Invariants: a machine never looks at time or at other machines; equal inputs give equal steps; an
//! input that cannot occur in the current state is [`Impossible`], which means that the history is
//! damaged or was written by other code, and is never ignored.
//!
//! Patch markers, local activities, updates and Nexus operations will be further kinds.

mod activity;
mod child;
mod external;
mod timer;

use persevere_proto::api::{
    command::v1::{Command, command::Attributes},
    common::v1::Payload,
    enums::v1::CommandType,
    failure::v1::Failure,
};

pub(crate) use self::{activity::Activity, child::Child, external::External, timer::Timer};
use super::intent::Intent;

/// What an operation comes to.
pub(crate) type Outcome = Result<Option<Payload>, Failure>;

/// What can happen to an operation.
#[derive(Debug)]
pub(crate) enum Input {
    /// The history holds the event that its first command leads to.
    Recorded { event_id: i64 },
    /// A child has started.
    Started { run_id: String },
    /// A child could not be started, or an external request could not be delivered.
    Refused { failure: Failure },
    /// The history holds the event that its cancel command leads to.
    CancelRecorded,
    /// An event settled it.
    Settled(Outcome),
    /// The workflow no longer wants it: cancelled or dropped.
    Cancel,
}

impl Input {
    /// The input in words, for messages about damaged histories.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Recorded { .. } => "was recorded",
            Self::Started { .. } => "started",
            Self::Refused { .. } => "was refused",
            Self::CancelRecorded => "had its cancellation recorded",
            Self::Settled(_) => "was settled",
            Self::Cancel => "was cancelled",
        }
    }
}

/// Which of its commands a machine means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The command that begins the operation.
    Begin,
    /// The command that asks it to stop.
    Cancel,
}

/// What a transition means to the rest of the run.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// Send this command, which asks the operation to stop.
    pub(crate) emit: Option<Emit>,
    /// Do not send the command of this role, which is still waiting to be sent.
    pub(crate) withdraw: Option<Role>,
    /// Tell whoever awaits the start of a child.
    pub(crate) started: Option<Result<String, Failure>>,
    /// Tell whoever awaits the result. Only the first of an operation counts.
    pub(crate) resolve: Option<Outcome>,
}

impl Step {
    fn none() -> Self {
        Self::default()
    }

    fn resolve(outcome: Outcome) -> Self {
        Self { resolve: Some(outcome), ..Self::default() }
    }

    fn withdraw(role: Role) -> Self {
        Self { withdraw: Some(role), ..Self::default() }
    }

    fn emit(emit: Emit) -> Self {
        Self { emit: Some(emit), ..Self::default() }
    }

    fn and_resolve(mut self, outcome: Outcome) -> Self {
        self.resolve = Some(outcome);
        self
    }
}

/// A command and what it must look like in the history.
#[derive(Debug)]
pub(crate) struct Emit {
    pub(crate) intent: Intent,
    pub(crate) command: Command,
}

/// The input cannot occur in the state the machine is in.
#[derive(Debug)]
pub(crate) struct Impossible {
    /// The state, in words.
    pub(crate) state: &'static str,
}

/// One operation's machine.
#[derive(Debug)]
pub(crate) enum Machine {
    Activity(Activity),
    Timer(Timer),
    Child(Child),
    External(External),
}

impl Machine {
    pub(crate) fn step(&mut self, input: Input) -> Result<Step, Impossible> {
        match self {
            Self::Activity(machine) => machine.step(input),
            Self::Timer(machine) => machine.step(input),
            Self::Child(machine) => machine.step(input),
            Self::External(machine) => machine.step(input),
        }
    }

    /// Whether no event about this operation can come any more.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Activity(machine) => machine.is_closed(),
            Self::Timer(machine) => machine.is_closed(),
            Self::Child(machine) => machine.is_closed(),
            Self::External(machine) => machine.is_closed(),
        }
    }

    /// The operation in words: "activity charge (id 3)".
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Activity(machine) => machine.describe(),
            Self::Timer(machine) => machine.describe(),
            Self::Child(machine) => machine.describe(),
            Self::External(machine) => machine.describe(),
        }
    }
}

/// A command of the wire from its attributes.
pub(crate) fn command(attributes: Attributes) -> Command {
    use Attributes as A;
    let command_type = match &attributes {
        A::ScheduleActivityTaskCommandAttributes(_) => CommandType::ScheduleActivityTask,
        A::RequestCancelActivityTaskCommandAttributes(_) => CommandType::RequestCancelActivityTask,
        A::StartTimerCommandAttributes(_) => CommandType::StartTimer,
        A::CancelTimerCommandAttributes(_) => CommandType::CancelTimer,
        A::StartChildWorkflowExecutionCommandAttributes(_) => {
            CommandType::StartChildWorkflowExecution
        }
        A::RequestCancelExternalWorkflowExecutionCommandAttributes(_) => {
            CommandType::RequestCancelExternalWorkflowExecution
        }
        A::SignalExternalWorkflowExecutionCommandAttributes(_) => {
            CommandType::SignalExternalWorkflowExecution
        }
        A::CompleteWorkflowExecutionCommandAttributes(_) => CommandType::CompleteWorkflowExecution,
        A::FailWorkflowExecutionCommandAttributes(_) => CommandType::FailWorkflowExecution,
        A::CancelWorkflowExecutionCommandAttributes(_) => CommandType::CancelWorkflowExecution,
        A::ContinueAsNewWorkflowExecutionCommandAttributes(_) => {
            CommandType::ContinueAsNewWorkflowExecution
        }
        A::RecordMarkerCommandAttributes(_) => CommandType::RecordMarker,
        A::UpsertWorkflowSearchAttributesCommandAttributes(_) => {
            CommandType::UpsertWorkflowSearchAttributes
        }
        A::ModifyWorkflowPropertiesCommandAttributes(_) => CommandType::ModifyWorkflowProperties,
        A::ProtocolMessageCommandAttributes(_) => CommandType::ProtocolMessage,
        A::ScheduleNexusOperationCommandAttributes(_) => CommandType::ScheduleNexusOperation,
        A::RequestCancelNexusOperationCommandAttributes(_) => {
            CommandType::RequestCancelNexusOperation
        }
    };
    Command {
        command_type: command_type.into(),
        attributes: Some(attributes),
        user_metadata: None,
        event_group_markers: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
