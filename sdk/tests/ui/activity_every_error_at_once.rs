#![allow(unused)]

use persevere::prelude::*;

#[activity(timeout = "20s", heartbeat = "soon")]
fn charge<T>(order: &str) -> Result<u64> {
    Ok(1)
}

fn main() {}
