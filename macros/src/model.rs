//! Syntax to meaning. Everything past here is tokens and plain data: no type of `syn`.
//!
//! A model is built even from a faulty item wherever it can be, so that the expansion beside the
//! errors is close to what the corrected item will give.

pub(crate) mod activity;
pub(crate) mod failure;
pub(crate) mod function;
pub(crate) mod retry;
pub(crate) mod signal;
pub(crate) mod test;
pub(crate) mod workflow;
