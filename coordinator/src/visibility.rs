//! What a list filter means: the `WHERE`-like language of List and Count (semantics rules 134-138).
//!
//! A filter's text becomes a [`ListQuery`] ([`parse`]), whose values are already typed by the field
//! they are compared with; its condition becomes SQL whose values are all bound parameters
//! ([`Condition::to_sql`]). No text of a client ever gets into SQL text: column names come from
//! the table of fields, operators from an enum. Printing a filter and parsing it again gives the
//! same filter.
//!
//! Deliberately not here: which rows exist and how they are paged; that is the store's.

mod ast;
mod error;
mod field;
mod instant;
mod lexer;
mod parser;
mod sql;

pub use ast::{Comparison, Condition, ListQuery};
pub use error::{FilterError, Problem};
pub use field::{FIELDS, Field, Kind, SYSTEM_FIELDS};
pub use parser::parse;

#[cfg(test)]
mod tests;
