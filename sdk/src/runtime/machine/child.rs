//! A child workflow: initiated by a command, started or refused, closed by one of five events,
//! perhaps asked to cancel.
//!
//! The life of the child and the request to cancel it are two machines side by side, since the
//! request is answered by events of its own, before or after the child has closed.
//!
//! | life      | input                  | next      | step                                     |
//! |-----------|------------------------|-----------|------------------------------------------|
//! | Requested | Recorded               | Initiated |                                          |
//! | Requested | Cancel                 | Closed    | withdraw begin, resolve cancelled        |
//! | Initiated | Started                | Started   | started; emit cancel if it is wanted     |
//! | Initiated | Refused                | Closed    | started and resolve failed               |
//! | Started   | Settled                | Closed    | withdraw cancel if queued, resolve       |
//! | Initiated, Started | Cancel, try   | same      | cancel (below), resolve cancelled        |
//! | Initiated, Started | Cancel, wait  | same      | cancel (below)                           |
//! | Initiated, Started | Cancel, abandon | same    | resolve cancelled                        |
//! | Closed    | Cancel                 | Closed    |                                          |
//!
//! | request | input                        | next    | step        |
//! |---------|------------------------------|---------|-------------|
//! | None    | cancel of an initiated child | Wanted  |             |
//! | None    | cancel of a started child    | Queued  | emit cancel |
//! | Wanted  | Started                      | Queued  | emit cancel |
//! | Queued  | CancelRecorded               | Sent    |             |
//! | Queued  | Settled                      | None    | withdraw    |

use persevere_proto::api::{
    command::v1::{RequestCancelExternalWorkflowExecutionCommandAttributes, command::Attributes},
    failure::v1::Failure,
};

use super::{Emit, Impossible, Input, Outcome, Role, Step, command};
use crate::runtime::{
    failures::{ChildIdentity, cancelled_child},
    intent::Intent,
    spec::CancellationType,
};

#[derive(Debug)]
pub(crate) struct Child {
    namespace: String,
    workflow_id: String,
    kind: String,
    cancellation: CancellationType,
    life: Life,
    request: Request,
}

#[derive(Clone, Debug)]
enum Life {
    Requested,
    Initiated,
    Started { run_id: String },
    Closed,
}

impl Life {
    fn name(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Initiated => "initiated",
            Self::Started { .. } => "started",
            Self::Closed => "closed",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    None,
    Wanted,
    Queued,
    Sent,
}

impl Child {
    pub(crate) fn new(
        namespace: String,
        workflow_id: String,
        kind: String,
        cancellation: CancellationType,
    ) -> Self {
        Self {
            namespace,
            workflow_id,
            kind,
            cancellation,
            life: Life::Requested,
            request: Request::None,
        }
    }

    pub(super) fn step(&mut self, input: Input) -> Result<Step, Impossible> {
        match (&self.life, input) {
            (Life::Requested, Input::Recorded { .. }) => {
                self.life = Life::Initiated;
                Ok(Step::none())
            }
            (Life::Requested, Input::Cancel) => {
                self.life = Life::Closed;
                let failure = self.cancelled();
                let mut step = Step::withdraw(Role::Begin).and_resolve(Err(failure.clone()));
                step.started = Some(Err(failure));
                Ok(step)
            }
            (Life::Initiated, Input::Started { run_id }) => Ok(self.start(run_id)),
            (Life::Initiated, Input::Refused { failure }) => {
                self.life = Life::Closed;
                let mut step = Step::resolve(Err(failure.clone()));
                step.started = Some(Err(failure));
                Ok(step)
            }
            (Life::Started { .. }, Input::Settled(outcome)) => Ok(self.settle(outcome)),
            (Life::Initiated | Life::Started { .. }, Input::Cancel) => Ok(self.cancel()),
            (Life::Closed, Input::Cancel) => Ok(Step::none()),
            (_, Input::CancelRecorded) if self.request == Request::Queued => {
                self.request = Request::Sent;
                Ok(Step::none())
            }
            (life, _) => Err(Impossible { state: life.name() }),
        }
    }

    fn start(&mut self, run_id: String) -> Step {
        self.life = Life::Started { run_id: run_id.clone() };
        let mut step = Step { started: Some(Ok(run_id)), ..Step::default() };
        if self.request == Request::Wanted {
            self.request = Request::Queued;
            step.emit = Some(self.cancel_command());
        }
        step
    }

    fn settle(&mut self, outcome: Outcome) -> Step {
        self.life = Life::Closed;
        let mut step = Step::resolve(outcome);
        if self.request == Request::Queued {
            self.request = Request::None;
            step.withdraw = Some(Role::Cancel);
        }
        step
    }

    fn cancel(&mut self) -> Step {
        let mut step = Step::none();
        let started = matches!(self.life, Life::Started { .. });
        if self.cancellation != CancellationType::Abandon && self.request == Request::None {
            self.request = if started { Request::Queued } else { Request::Wanted };
            step.emit = started.then(|| self.cancel_command());
        }
        if self.cancellation != CancellationType::WaitForCompletion {
            let failure = self.cancelled();
            step.started = (!started).then(|| Err(failure.clone()));
            step.resolve = Some(Err(failure));
        }
        step
    }

    fn cancel_command(&self) -> Emit {
        let attributes = RequestCancelExternalWorkflowExecutionCommandAttributes {
            workflow_id: self.workflow_id.clone(),
            child_workflow_only: true,
            reason: "cancelled by its parent".into(),
            ..Default::default()
        };
        let attributes =
            Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes);
        Emit {
            intent: Intent::CancelExternal { workflow_id: self.workflow_id.clone() },
            command: command(attributes),
        }
    }

    fn cancelled(&self) -> Failure {
        cancelled_child(&self.identity())
    }

    fn identity(&self) -> ChildIdentity<'_> {
        let run_id = match &self.life {
            Life::Started { run_id } => run_id,
            Life::Requested | Life::Initiated | Life::Closed => "",
        };
        ChildIdentity {
            namespace: &self.namespace,
            workflow_id: &self.workflow_id,
            run_id,
            kind: &self.kind,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(self.life, Life::Closed)
    }

    pub(super) fn describe(&self) -> String {
        format!("child workflow {} (id {})", self.kind, self.workflow_id)
    }
}
