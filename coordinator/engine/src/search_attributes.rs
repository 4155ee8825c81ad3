//! Search attributes that a workflow or a client sets: which exist, and of which type they are
//! (semantics rules 136 and 137).
//!
//! Not here: attributes that users register (none can be yet), and searching by them.

use persevere_proto::api::{common::v1::SearchAttributes, enums::v1::IndexedValueType};

/// What the server knows of a run by itself, and nobody else sets.
const OF_THE_SERVER: [&str; 16] = [
    "CloseTime",
    "ExecutionDuration",
    "ExecutionStatus",
    "ExecutionTime",
    "HistoryLength",
    "HistorySizeBytes",
    "ParentRunId",
    "ParentWorkflowId",
    "RootRunId",
    "RootWorkflowId",
    "RunId",
    "StartTime",
    "StateTransitionCount",
    "TaskQueue",
    "WorkflowId",
    "WorkflowType",
];

/// What SDKs and services set, with its type.
const SETTABLE: [(&str, IndexedValueType); 17] = {
    use IndexedValueType::{Bool, Datetime, Int, Keyword, KeywordList};
    [
        ("BatcherNamespace", Keyword),
        ("BatcherUser", Keyword),
        ("BinaryChecksums", KeywordList),
        ("BuildIds", KeywordList),
        ("TemporalChangeVersion", KeywordList),
        ("TemporalExternalPayloadCount", Int),
        ("TemporalExternalPayloadSizeBytes", Int),
        ("TemporalNamespaceDivision", Keyword),
        ("TemporalPauseInfo", KeywordList),
        ("TemporalReportedProblems", KeywordList),
        ("TemporalScheduledById", Keyword),
        ("TemporalScheduledStartTime", Datetime),
        ("TemporalSchedulePaused", Bool),
        ("TemporalUsedWorkerDeploymentVersions", KeywordList),
        ("TemporalWorkerDeployment", Keyword),
        ("TemporalWorkerDeploymentVersion", Keyword),
        ("TemporalWorkflowVersioningBehavior", Keyword),
    ]
};

/// Under this name a payload's metadata states the type of the attribute.
const TYPE: &str = "type";

/// Whether search attributes can be set in `namespace`.
///
/// # Errors
/// What is wrong, naming the attribute; the first one in the order of their names.
pub fn check_search_attributes(
    namespace: &str,
    attributes: &SearchAttributes,
) -> Result<(), String> {
    let mut names: Vec<_> = attributes.indexed_fields.keys().map(String::as_str).collect();
    names.sort_unstable();
    for name in names {
        if OF_THE_SERVER.contains(&name) {
            return Err(format!("{name} attribute can't be set in SearchAttributes"));
        }
        if type_of(name).is_none() {
            return Err(format!(
                "Namespace {namespace} has no mapping defined for search attribute {name}"
            ));
        }
    }
    Ok(())
}

/// Bytes that the value of one search attribute may have.
const VALUE_BYTES_MAX: usize = 2048;

/// Whether the values of search attributes are short enough to be searched by.
///
/// # Errors
/// Which one is not, and by how much; the first one in the order of their names.
pub fn check_search_attribute_sizes(attributes: &SearchAttributes) -> Result<(), String> {
    let sizes = attributes.indexed_fields.iter().map(|(name, value)| (name, value.data.len()));
    match sizes.filter(|(_, size)| *size > VALUE_BYTES_MAX).min() {
        None => Ok(()),
        Some((name, size)) => Err(format!(
            "search attribute {name} value size {size} exceeds size limit {VALUE_BYTES_MAX}"
        )),
    }
}

/// The attributes, each with its type in its metadata.
pub(crate) fn typed(mut attributes: SearchAttributes) -> SearchAttributes {
    for (name, payload) in &mut attributes.indexed_fields {
        if let Some(kind) = type_of(name) {
            let kind = crate::command_run::camel_case(
                kind.as_str_name().trim_start_matches("INDEXED_VALUE_TYPE_"),
            );
            payload.metadata.entry(TYPE.to_owned()).or_insert_with(|| kind.into_bytes());
        }
    }
    attributes
}

fn type_of(name: &str) -> Option<IndexedValueType> {
    SETTABLE.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use persevere_proto::api::common::v1::Payload;

    use super::*;

    fn named(name: &str) -> SearchAttributes {
        SearchAttributes { indexed_fields: [(name.to_owned(), Payload::default())].into() }
    }

    #[test]
    fn only_attributes_that_exist_and_are_not_the_servers_are_set() {
        let table = [
            ("TemporalChangeVersion", Ok(())),
            ("WorkflowId", Err("WorkflowId attribute can't be set in SearchAttributes".into())),
            (
                "Nope",
                Err("Namespace default has no mapping defined for search attribute Nope".into()),
            ),
        ];
        for (name, verdict) in table {
            assert_eq!(check_search_attributes("default", &named(name)), verdict);
        }
    }

    #[test]
    fn values_are_short() {
        let sized = |size| {
            let value = Payload { data: vec![b'x'; size], ..Payload::default() };
            SearchAttributes { indexed_fields: [("BuildIds".to_owned(), value)].into() }
        };
        assert_eq!(check_search_attribute_sizes(&sized(2048)), Ok(()));
        let problem = "search attribute BuildIds value size 2049 exceeds size limit 2048";
        assert_eq!(check_search_attribute_sizes(&sized(2049)), Err(problem.into()));
    }

    #[test]
    fn an_attribute_states_its_type() {
        let typed = typed(named("TemporalChangeVersion"));
        let metadata = &typed.indexed_fields["TemporalChangeVersion"].metadata;
        assert_eq!(metadata.get(TYPE), Some(&b"KeywordList".to_vec()));
    }
}
