//! Messages to other executions, in full: what the shell has to do to deliver one.

use crate::{
    command::{Command, Start},
    state::Execution,
};

/// A message ready for delivery.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Namespace of the receiver.
    pub namespace: String,
    /// Workflow id of the receiver.
    pub workflow_id: String,
    /// Run of the receiver; empty for its current run.
    pub run_id: String,
    /// What to do there.
    pub command: DeliveryCommand,
}

/// What to do at the receiver.
#[derive(Clone, Debug)]
pub enum DeliveryCommand {
    /// Start a child.
    Start(Box<Start>),
    /// Send a command to a run that exists.
    Command(Box<Command>),
}

impl Execution {
    /// The message of this number, in full; `None` if it is not in the outbox any more.
    ///
    /// The receiver's answer (or its absence) is translated by [`Execution::outcome`] and comes
    /// back as `Command::Outcome`.
    #[must_use]
    pub fn delivery(&self, _number: i64) -> Option<Delivery> {
        todo!()
    }

    /// What the receiver's answer to the message of this number means for the sender. `NotFound`
    /// also stands for a namespace or workflow that does not exist.
    #[must_use]
    pub fn outcome(
        &self,
        _number: i64,
        _answer: Result<&crate::Reply, &crate::Rejection>,
    ) -> crate::MessageOutcome {
        todo!()
    }
}
