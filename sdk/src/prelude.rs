//! Everything that workflow code uses day to day: `use persevere::prelude::*;`.

pub use std::time::Duration;

pub use serde::{Deserialize, Serialize};

#[cfg(feature = "embedded")]
pub use crate::{App, Harness};
pub use crate::{
    CallError, Client, Context, Elapsed, Error, Failure, Result, Retry, Saga, TimeoutKind, Worker,
    activities, activity, bail, ctrl_c, days, for_each_concurrent, hours, join, millis, minutes,
    on_query, receive, secs, select, shielded, signal, sleep, timeout, try_join, workflow,
};
