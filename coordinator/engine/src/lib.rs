//! The rules of one workflow execution, as a pure decider.
//!
//! An execution is a value ([`Execution`]). [`decide`] checks a [`Command`] against it and yields
//! a [`Transition`] (new events, the next state, notices for the shell, a reply) or a
//! [`Rejection`]. [`Recorded::fold`] takes events into account. Time, fresh ids and limits come in
//! as data ([`Context`]); nothing here waits, reads a clock, draws a random number or touches a
//! disk, and this crate depends on nothing that could.
//!
//! Three outcomes never blur: a *rejection* is the caller's fault or a lost race and changes
//! nothing; a *corrupt* history ([`FoldError`]) stops that run alone; a *panic* is a broken
//! invariant of ours.
//!
//! Which rule lives where: one file a concern, named for it.

mod activity;
mod buffer;
mod cancel;
mod chain;
mod check;
mod child;
mod close;
mod command;
mod command_run;
mod context;
mod deadline;
mod decide;
mod effect;
mod external;
mod failure;
mod fold;
mod history_limit;
mod key;
mod limits;
mod obligations;
mod outbox;
mod outcome;
mod persist;
mod priority;
mod properties;
mod query;
mod rejection;
mod reply;
mod retry;
mod role;
mod search_attributes;
mod signal;
mod start;
mod state;
mod terminate;
mod time;
mod timer;
mod transition;
mod workflow_task;

pub use check::{Violation, check_history};
pub use command::*;
pub use context::{Context, derived_id};
pub use decide::decide;
pub use effect::{Notice, QueryAnswer};
pub use key::{QueueName, RunKey, Task};
pub use limits::Limits;
pub use outbox::{Delivery, DeliveryCommand};
pub use persist::{
    PersistError, decode_batch, decode_overlay, encode_batch, encode_overlay, fold_batches,
};
pub use rejection::{QueryRejected, Rejection};
pub use reply::*;
pub use search_attributes::{check_search_attribute_sizes, check_search_attributes};
pub use start::start;
pub use state::*;
pub use time::{Time, duration, span};
pub use transition::{Durability, Transition};
