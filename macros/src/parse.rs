//! Tokens to syntax. Bodies stay opaque token streams: a half-typed body then reaches the compiler
//! (and rust-analyzer) untouched, and nothing is spent on parsing it.

pub(crate) mod duration;
pub(crate) mod item;
pub(crate) mod options;
