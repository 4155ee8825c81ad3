#![allow(unused)]

use persevere::prelude::*;

#[derive(Clone)]
struct Gateway;

#[activity]
async fn charge(#[dep(shared)] gateway: Gateway, order: u64) -> Result<u64> {
    let _ = gateway;
    Ok(order)
}

fn main() {}
