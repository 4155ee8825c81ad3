//! Why a filter is refused.

/// A filter that makes no sense; the text is for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid query: {problem} (at position {position})")]
pub struct FilterError {
    /// What is wrong.
    pub problem: Problem,
    /// Where, in characters from 1.
    pub position: usize,
}

/// See [`FilterError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something else is needed here.
    #[error("malformed query: expected {expected}, found {found}")]
    Syntax {
        /// What could have come.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// A quote that is opened and not closed.
    #[error("malformed query: the text that starts here has no closing quote")]
    OpenQuote,
    /// Parentheses or NOTs too deep.
    #[error("malformed query: conditions nest deeper than {0}")]
    TooDeep(usize),
    /// A field that does not exist. Names are case-sensitive.
    #[error("invalid search attribute: {0}")]
    UnknownField(String),
    /// A field that exists in the protocol but cannot be filtered by here.
    #[error("operation is not supported: filtering by search attribute '{0}'")]
    UnsupportedField(&'static str),
    /// An operator that makes no sense for the field.
    #[error(
        "operation is not supported: operator '{operator}' not supported for {kind} type search \
         attribute '{field}'"
    )]
    UnsupportedOperator {
        /// The operator.
        operator: &'static str,
        /// The field's type.
        kind: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A value that the field cannot have.
    #[error(
        "invalid expression: invalid value for search attribute {field} of type {kind}: {value}"
    )]
    Value {
        /// The field.
        field: &'static str,
        /// Its type.
        kind: &'static str,
        /// The value as written.
        value: String,
    },
    /// A bare word where a value is needed.
    #[error(
        "operation is not supported: column name on the right side of comparison expression (did \
         you forget to quote \"{0}\"?)"
    )]
    UnquotedValue(String),
    /// Lists have one order.
    #[error("operation is not supported: 'ORDER BY' clause")]
    OrderBy,
    /// Only ExecutionStatus can be grouped by.
    #[error(
        "operation is not supported: 'GROUP BY' clause is not supported for search attribute {0}"
    )]
    GroupBy(&'static str),
    /// More than one field to group by.
    #[error("operation is not supported: 'GROUP BY' clause supports only a single field")]
    GroupByMany,
}
