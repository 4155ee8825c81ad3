#![allow(unused)]

use persevere::prelude::*;

#[activity(name = "")]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

fn main() {}
