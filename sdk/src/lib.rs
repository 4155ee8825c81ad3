//! Placeholder.

pub mod replay;
pub mod runtime;
mod wire_time;
pub mod worker;
