#![allow(unused)]

use persevere::prelude::*;

#[activity(start_to_close = 20)]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

fn main() {}
