//! A workflow task that nobody took, or nobody answered, in time (semantics rule 37).

use persevere_proto::api::enums::v1::TimeoutType;

use super::{events, fail::try_again, schedule};
use crate::{state::WorkflowTask, transition::Draft};

/// Times out the pending workflow task, if its deadline has passed.
pub(crate) fn time_out(draft: &mut Draft<'_>) {
    if super::deadline(&draft.execution).is_none_or(|deadline| deadline > draft.context.now) {
        return;
    }
    match draft.execution.overlay.workflow_task.clone() {
        WorkflowTask::None => {}
        WorkflowTask::Scheduled(task) => {
            let id = task.scheduled_event_id;
            draft.record(events::timed_out(id, 0, TimeoutType::ScheduleToStart));
            let overlay = draft.overlay();
            overlay.workflow_task = WorkflowTask::None;
            overlay.sticky = None;
            schedule(draft, 1);
        }
        WorkflowTask::Started(task) => {
            if task.scheduled.attempt == 1 {
                let (scheduled, started) =
                    (task.scheduled.scheduled_event_id, task.started_event_id);
                draft.record(events::timed_out(scheduled, started, TimeoutType::StartToClose));
            }
            try_again(draft, &task);
        }
    }
}
