#![allow(unused)]

use persevere::prelude::*;

#[activity(retry(initial = "10s", max_interval = "1s"))]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

fn main() {}
