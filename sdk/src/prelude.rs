//! Everything that workflow code uses day to day: `use persevere::prelude::*;`.

pub use std::time::Duration;

pub use serde::{Deserialize, Serialize};

pub use crate::{
    CallError, Context, Elapsed, Error, Failure, Result, Retry, Saga, TimeoutKind, activities,
    activity, bail, days, for_each_concurrent, hours, join, millis, minutes, on_query, receive,
    secs, select, shielded, signal, sleep, timeout, try_join, workflow,
};
