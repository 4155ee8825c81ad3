#![allow(unused)]

use persevere::prelude::*;

#[activity(timeout = "20s")]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

fn main() {}
