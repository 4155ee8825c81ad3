//! Takes tasks from a server and runs workflows and activities for it.

mod activity_context;

pub use activity_context::{ActivityContext, ActivityInfo, CancelReason};
