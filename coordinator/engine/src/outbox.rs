//! Messages to other executions, in full: what the shell has to do to deliver one.
//!
//! A message is delivered at least once: until its outcome is on disk it is delivered again after
//! every crash. Request ids derive from the sender's run and event, so that the receiver carries
//! out a repeated request once.

use persevere_proto::api::{
    common::v1::{Priority, WorkflowExecution},
    enums::v1::{
        CancelExternalWorkflowExecutionFailedCause, SignalExternalWorkflowExecutionFailedCause,
        StartChildWorkflowExecutionFailedCause,
    },
    workflowservice::v1::{
        RequestCancelWorkflowExecutionRequest, SignalWorkflowExecutionRequest,
        StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
    },
};

use crate::{
    command::{
        ChildClosed, Command, MessageOutcome, Parent, RequestCancel, Sender, Signal, Start,
        Terminate,
    },
    context::derived_id,
    priority,
    rejection::Rejection,
    reply::Reply,
    state::{Execution, Message, Status},
    terminate::SERVER_IDENTITY,
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
    pub fn delivery(&self, number: i64) -> Option<Delivery> {
        match self.overlay.outbox.get(&number)? {
            Message::StartChild { initiated_event_id } => self.start_child(*initiated_event_id),
            Message::ReleaseChild { namespace, child, .. } => Some(Delivery {
                run_id: child.run_id.clone(),
                ..to(namespace, child, Command::ReleaseFirstWorkflowTask)
            }),
            Message::Signal { initiated_event_id } => self.signal_external(*initiated_event_id),
            Message::Cancel { initiated_event_id } => self.cancel_external(*initiated_event_id),
            Message::ReportClose => self.report_close(),
            Message::TerminateChild { namespace, child } => {
                Some(self.terminate_child(namespace, child))
            }
            Message::CancelChild { namespace, child, initiated_event_id } => {
                Some(self.cancel_child(namespace, child, *initiated_event_id))
            }
        }
    }

    /// What the receiver's answer to the message of this number means for the sender. `NotFound`
    /// also stands for a namespace or workflow that does not exist.
    #[must_use]
    pub fn outcome(&self, number: i64, answer: Result<&Reply, &Rejection>) -> MessageOutcome {
        use StartChildWorkflowExecutionFailedCause as StartCause;
        match (self.overlay.outbox.get(&number), answer) {
            (Some(Message::StartChild { .. }), Ok(Reply::Started(started))) => {
                MessageOutcome::ChildStarted { run_id: started.run_id.clone() }
            }
            (Some(Message::StartChild { .. }), Err(rejection)) => {
                MessageOutcome::ChildRefused(match rejection {
                    Rejection::AlreadyStarted { .. } => StartCause::WorkflowAlreadyExists,
                    Rejection::NotFound(_) | Rejection::NamespaceNotFound(_) => {
                        StartCause::NamespaceNotFound
                    }
                    _ => StartCause::Unspecified,
                })
            }
            (Some(Message::Signal { .. }), Err(rejection)) => {
                use SignalExternalWorkflowExecutionFailedCause as Cause;
                MessageOutcome::SignalRefused(match rejection {
                    Rejection::InvalidArgument(_) => Cause::SignalCountLimitExceeded,
                    _ => Cause::ExternalWorkflowExecutionNotFound,
                })
            }
            (Some(Message::Cancel { .. }), Err(_)) => MessageOutcome::CancelRefused(
                CancelExternalWorkflowExecutionFailedCause::ExternalWorkflowExecutionNotFound,
            ),
            _ => MessageOutcome::Delivered,
        }
    }

    fn start_child(&self, initiated_event_id: i64) -> Option<Delivery> {
        let child = self.recorded.children.get(&initiated_event_id)?;
        let initiated = &child.initiated;
        let started = &self.recorded.started;
        let own = self.key.execution();
        let parent = Parent {
            namespace: self.key.namespace.clone(),
            root: started.root_workflow_execution.clone().unwrap_or_else(|| own.clone()),
            execution: own,
            initiated_event_id,
        };
        let request = StartWorkflowExecutionRequest {
            namespace: initiated.namespace.clone(),
            workflow_id: initiated.workflow_id.clone(),
            workflow_type: initiated.workflow_type.clone(),
            task_queue: initiated.task_queue.clone(),
            input: initiated.input.clone(),
            workflow_execution_timeout: initiated.workflow_execution_timeout,
            workflow_run_timeout: initiated.workflow_run_timeout,
            workflow_task_timeout: initiated.workflow_task_timeout,
            // Shown to users; worded as the reference server does.
            request_id: format!("{}:{initiated_event_id}:0", self.key.run_id),
            workflow_id_reuse_policy: initiated.workflow_id_reuse_policy,
            retry_policy: initiated.retry_policy.clone(),
            cron_schedule: initiated.cron_schedule.clone(),
            memo: initiated.memo.clone(),
            search_attributes: initiated.search_attributes.clone(),
            header: initiated.header.clone(),
            user_metadata: child.user_metadata.clone(),
            priority: self.inherited_priority(initiated.priority.as_ref()),
            ..StartWorkflowExecutionRequest::default()
        };
        Some(Delivery {
            namespace: initiated.namespace.clone(),
            workflow_id: initiated.workflow_id.clone(),
            run_id: String::new(),
            command: DeliveryCommand::Start(Box::new(Start {
                request: Box::new(request),
                signal: None,
                parent: Some(parent),
            })),
        })
    }

    fn signal_external(&self, initiated_event_id: i64) -> Option<Delivery> {
        let initiated = &self.recorded.external_signals.get(&initiated_event_id)?.initiated;
        let target = initiated.workflow_execution.clone().unwrap_or_default();
        let namespace = self.or_own(&initiated.namespace);
        let request = SignalWorkflowExecutionRequest {
            namespace: namespace.clone(),
            workflow_execution: Some(target.clone()),
            signal_name: initiated.signal_name.clone(),
            input: initiated.input.clone(),
            identity: SERVER_IDENTITY.into(),
            request_id: derived_id(&self.key.run_id, initiated_event_id),
            header: initiated.header.clone(),
            ..SignalWorkflowExecutionRequest::default()
        };
        let sender = self.sender(initiated_event_id, initiated.child_workflow_only);
        let signal = Signal { request: Box::new(request), sender: Some(sender) };
        let delivery = to(&namespace, &target, Command::Signal(signal));
        Some(Delivery { run_id: target.run_id, ..delivery })
    }

    fn cancel_external(&self, initiated_event_id: i64) -> Option<Delivery> {
        let initiated = &self.recorded.external_cancels.get(&initiated_event_id)?.initiated;
        let target = initiated.workflow_execution.clone().unwrap_or_default();
        let namespace = self.or_own(&initiated.namespace);
        let request = RequestCancelWorkflowExecutionRequest {
            namespace: namespace.clone(),
            workflow_execution: Some(target.clone()),
            identity: SERVER_IDENTITY.into(),
            request_id: derived_id(&self.key.run_id, initiated_event_id),
            reason: initiated.reason.clone(),
            ..RequestCancelWorkflowExecutionRequest::default()
        };
        let sender = self.sender(initiated_event_id, initiated.child_workflow_only);
        let cancel = RequestCancel { request: Box::new(request), sender: Some(sender) };
        let delivery = to(&namespace, &target, Command::RequestCancel(cancel));
        Some(Delivery { run_id: target.run_id, ..delivery })
    }

    /// Semantics rule 60: this is the last run of its chain.
    fn report_close(&self) -> Option<Delivery> {
        let started = &self.recorded.started;
        let parent = started.parent_workflow_execution.as_ref()?;
        let Status::Closed(closed) = &self.recorded.status else { return None };
        let report = ChildClosed {
            initiated_event_id: started.parent_initiated_event_id,
            execution: self.key.execution(),
            close: Box::new(closed.event.attributes.clone()?),
        };
        let delivery = to(&started.parent_workflow_namespace, parent, Command::ChildClosed(report));
        Some(Delivery { run_id: parent.run_id.clone(), ..delivery })
    }

    /// Semantics rule 107. The child may have continued as new: its chain counts, not its run.
    fn terminate_child(&self, namespace: &str, child: &WorkflowExecution) -> Delivery {
        let request = TerminateWorkflowExecutionRequest {
            namespace: namespace.to_owned(),
            workflow_execution: Some(whole_chain(child)),
            reason: "by parent close policy".into(),
            identity: SERVER_IDENTITY.into(),
            first_execution_run_id: child.run_id.clone(),
            ..TerminateWorkflowExecutionRequest::default()
        };
        let parent = Some(self.key.execution());
        to(namespace, child, Command::Terminate(Terminate { request: Box::new(request), parent }))
    }

    fn cancel_child(
        &self,
        namespace: &str,
        child: &WorkflowExecution,
        initiated_event_id: i64,
    ) -> Delivery {
        let request = RequestCancelWorkflowExecutionRequest {
            namespace: namespace.to_owned(),
            workflow_execution: Some(whole_chain(child)),
            identity: SERVER_IDENTITY.into(),
            request_id: derived_id(&self.key.run_id, initiated_event_id),
            first_execution_run_id: child.run_id.clone(),
            ..RequestCancelWorkflowExecutionRequest::default()
        };
        // No event of the parent initiated this request.
        let sender = self.sender(0, true);
        let cancel = RequestCancel { request: Box::new(request), sender: Some(sender) };
        to(namespace, child, Command::RequestCancel(cancel))
    }

    fn sender(&self, initiated_event_id: i64, child_workflow_only: bool) -> Sender {
        Sender {
            namespace: self.key.namespace.clone(),
            execution: self.key.execution(),
            initiated_event_id,
            child_workflow_only,
        }
    }

    fn or_own(&self, namespace: &str) -> String {
        if namespace.is_empty() { self.key.namespace.clone() } else { namespace.to_owned() }
    }

    fn inherited_priority(&self, own: Option<&Priority>) -> Option<Priority> {
        priority::inherited(own, self.recorded.started.priority.as_ref())
    }
}

/// A command to the current run of a workflow.
fn to(namespace: &str, target: &WorkflowExecution, command: Command) -> Delivery {
    Delivery {
        namespace: namespace.to_owned(),
        workflow_id: target.workflow_id.clone(),
        run_id: String::new(),
        command: DeliveryCommand::Command(Box::new(command)),
    }
}

/// The workflow, whichever run of it is the current one.
fn whole_chain(child: &WorkflowExecution) -> WorkflowExecution {
    WorkflowExecution { workflow_id: child.workflow_id.clone(), run_id: String::new() }
}
