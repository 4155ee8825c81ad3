#![allow(unused)]

use persevere::prelude::*;

#[activity(local)]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

fn main() {}
