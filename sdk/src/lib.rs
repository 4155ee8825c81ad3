//! Placeholder.

pub mod runtime;
pub mod worker;
