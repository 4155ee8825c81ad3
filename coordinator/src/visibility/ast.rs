//! A filter as a value, and how it is printed.

use std::fmt;

use crate::{store::Value, visibility::field::Field};

/// A whole filter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListQuery {
    /// Which executions; all if absent.
    pub condition: Option<Condition>,
    /// What a count is broken down by.
    pub group_by: Option<&'static Field>,
}

/// What must hold of an execution.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// At least one.
    Or(Box<Condition>, Box<Condition>),
    /// Not this one. Comparing an absent value is neither true nor false, as in SQL.
    Not(Box<Condition>),
    /// A field against a value.
    Compare(&'static Field, Comparison, Value),
    /// A field is (or with `true`: is not) one of these values; there is at least one.
    In(&'static Field, bool, Vec<Value>),
    /// A field lies (or with `true`: does not lie) within these values, both included.
    Between(&'static Field, bool, Value, Value),
    /// A field is (or with `true`: is not) absent.
    IsNull(&'static Field, bool),
    /// A field starts (or with `true`: does not start) with this text.
    StartsWith(&'static Field, bool, String),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the operators' own")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// As it is written, in a filter and in SQL alike.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

impl fmt::Display for ListQuery {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(condition) = &self.condition {
            write!(out, "{condition}")?;
        }
        if let Some(field) = self.group_by {
            let space = if self.condition.is_some() { " " } else { "" };
            write!(out, "{space}GROUP BY {}", field.name)?;
        }
        Ok(())
    }
}

/// Every operand is put in parentheses, so that what is printed has one reading.
impl fmt::Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "NOT " } else { "" };
        match self {
            Condition::And(left, right) => write!(out, "({left}) AND ({right})"),
            Condition::Or(left, right) => write!(out, "({left}) OR ({right})"),
            Condition::Not(inner) => write!(out, "NOT ({inner})"),
            Condition::Compare(field, comparison, value) => {
                write!(out, "{} {} {}", field.name, comparison.symbol(), literal(value))
            }
            Condition::In(field, negated, values) => {
                write!(out, "{} {}IN (", field.name, not(negated))?;
                for (nth, value) in values.iter().enumerate() {
                    let comma = if nth > 0 { ", " } else { "" };
                    write!(out, "{comma}{}", literal(value))?;
                }
                write!(out, ")")
            }
            Condition::Between(field, negated, low, high) => {
                write!(
                    out,
                    "{} {}BETWEEN {} AND {}",
                    field.name,
                    not(negated),
                    literal(low),
                    literal(high)
                )
            }
            Condition::IsNull(field, negated) => {
                write!(out, "{} IS {}NULL", field.name, not(negated))
            }
            Condition::StartsWith(field, negated, prefix) => {
                let prefix = literal(&Value::Text(prefix.clone()));
                write!(out, "{} {}STARTS_WITH {prefix}", field.name, not(negated))
            }
        }
    }
}

/// Values as filters write them: unlike SQL, a backslash escapes.
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
    }
}
