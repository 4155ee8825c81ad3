//! The functions that begin operations: from a spec to a machine and the command that begins it.

use std::{rc::Rc, time::Duration};

use persevere_proto::api::{
    command::v1::{
        Command, RequestCancelExternalWorkflowExecutionCommandAttributes,
        ScheduleActivityTaskCommandAttributes, SignalExternalWorkflowExecutionCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes, StartTimerCommandAttributes,
        command::Attributes,
    },
    common::v1::{ActivityType, Payload, Payloads, WorkflowExecution, WorkflowType},
    failure::v1::Failure,
    sdk::v1::UserMetadata,
    taskqueue::v1::TaskQueue,
};

use super::{ChildOperation, Operation};
use crate::{
    runtime::{
        context::{self, Context},
        failures::{
            ActivityIdentity, ChildIdentity, cancelled, cancelled_activity, cancelled_child,
        },
        intent::Intent,
        machine::{Activity, Child, Emit, External, Machine, Timer, command},
        spec::{
            ActivitySpec, CancelExternalSpec, ChildSpec, Location, SignalExternalSpec, TimerSpec,
        },
    },
    wire_time::duration_to_wire,
};

/// A timer of zero would be refused by the server; this is as soon as it gets.
const SHORTEST_TIMER: Duration = Duration::from_millis(1);

/// Schedules an activity.
pub fn schedule_activity(spec: ActivitySpec) -> Operation {
    begin("an activity", spec.location, |context| {
        let ActivitySpec { kind, input, options, location } = spec;
        if context.must_cancel() {
            let id = options.activity_id.as_deref().unwrap_or_default();
            let identity = ActivityIdentity { id, kind: &kind, scheduled_event_id: 0 };
            return Err(cancelled_activity(&identity));
        }
        let mut state = context.state.borrow_mut();
        let id = options.activity_id.unwrap_or_else(|| state.operations.next_activity_id());
        let own_queue = &state.info.task_queue;
        let queue = options.task_queue.unwrap_or_else(|| own_queue.clone());
        let attributes = ScheduleActivityTaskCommandAttributes {
            activity_id: id.clone(),
            activity_type: Some(ActivityType { name: kind.clone() }),
            request_eager_execution: !options.no_eager && queue == *own_queue,
            task_queue: Some(TaskQueue { name: queue, ..Default::default() }),
            input: payloads(input),
            schedule_to_close_timeout: options.schedule_to_close.map(duration_to_wire),
            schedule_to_start_timeout: options.schedule_to_start.map(duration_to_wire),
            start_to_close_timeout: options.start_to_close.map(duration_to_wire),
            heartbeat_timeout: options.heartbeat.map(duration_to_wire),
            retry_policy: options.retry,
            priority: options.priority,
            ..Default::default()
        };
        let attributes = Attributes::ScheduleActivityTaskCommandAttributes(attributes);
        let emit = Emit {
            intent: Intent::ScheduleActivity { id: id.clone(), kind: kind.clone() },
            command: with_summary(command(attributes), options.summary),
        };
        let machine = Machine::Activity(Activity::new(id, kind, options.cancellation));
        Ok(state.operations.begin(machine, emit, location))
    })
}

/// Starts a timer; the operation resolves to `Ok(None)`.
pub fn start_timer(spec: TimerSpec) -> Operation {
    begin("a timer", spec.location, |context| {
        if context.must_cancel() {
            return Err(cancelled("timer"));
        }
        let mut state = context.state.borrow_mut();
        let id = state.operations.next_timer_id();
        let duration = spec.duration.max(SHORTEST_TIMER);
        let attributes = StartTimerCommandAttributes {
            timer_id: id.clone(),
            start_to_fire_timeout: Some(duration_to_wire(duration)),
        };
        let attributes = Attributes::StartTimerCommandAttributes(attributes);
        let emit = Emit {
            intent: Intent::StartTimer { id: id.clone(), duration },
            command: with_summary(command(attributes), spec.summary),
        };
        let machine = Machine::Timer(Timer::new(id, duration));
        Ok(state.operations.begin(machine, emit, spec.location))
    })
}

