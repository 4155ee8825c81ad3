#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

#[workflow]
async fn pay(order: String) -> Result<u64> {
    Ok(charge(order).await?)
}

fn main() {}
