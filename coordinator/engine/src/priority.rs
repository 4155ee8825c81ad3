//! Priorities: activities and children inherit what they do not say from their workflow.

use persevere_proto::api::common::v1::Priority;

/// `own`, with the workflow's where it says nothing, field by field (semantics rule 82).
pub(crate) fn inherited(own: Option<&Priority>, workflow: Option<&Priority>) -> Option<Priority> {
    let (Some(own), Some(workflow)) = (own, workflow) else {
        return own.or(workflow).cloned();
    };
    let mut priority = own.clone();
    if priority.priority_key == 0 {
        priority.priority_key = workflow.priority_key;
    }
    if priority.fairness_key.is_empty() {
        priority.fairness_key.clone_from(&workflow.fairness_key);
    }
    if priority.fairness_weight == 0.0 {
        priority.fairness_weight = workflow.fairness_weight;
    }
    Some(priority)
}