/// Starts a child workflow.
pub fn start_child(spec: ChildSpec) -> ChildOperation {
    let context = match context::current_to_change("a child workflow", spec.location) {
        Ok(context) => context,
        Err(error) => {
            return ChildOperation::refused(error.into(), spec.workflow_id.unwrap_or_default());
        }
    };
    let ChildSpec { kind, input, workflow_id, options, location } = spec;
    // Drawn before anything can differ, so that a run that is cancelled draws the same numbers.
    let workflow_id =
        workflow_id.unwrap_or_else(|| context.state.borrow_mut().random.uuid4().to_string());
    let info = context.state.borrow().info.clone();
    if context.must_cancel() {
        let namespace = &info.namespace;
        let identity =
            ChildIdentity { namespace, workflow_id: &workflow_id, run_id: "", kind: &kind };
        return ChildOperation::refused(cancelled_child(&identity), workflow_id);
    }
    let attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: workflow_id.clone(),
        workflow_type: Some(WorkflowType { name: kind.clone() }),
        task_queue: Some(TaskQueue {
            name: options.task_queue.unwrap_or_else(|| info.task_queue.clone()),
            ..Default::default()
        }),
        input: payloads(input),
        workflow_execution_timeout: options.execution_timeout.map(duration_to_wire),
        workflow_run_timeout: options.run_timeout.map(duration_to_wire),
        workflow_task_timeout: options.task_timeout.map(duration_to_wire),
        parent_close_policy: options.parent_close.into(),
        workflow_id_reuse_policy: options.id_reuse.into(),
        retry_policy: options.retry,
        cron_schedule: options.cron.unwrap_or_default(),
        memo: options.memo,
        search_attributes: options.search_attributes,
        priority: options.priority,
        ..Default::default()
    };
    let attributes = Attributes::StartChildWorkflowExecutionCommandAttributes(attributes);
    let emit = Emit {
        intent: Intent::StartChild { workflow_id: workflow_id.clone(), kind: kind.clone() },
        command: with_summary(command(attributes), options.summary),
    };
    let child = Child::new(info.namespace.clone(), workflow_id.clone(), kind, options.cancellation);
    let id = context.state.borrow_mut().operations.begin(Machine::Child(child), emit, location);
    ChildOperation::begun(context, id, workflow_id)
}

/// Signals another execution; the operation resolves to `Ok(None)` once the server has delivered it.
pub fn signal_external(spec: SignalExternalSpec) -> Operation {
    begin("a signal to another workflow", spec.location, |context| {
        let SignalExternalSpec { target, name, input, location } = spec;
        if context.must_cancel() {
            return Err(cancelled(External::SIGNAL));
        }
        let mut state = context.state.borrow_mut();
        let attributes = SignalExternalWorkflowExecutionCommandAttributes {
            execution: Some(WorkflowExecution {
                workflow_id: target.workflow_id.clone(),
                run_id: target.run_id.unwrap_or_default(),
            }),
            signal_name: name.clone(),
            input: payloads(input),
            child_workflow_only: target.child_only,
            ..Default::default()
        };
        let attributes = Attributes::SignalExternalWorkflowExecutionCommandAttributes(attributes);
        let workflow_id = target.workflow_id;
        let emit = Emit {
            intent: Intent::SignalExternal { workflow_id: workflow_id.clone(), name: name.clone() },
            command: command(attributes),
        };
        let machine = Machine::External(External::signal(workflow_id, name));
        Ok(state.operations.begin(machine, emit, location))
    })
}

/// Asks another execution to cancel; the operation resolves to `Ok(None)` once that is recorded.
pub fn cancel_external(spec: CancelExternalSpec) -> Operation {
    begin("cancelling another workflow", spec.location, |context| {
        let CancelExternalSpec { target, reason, location } = spec;
        if context.must_cancel() {
            return Err(cancelled(External::CANCEL));
        }
        let mut state = context.state.borrow_mut();
        let attributes = RequestCancelExternalWorkflowExecutionCommandAttributes {
            workflow_id: target.workflow_id.clone(),
            run_id: target.run_id.unwrap_or_default(),
            child_workflow_only: target.child_only,
            reason,
            ..Default::default()
        };
        let attributes =
            Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes);
        let workflow_id = target.workflow_id;
        let emit = Emit {
            intent: Intent::CancelExternal { workflow_id: workflow_id.clone() },
            command: command(attributes),
        };
        let machine = Machine::External(External::cancel(workflow_id));
        Ok(state.operations.begin(machine, emit, location))
    })
}

fn begin(
    called: &'static str,
    location: Location,
    begin: impl FnOnce(&Rc<Context>) -> Result<crate::runtime::operations::OpId, Failure>,
) -> Operation {
    let context = match context::current_to_change(called, location) {
        Ok(context) => context,
        Err(error) => return Operation::refused(error.into()),
    };
    match begin(&context) {
        Ok(id) => Operation::begun(context, id),
        Err(failure) => Operation::refused(failure),
    }
}

fn payloads(payloads: Vec<Payload>) -> Option<Payloads> {
    (!payloads.is_empty()).then_some(Payloads { payloads })
}

fn with_summary(mut command: Command, summary: Option<Payload>) -> Command {
    let metadata = |summary| UserMetadata { summary: Some(summary), details: None };
    command.user_metadata = summary.map(metadata);
    command
}
