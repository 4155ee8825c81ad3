//! The grammar by example, and by law.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::{
    store::Value,
    visibility::{ast::literal, field::Kind},
};

/// What a filter is carried out as, or why it is refused.
fn check(filter: &str, expected: Expect) {
    let shown = match parse(filter) {
        Ok(parsed) => match parsed.condition {
            Some(condition) => {
                let sql = condition.to_sql();
                let values: Vec<String> = sql.values.iter().map(literal).collect();
                format!("{} <- {}", sql.sql, values.join(" "))
            }
            None => "everything".into(),
        },
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn comparisons_become_columns_and_bound_values() {
    check("WorkflowId = 'a'", expect!["workflow_id = ? <- 'a'"]);
    check("`WorkflowId` != \"a\"", expect!["workflow_id != ? <- 'a'"]);
    check("WorkflowType<>'a'", expect!["workflow_type != ? <- 'a'"]);
    check("ExecutionStatus = 'Running'", expect!["status = ? <- 1"]);
    check("ExecutionStatus = 'WORKFLOW_EXECUTION_STATUS_FAILED'", expect!["status = ? <- 3"]);
    check("StartTime >= '1970-01-01T00:00:01.5+00:00'", expect!["start_time >= ? <- 1500000000"]);
    check("StartTime < 12", expect!["start_time < ? <- 12"]);
    check(
        "ExecutionDuration > '1m1.5s'",
        expect!["(close_time - execution_time) > ? <- 61500000000"],
    );
    check(
        "ExecutionDuration > '00:01:01'",
        expect!["(close_time - execution_time) > ? <- 61000000000"],
    );
    check("HistoryLength > -1", expect!["history_length > ? <- -1"]);
    check("WorkflowId IN ('a', 'b')", expect!["workflow_id IN (?, ?) <- 'a' 'b'"]);
    check("WorkflowId not in ('a')", expect!["workflow_id NOT IN (?) <- 'a'"]);
    check("StartTime NOT BETWEEN 1 AND 2", expect!["start_time NOT BETWEEN ? AND ? <- 1 2"]);
    check("CloseTime is null", expect!["close_time IS NULL <- "]);
    check("CloseTime IS NOT NULL", expect!["close_time IS NOT NULL <- "]);
    check(
        "TaskQueue NOT STARTS_WITH 'q'",
        expect!["NOT substr(task_queue, 1, length(?)) = ? <- 'q' 'q'"],
    );
    check("  ", expect!["everything"]);
    check("GROUP BY ExecutionStatus", expect!["everything"]);
}

#[test]
fn not_binds_tighter_than_and_and_and_tighter_than_or() {
    check(
        "WorkflowId='a' OR NOT RunId='b' AND RunId='c'",
        expect!["(workflow_id = ?) OR ((NOT (run_id = ?)) AND (run_id = ?)) <- 'a' 'b' 'c'"],
    );
    check(
        "(WorkflowId='a' OR RunId='b') AND RunId='c'",
        expect!["((workflow_id = ?) OR (run_id = ?)) AND (run_id = ?) <- 'a' 'b' 'c'"],
    );
}

#[test]
fn text_of_a_client_never_becomes_sql_text() {
    check(
        "WorkflowId = 'a'' OR 1=1; DROP TABLE x --'",
        expect!["workflow_id = ? <- 'a'' OR 1=1; DROP TABLE x --'"],
    );
    check("WorkflowId = 'it\\'s'", expect!["workflow_id = ? <- 'it''s'"]);
    check(
        "WorkflowId='a'; DROP TABLE x",
        expect![[
            r#"invalid query: malformed query: expected AND, OR or the end, found ';' (at position 15)"#
        ]],
    );
}

#[test]
fn refusals_name_the_field_and_the_position() {
    check("Foo = 'a'", expect!["invalid query: invalid search attribute: Foo (at position 1)"]);
    check(
        "WorkflowId = 'a' AND workflowid = 'a'",
        expect!["invalid query: invalid search attribute: workflowid (at position 22)"],
    );
    check(
        "BuildIds = 'a'",
        expect![[
            r#"invalid query: operation is not supported: filtering by search attribute 'BuildIds' (at position 1)"#
        ]],
    );
    check(
        "ExecutionStatus = 'running'",
        expect![[
            r#"invalid query: invalid expression: invalid value for search attribute ExecutionStatus of type Keyword: 'running' (at position 19)"#
        ]],
    );
    check(
        "StartTime > '2020-01-01'",
        expect![[
            r#"invalid query: invalid expression: invalid value for search attribute StartTime of type Datetime: '2020-01-01' (at position 13)"#
        ]],
    );
    check(
        "WorkflowId = 5",
        expect![[
            r#"invalid query: invalid expression: invalid value for search attribute WorkflowId of type Keyword: 5 (at position 14)"#
        ]],
    );
    check(
        "WorkflowId = a",
        expect![[
            r#"invalid query: operation is not supported: column name on the right side of comparison expression (did you forget to quote "a"?) (at position 14)"#
        ]],
    );
    check(
        "WorkflowId LIKE 'a%'",
        expect![[
            r#"invalid query: operation is not supported: operator 'LIKE' not supported for Keyword type search attribute 'WorkflowId' (at position 12)"#
        ]],
    );
    check(
        "StartTime STARTS_WITH 'a'",
        expect![[
            r#"invalid query: operation is not supported: operator 'STARTS_WITH' not supported for Datetime type search attribute 'StartTime' (at position 11)"#
        ]],
    );
    check(
        "WorkflowId = 'a' ORDER BY StartTime",
        expect!["invalid query: operation is not supported: 'ORDER BY' clause (at position 18)"],
    );
    check(
        "GROUP BY WorkflowType",
        expect![
            "invalid query: operation is not supported: 'GROUP BY' clause is not supported for search attribute WorkflowType (at position 10)"
        ],
    );
    check(
        "GROUP BY ExecutionStatus, WorkflowType",
        expect![
            "invalid query: operation is not supported: 'GROUP BY' clause supports only a single field (at position 25)"
        ],
    );
    check(
        "WorkflowId",
        expect![
            "invalid query: malformed query: expected an operator such as =, IN, BETWEEN, IS or STARTS_WITH, found the end (at position 11)"
        ],
    );
    check(
        "(WorkflowId = 'a'",
        expect!["invalid query: malformed query: expected ')', found the end (at position 18)"],
    );
    check(
        "WorkflowId IN ()",
        expect![
            "invalid query: malformed query: expected a value: a number, or a text in quotes, found ')' (at position 16)"
        ],
    );
    check(
        "WorkflowId = 'a",
        expect![
            "invalid query: malformed query: the text that starts here has no closing quote (at position 14)"
        ],
    );
    check(
        &"(".repeat(5000),
        expect![
            "invalid query: malformed query: conditions nest deeper than 100 (at position 101)"
        ],
    );
}

fn value_of(field: &'static Field) -> BoxedStrategy<Value> {
    match field.kind {
        Kind::Keyword => any::<String>().prop_map(Value::Text).boxed(),
        Kind::Status => (1..=7_i64).prop_map(Value::Integer).boxed(),
        Kind::Int | Kind::Datetime | Kind::Duration => {
            any::<i64>().prop_map(Value::Integer).boxed()
        }
    }
}

fn comparison() -> impl Strategy<Value = Comparison> {
    prop_oneof![
        Just(Comparison::Equal),
        Just(Comparison::NotEqual),
        Just(Comparison::Less),
        Just(Comparison::LessOrEqual),
        Just(Comparison::Greater),
        Just(Comparison::GreaterOrEqual),
    ]
}

fn leaf() -> impl Strategy<Value = Condition> {
    (0..FIELDS.len()).prop_flat_map(|nth| {
        let field = &FIELDS[nth];
        let value = || value_of(field);
        let negated = any::<bool>;
        let starts_with = if field.kind == Kind::Keyword {
            (negated(), any::<String>())
                .prop_map(move |(not, prefix)| Condition::StartsWith(field, not, prefix))
                .boxed()
        } else {
            negated().prop_map(move |not| Condition::IsNull(field, not)).boxed()
        };
        prop_oneof![
            (comparison(), value()).prop_map(move |(c, v)| Condition::Compare(field, c, v)),
            (negated(), prop::collection::vec(value(), 1..4))
                .prop_map(move |(not, values)| Condition::In(field, not, values)),
            (negated(), value(), value())
                .prop_map(move |(not, low, high)| Condition::Between(field, not, low, high)),
            negated().prop_map(move |not| Condition::IsNull(field, not)),
            starts_with,
        ]
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    leaf().prop_recursive(5, 32, 2, |inner| {
        let pair = (inner.clone(), inner.clone()).prop_map(|(l, r)| (Box::new(l), Box::new(r)));
        prop_oneof![
            pair.clone().prop_map(|(left, right)| Condition::And(left, right)),
            pair.prop_map(|(left, right)| Condition::Or(left, right)),
            inner.prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

proptest! {
    #[test]
    fn printing_and_parsing_gives_the_same_filter(condition in condition(), grouped: bool) {
        let group_by = grouped.then(|| &FIELDS[3]);
        let filter = ListQuery { condition: Some(condition), group_by };
        prop_assert_eq!(parse(&filter.to_string()), Ok(filter));
    }

    #[test]
    fn sql_has_one_place_for_each_value(condition in condition()) {
        let sql = condition.to_sql();
        prop_assert_eq!(sql.sql.matches('?').count(), sql.values.len());
        prop_assert!(!sql.sql.contains('\''));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        let _: Result<ListQuery, FilterError> = parse(&text);
    }

    #[test]
    fn no_sequence_of_words_makes_the_parser_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "WorkflowId", "StartTime", "AND", "OR", "NOT", "(", ")", "=", "IN", "BETWEEN", "IS",
                "NULL", "'a'", "1", ",", "STARTS_WITH", "GROUP", "BY", "ExecutionStatus", "-",
            ]),
            0..20,
        )
    ) {
        if let Ok(filter) = parse(&words.join(" ")) {
            prop_assert_eq!(parse(&filter.to_string()), Ok(filter));
        }
    }
}
