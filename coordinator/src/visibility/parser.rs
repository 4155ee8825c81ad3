//! From text to [`ListQuery`], by recursive descent: `OR` binds weakest, then `AND`, then `NOT`.
//!
//! Values are typed here, by the field that they are compared with, so that whatever comes out
//! can be carried out.

use persevere_proto::api::enums::v1::WorkflowExecutionStatus;

use crate::{
    store::Value,
    visibility::{
        ast::{Comparison, Condition, ListQuery},
        error::{FilterError, Problem},
        field::{FIELDS, Field, Kind, SYSTEM_FIELDS},
        instant::{parse_duration, parse_instant},
        lexer::{Token, tokens},
    },
};

/// How deep conditions may nest: keeps the recursion within any thread's stack.
const MAX_DEPTH: usize = 100;

/// Reads a filter. Empty text means no condition.
///
/// # Errors
/// If the text is not a filter, names a field that does not exist, or compares a field with
/// something it cannot be; the error says where.
pub fn parse(text: &str) -> Result<ListQuery, FilterError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let clause_only = parser.is_word("GROUP") || parser.is_word("ORDER");
    let condition =
        if parser.peek() == &Token::End || clause_only { None } else { Some(parser.or()?) };
    let group_by = if parser.eat_word("GROUP") { Some(parser.group_by()?) } else { None };
    if parser.is_word("ORDER") {
        return Err(parser.error(Problem::OrderBy));
    }
    match parser.peek() {
        Token::End => Ok(ListQuery { condition, group_by }),
        _ => Err(parser.expected("AND, OR or the end")),
    }
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn or(&mut self) -> Result<Condition, FilterError> {
        let mut left = self.and()?;
        while self.eat_word("OR") || self.eat_symbol("||") {
            left = Condition::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Condition, FilterError> {
        let mut left = self.not()?;
        while self.eat_word("AND") || self.eat_symbol("&&") {
            left = Condition::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Condition, FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(Problem::TooDeep(MAX_DEPTH)));
        }
        let condition = if self.eat_word("NOT") {
            Condition::Not(Box::new(self.not()?))
        } else if self.eat_symbol("(") {
            let inner = self.or()?;
            self.expect_symbol(")", "')'")?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<Condition, FilterError> {
        let field = self.field()?;
        if self.eat_word("IS") {
            let negated = self.eat_word("NOT");
            self.expect_word("NULL", "NULL")?;
            return Ok(Condition::IsNull(field, negated));
        }
        if let Some(comparison) = self.eat_comparison() {
            return Ok(Condition::Compare(field, comparison, self.value(field)?));
        }
        let negated = self.eat_word("NOT");
        if self.eat_word("IN") {
            return Ok(Condition::In(field, negated, self.values(field)?));
        }
        if self.eat_word("BETWEEN") {
            let low = self.value(field)?;
            self.expect_word("AND", "AND")?;
            return Ok(Condition::Between(field, negated, low, self.value(field)?));
        }
        for operator in ["STARTS_WITH", "LIKE"] {
            if self.is_word(operator) {
                return self.text_operator(field, negated, operator);
            }
        }
        Err(self.expected("an operator such as =, IN, BETWEEN, IS or STARTS_WITH"))
    }

    fn text_operator(
        &mut self,
        field: &'static Field,
        negated: bool,
        operator: &'static str,
    ) -> Result<Condition, FilterError> {
        if operator == "LIKE" || field.kind != Kind::Keyword {
            let (kind, field) = (field.kind.name(), field.name);
            return Err(self.error(Problem::UnsupportedOperator { operator, kind, field }));
        }
        self.at += 1;
        match self.value(field)? {
            Value::Text(prefix) => Ok(Condition::StartsWith(field, negated, prefix)),
            Value::Integer(_) => Err(self.expected("a text in quotes")),
        }
    }

    fn group_by(&mut self) -> Result<&'static Field, FilterError> {
        self.expect_word("BY", "BY")?;
        let at = self.at;
        let field = self.field()?;
        if self.peek() == &Token::Symbol(",") {
            return Err(self.error(Problem::GroupByMany));
        }
        if field.kind != Kind::Status {
            self.at = at;
            return Err(self.error(Problem::GroupBy(field.name)));
        }
        Ok(field)
    }

    fn field(&mut self) -> Result<&'static Field, FilterError> {
        let (Token::Word(name) | Token::Name(name)) = self.peek() else {
            return Err(self.expected("the name of a field"));
        };
        if let Some(field) = FIELDS.iter().find(|field| field.name == name) {
            self.at += 1;
            return Ok(field);
        }
        Err(self.error(match SYSTEM_FIELDS.iter().find(|(known, _)| known == name) {
            Some((known, _)) => Problem::UnsupportedField(known),
            None => Problem::UnknownField(name.clone()),
        }))
    }

    fn values(&mut self, field: &'static Field) -> Result<Vec<Value>, FilterError> {
        self.expect_symbol("(", "'('")?;
        let mut values = vec![self.value(field)?];
        while self.eat_symbol(",") {
            values.push(self.value(field)?);
        }
        self.expect_symbol(")", "',' or ')'")?;
        Ok(values)
    }

    fn value(&mut self, field: &'static Field) -> Result<Value, FilterError> {
        let written = match self.peek() {
            Token::Text(text) => match typed_text(field.kind, text) {
                Some(value) => Ok(value),
                None => Err(format!("'{text}'")),
            },
            Token::Number(number) => match number.parse() {
                Ok(number) if field.kind != Kind::Keyword => Ok(Value::Integer(number)),
                _ => Err(number.clone()),
            },
            Token::Word(word) => {
                let literal =
                    ["TRUE", "FALSE", "NULL"].iter().any(|l| l.eq_ignore_ascii_case(word));
                if !literal {
                    return Err(self.error(Problem::UnquotedValue(word.clone())));
                }
                Err(word.clone())
            }
            _ => return Err(self.expected("a value: a number, or a text in quotes")),
        };
        let (kind, field) = (field.kind.name(), field.name);
        let value = written.map_err(|value| self.error(Problem::Value { field, kind, value }))?;
        self.at += 1;
        Ok(value)
    }

    fn eat_comparison(&mut self) -> Option<Comparison> {
        let comparison = match self.peek() {
            Token::Symbol("=") => Comparison::Equal,
            Token::Symbol("!=" | "<>") => Comparison::NotEqual,
            Token::Symbol("<") => Comparison::Less,
            Token::Symbol("<=") => Comparison::LessOrEqual,
            Token::Symbol(">") => Comparison::Greater,
            Token::Symbol(">=") => Comparison::GreaterOrEqual,
            _ => return None,
        };
        self.at += 1;
        Some(comparison)
    }

    /// The next token. The last one is `End`, which nothing steps over.
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let eaten = self.is_word(word);
        self.at += usize::from(eaten);
        eaten
    }

    fn eat_symbol(&mut self, symbol: &str) -> bool {
        let eaten = matches!(self.peek(), Token::Symbol(found) if *found == symbol);
        self.at += usize::from(eaten);
        eaten
    }

    fn expect_word(&mut self, word: &str, expected: &'static str) -> Result<(), FilterError> {
        if self.eat_word(word) { Ok(()) } else { Err(self.expected(expected)) }
    }

    fn expect_symbol(&mut self, symbol: &str, expected: &'static str) -> Result<(), FilterError> {
        if self.eat_symbol(symbol) { Ok(()) } else { Err(self.expected(expected)) }
    }

    fn expected(&self, expected: &'static str) -> FilterError {
        let found = match self.peek() {
            Token::Word(text) | Token::Number(text) => text.clone(),
            Token::Name(name) => format!("`{name}`"),
            Token::Text(text) => format!("'{text}'"),
            Token::Symbol(symbol) => format!("'{symbol}'"),
            Token::End => "the end".into(),
        };
        self.error(Problem::Syntax { expected, found })
    }

    fn error(&self, problem: Problem) -> FilterError {
        FilterError { problem, position: self.tokens[self.at].1 }
    }
}

/// A quoted text as a value of this kind.
fn typed_text(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Keyword => Some(Value::Text(text.to_owned())),
        Kind::Int => None,
        Kind::Datetime => parse_instant(text).map(Value::Integer),
        Kind::Duration => parse_duration(text).map(Value::Integer),
        Kind::Status => status(text).map(|status| Value::Integer(i64::from(status as i32))),
    }
}

/// A status by its short name, or by its name in the protocol; both case-sensitive.
fn status(name: &str) -> Option<WorkflowExecutionStatus> {
    use WorkflowExecutionStatus as S;
    match name {
        "Running" => Some(S::Running),
        "Completed" => Some(S::Completed),
        "Failed" => Some(S::Failed),
        "Canceled" => Some(S::Canceled),
        "Terminated" => Some(S::Terminated),
        "ContinuedAsNew" => Some(S::ContinuedAsNew),
        "TimedOut" => Some(S::TimedOut),
        _ => S::from_str_name(name).filter(|status| *status != S::Unspecified),
    }
}
