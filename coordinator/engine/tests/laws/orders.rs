//! Orders as the commands that a worker sends.

use persevere_engine::Execution;
use persevere_proto::api::{
    command::v1::{
        Command, RequestCancelActivityTaskCommandAttributes,
        RequestCancelExternalWorkflowExecutionCommandAttributes,
        ScheduleActivityTaskCommandAttributes, SignalExternalWorkflowExecutionCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes, command::Attributes,
    },
    common::v1::{ActivityType, RetryPolicy, WorkflowExecution, WorkflowType},
    enums::v1::CommandType,
    taskqueue::v1::TaskQueue,
};

use crate::{
    pick,
    plan::Order,
    rig::{QUEUE, commands, seconds},
};

pub(crate) fn command(order: &Order, execution: &Execution) -> Command {
    match order {
        Order::Activity { id, eager, to_start, to_close, attempt, heartbeat, attempts } => {
            let attributes = ScheduleActivityTaskCommandAttributes {
                activity_id: format!("activity-{id}"),
                activity_type: Some(ActivityType { name: "charge".into() }),
                task_queue: Some(queue()),
                schedule_to_start_timeout: seconds(u64::from(*to_start)),
                schedule_to_close_timeout: seconds(u64::from(*to_close)),
                start_to_close_timeout: seconds(u64::from(*attempt)),
                heartbeat_timeout: seconds(u64::from(*heartbeat)),
                retry_policy: Some(RetryPolicy {
                    maximum_attempts: i32::from(*attempts),
                    ..Default::default()
                }),
                request_eager_execution: *eager,
                ..Default::default()
            };
            let attributes = Attributes::ScheduleActivityTaskCommandAttributes(attributes);
            commands::command(CommandType::ScheduleActivityTask, attributes)
        }
        Order::CancelActivity { nth } => {
            let known: Vec<i64> = execution.recorded.activities.keys().copied().collect();
            let scheduled_event_id = pick(&known, *nth).copied().unwrap_or(5);
            let attributes = RequestCancelActivityTaskCommandAttributes { scheduled_event_id };
            let attributes = Attributes::RequestCancelActivityTaskCommandAttributes(attributes);
            commands::command(CommandType::RequestCancelActivityTask, attributes)
        }
        Order::Timer { id, seconds } => {
            commands::timer(&format!("timer-{id}"), u64::from(*seconds))
        }
        Order::CancelTimer { nth } => {
            let known: Vec<_> = execution.recorded.timers.values().collect();
            let known = pick(&known, *nth).map_or("no-timer", |timer| timer.timer_id.as_str());
            commands::cancel_timer(known)
        }
        Order::Marker => commands::marker("note"),
        Order::Child { id, policy } => child(*id, *policy),
        Order::SignalExternal => signal_external(),
        Order::CancelExternal { id } => cancel_external(*id),
        Order::Complete => commands::complete(),
        Order::Fail => commands::fail(),
        Order::Cancel => commands::cancel(),
        Order::ContinueAsNew => commands::continue_as_new(),
    }
}

fn queue() -> TaskQueue {
    TaskQueue { name: QUEUE.into(), ..Default::default() }
}

fn child(id: u8, policy: u8) -> Command {
    let attributes = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: format!("child-{id}"),
        workflow_type: Some(WorkflowType { name: "part".into() }),
        task_queue: Some(queue()),
        parent_close_policy: i32::from(policy),
        ..Default::default()
    };
    let attributes = Attributes::StartChildWorkflowExecutionCommandAttributes(attributes);
    commands::command(CommandType::StartChildWorkflowExecution, attributes)
}

fn signal_external() -> Command {
    let attributes = SignalExternalWorkflowExecutionCommandAttributes {
        execution: Some(WorkflowExecution { workflow_id: "other".into(), run_id: String::new() }),
        signal_name: "hello".into(),
        ..Default::default()
    };
    let attributes = Attributes::SignalExternalWorkflowExecutionCommandAttributes(attributes);
    commands::command(CommandType::SignalExternalWorkflowExecution, attributes)
}

fn cancel_external(id: u8) -> Command {
    let attributes = RequestCancelExternalWorkflowExecutionCommandAttributes {
        workflow_id: format!("child-{id}"),
        ..Default::default()
    };
    let attributes =
        Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(attributes);
    commands::command(CommandType::RequestCancelExternalWorkflowExecution, attributes)
}
