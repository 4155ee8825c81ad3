#![allow(unused)]

use persevere::prelude::*;

#[activity(retry(max_attempts = 0))]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

fn main() {}
