#![deny(unused_must_use)]

use persevere::prelude::*;

#[activity]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

#[workflow]
async fn pay(order: u64) -> Result<()> {
    charge(order);
    Ok(())
}

fn main() {}
