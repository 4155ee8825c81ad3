#![allow(unused)]

use persevere::prelude::*;

#[activity(retry(coefficient = 0.5))]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

fn main() {}
