//! Runs one workflow execution deterministically: history in, commands out.
//!
//! What a workflow may ask for is in [`surface`], in terms of the data in [`spec`]. The typed layer
//! and the macros build on those two and on nothing else in here.

pub mod spec;
pub mod surface;
