#![allow(unused)]

use persevere::prelude::*;

#[activity(start_to_close = "0s")]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

fn main() {}
