//! Which events a command caused, and the completion that carried it.

use persevere_proto::api::history::v1::{HistoryEvent, history_event::Attributes};

/// The completion of a workflow task that an event says it belongs to.
pub(super) fn completion(event: &HistoryEvent) -> Option<i64> {
    use Attributes as A;
    Some(match event.attributes.as_ref()? {
        A::ActivityTaskScheduledEventAttributes(e) => e.workflow_task_completed_event_id,
        A::ActivityTaskCancelRequestedEventAttributes(e) => e.workflow_task_completed_event_id,
        A::TimerStartedEventAttributes(e) => e.workflow_task_completed_event_id,
        A::TimerCanceledEventAttributes(e) => e.workflow_task_completed_event_id,
        A::MarkerRecordedEventAttributes(e) => e.workflow_task_completed_event_id,
        A::StartChildWorkflowExecutionInitiatedEventAttributes(e) => {
            e.workflow_task_completed_event_id
        }
        A::SignalExternalWorkflowExecutionInitiatedEventAttributes(e) => {
            e.workflow_task_completed_event_id
        }
        A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(e) => {
            e.workflow_task_completed_event_id
        }
        A::UpsertWorkflowSearchAttributesEventAttributes(e) => e.workflow_task_completed_event_id,
        A::WorkflowPropertiesModifiedEventAttributes(e) => e.workflow_task_completed_event_id,
        A::WorkflowExecutionCompletedEventAttributes(e) => e.workflow_task_completed_event_id,
        A::WorkflowExecutionFailedEventAttributes(e) => e.workflow_task_completed_event_id,
        A::WorkflowExecutionCanceledEventAttributes(e) => e.workflow_task_completed_event_id,
        A::WorkflowExecutionContinuedAsNewEventAttributes(e) => e.workflow_task_completed_event_id,
        _ => return None,
    })
}
