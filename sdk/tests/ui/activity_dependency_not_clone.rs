#![allow(unused)]

use persevere::prelude::*;

struct Gateway;

#[activity]
async fn charge(#[dep] gateway: Gateway, order: u64) -> Result<u64> {
    let _ = gateway;
    Ok(order)
}

fn main() {}
