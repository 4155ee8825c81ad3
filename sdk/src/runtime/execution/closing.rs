//! How a run ends: the command that closes it.

use persevere_proto::api::{
    command::v1::{
        CancelWorkflowExecutionCommandAttributes, CompleteWorkflowExecutionCommandAttributes,
        ContinueAsNewWorkflowExecutionCommandAttributes, FailWorkflowExecutionCommandAttributes,
        command::Attributes,
    },
    common::v1::{Memo, Payload, Payloads, SearchAttributes, WorkflowType},
    enums::v1::ContinueAsNewInitiator,
    taskqueue::v1::TaskQueue,
};

use super::Execution;
use crate::{
    runtime::{
        context::Mode,
        intent::Intent,
        machine::{Emit, command},
        spec::{ContinueAsNewSpec, WorkflowExit},
        surface::WorkflowInfo,
    },
    wire_time::duration_to_wire,
};

impl Execution {
    /// Emits the command that closes the run and lets go of everything but its query handlers.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.context.set_mode(Mode::TornDown);
        self.tasks.clear();
        self.context.set_mode(Mode::Running);
        let mut state = self.context.state.borrow_mut();
        let finished = state.finished.take().unwrap_or(Ok(None));
        let emit = closing(finished, &state.info);
        state.operations.close(emit);
    }
}

fn closing(finished: Result<Option<Payload>, WorkflowExit>, info: &WorkflowInfo) -> Emit {
    let (intent, attributes) = match finished {
        Ok(result) => {
            let result = result.map(|payload| Payloads { payloads: vec![payload] });
            let attributes = CompleteWorkflowExecutionCommandAttributes { result };
            let attributes = Attributes::CompleteWorkflowExecutionCommandAttributes(attributes);
            (Intent::CompleteWorkflow, attributes)
        }
        Err(WorkflowExit::Failed(failure)) => {
            let attributes = FailWorkflowExecutionCommandAttributes { failure: Some(failure) };
            (Intent::FailWorkflow, Attributes::FailWorkflowExecutionCommandAttributes(attributes))
        }
        Err(WorkflowExit::Cancelled(details)) => {
            let details = (!details.is_empty()).then_some(Payloads { payloads: details });
            let attributes = CancelWorkflowExecutionCommandAttributes { details };
            let attributes = Attributes::CancelWorkflowExecutionCommandAttributes(attributes);
            (Intent::CancelWorkflow, attributes)
        }
        Err(WorkflowExit::ContinueAsNew(spec)) => {
            let attributes = continue_as_new(*spec, info);
            let attributes =
                Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(attributes);
            (Intent::ContinueAsNew, attributes)
        }
    };
    Emit { intent, command: command(attributes) }
}

/// What the spec leaves out comes from the current run: the server fills in the time limits, the
/// rest is the worker's to fill in.
fn continue_as_new(
    spec: ContinueAsNewSpec,
    info: &WorkflowInfo,
) -> ContinueAsNewWorkflowExecutionCommandAttributes {
    let kind = spec.kind.unwrap_or_else(|| info.workflow_type.clone());
    let queue = spec.task_queue.unwrap_or_else(|| info.task_queue.clone());
    let memo = spec.memo.unwrap_or_else(|| Memo { fields: info.memo.clone() });
    let search_attributes = spec
        .search_attributes
        .unwrap_or_else(|| SearchAttributes { indexed_fields: info.search_attributes.clone() });
    ContinueAsNewWorkflowExecutionCommandAttributes {
        workflow_type: Some(WorkflowType { name: kind }),
        task_queue: Some(TaskQueue { name: queue, ..Default::default() }),
        input: (!spec.input.is_empty()).then_some(Payloads { payloads: spec.input }),
        workflow_run_timeout: spec.run_timeout.map(duration_to_wire),
        workflow_task_timeout: spec.task_timeout.map(duration_to_wire),
        retry_policy: spec.retry,
        initiator: ContinueAsNewInitiator::Workflow.into(),
        memo: (!memo.fields.is_empty()).then_some(memo),
        search_attributes: (!search_attributes.indexed_fields.is_empty())
            .then_some(search_attributes),
        ..Default::default()
    }
}
