//! Closing a run.
