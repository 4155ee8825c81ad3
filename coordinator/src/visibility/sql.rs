//! Conditions as SQL. Every value is a parameter; texts come from static tables only.

use crate::{
    store::{Filter, Value},
    visibility::ast::Condition,
};

impl Condition {
    /// As a condition on the table `executions`.
    #[must_use]
    pub fn to_sql(&self) -> Filter {
        let mut sql = Filter::default();
        write(self, &mut sql);
        sql
    }
}

fn write(condition: &Condition, sql: &mut Filter) {
    let not = |negated: &bool| if *negated { "NOT " } else { "" };
    match condition {
        Condition::And(left, right) => pair(sql, left, "AND", right),
        Condition::Or(left, right) => pair(sql, left, "OR", right),
        Condition::Not(inner) => {
            push(sql, &["NOT ("], []);
            write(inner, sql);
            push(sql, &[")"], []);
        }
        Condition::Compare(field, comparison, value) => {
            push(sql, &[field.column, " ", comparison.symbol(), " ?"], [value.clone()]);
        }
        Condition::In(field, negated, values) => {
            let places = vec!["?"; values.len()].join(", ");
            let text = [field.column, " ", not(negated), "IN (", &places, ")"];
            push(sql, &text, values.iter().cloned());
        }
        Condition::Between(field, negated, low, high) => {
            let text = [field.column, " ", not(negated), "BETWEEN ? AND ?"];
            push(sql, &text, [low.clone(), high.clone()]);
        }
        Condition::IsNull(field, negated) => {
            push(sql, &[field.column, " IS ", not(negated), "NULL"], []);
        }
        Condition::StartsWith(field, negated, prefix) => {
            let prefix = Value::Text(prefix.clone());
            let text = [not(negated), "substr(", field.column, ", 1, length(?)) = ?"];
            push(sql, &text, [prefix.clone(), prefix]);
        }
    }
}

fn pair(sql: &mut Filter, left: &Condition, operator: &str, right: &Condition) {
    push(sql, &["("], []);
    write(left, sql);
    push(sql, &[") ", operator, " ("], []);
    write(right, sql);
    push(sql, &[")"], []);
}

fn push(sql: &mut Filter, text: &[&str], values: impl IntoIterator<Item = Value>) {
    sql.sql.extend(text.iter().copied());
    sql.values.extend(values);
}
