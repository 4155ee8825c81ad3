#![allow(unused)]

use persevere::prelude::*;

#[activity(heartbeat = "2s", heartbeat = "3s")]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

fn main() {}
