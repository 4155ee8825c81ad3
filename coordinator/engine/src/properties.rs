//! Commands that only leave a note: markers, search attributes, memo (semantics rule 57).

use persevere_proto::api::{
    command::v1::{
        ModifyWorkflowPropertiesCommandAttributes, RecordMarkerCommandAttributes,
        UpsertWorkflowSearchAttributesCommandAttributes,
    },
    common::v1::Memo,
    enums::v1::WorkflowTaskFailedCause as Cause,
    history::v1::{
        MarkerRecordedEventAttributes, UpsertWorkflowSearchAttributesEventAttributes,
        WorkflowPropertiesModifiedEventAttributes, history_event::Attributes,
    },
};

use crate::{
    command_run::{BadCommand, CommandRun},
    limits::ID_BYTES_MAX,
    search_attributes::{check_search_attributes, typed},
};

/// Carries out `RecordMarker`.
pub(crate) fn record_marker(
    run: &mut CommandRun<'_, '_>,
    command: RecordMarkerCommandAttributes,
) -> Result<(), BadCommand> {
    let name = &command.marker_name;
    let bad = |text: String| Err(BadCommand::new(Cause::BadRecordMarkerAttributes, text));
    if name.is_empty() {
        return bad("MarkerName is not set on RecordMarkerCommand.".into());
    }
    if name.len() > ID_BYTES_MAX {
        return bad(format!(
            "MarkerName on RecordMarkerCommand exceeds length limit. MarkerName={name} Length={} \
             Limit={ID_BYTES_MAX}",
            name.len()
        ));
    }
    let attributes = MarkerRecordedEventAttributes {
        marker_name: command.marker_name,
        details: command.details,
        workflow_task_completed_event_id: run.completed_event_id,
        header: command.header,
        failure: command.failure,
    };
    run.draft.record(Attributes::MarkerRecordedEventAttributes(attributes));
    Ok(())
}

/// Carries out `UpsertWorkflowSearchAttributes`.
pub(crate) fn upsert_search_attributes(
    run: &mut CommandRun<'_, '_>,
    command: UpsertWorkflowSearchAttributesCommandAttributes,
) -> Result<(), BadCommand> {
    let bad = |text: &str| Err(BadCommand::new(Cause::BadSearchAttributes, text));
    let Some(search_attributes) = command.search_attributes else {
        return bad("SearchAttributes is not set on UpsertWorkflowSearchAttributesCommand.");
    };
    if search_attributes.indexed_fields.is_empty() {
        return bad("IndexedFields is not set on UpsertWorkflowSearchAttributesCommand.");
    }
    let namespace = &run.draft.execution.key.namespace;
    if let Err(problem) = check_search_attributes(namespace, &search_attributes) {
        return bad(&problem);
    }
    let attributes = UpsertWorkflowSearchAttributesEventAttributes {
        workflow_task_completed_event_id: run.completed_event_id,
        search_attributes: Some(typed(search_attributes)),
    };
    let attributes = Attributes::UpsertWorkflowSearchAttributesEventAttributes(attributes);
    run.draft.record(attributes);
    Ok(())
}

/// Carries out `ModifyWorkflowProperties`.
pub(crate) fn modify(
    run: &mut CommandRun<'_, '_>,
    command: ModifyWorkflowPropertiesCommandAttributes,
) -> Result<(), BadCommand> {
    let bad = |text: &str| Err(BadCommand::new(Cause::BadModifyWorkflowPropertiesAttributes, text));
    let Some(memo) = command.upserted_memo else {
        return bad("UpsertedMemo is not set on ModifyWorkflowPropertiesCommand.");
    };
    if memo.fields.is_empty() {
        return bad("UpsertedMemo.Fields is not set on ModifyWorkflowPropertiesCommand.");
    }
    let attributes = WorkflowPropertiesModifiedEventAttributes {
        workflow_task_completed_event_id: run.completed_event_id,
        upserted_memo: Some(memo),
    };
    run.draft.record(Attributes::WorkflowPropertiesModifiedEventAttributes(attributes));
    Ok(())
}

/// The memo that a new run is given: one without fields is none.
pub(crate) fn given(memo: Option<Memo>) -> Option<Memo> {
    memo.filter(|memo| !memo.fields.is_empty())
}
