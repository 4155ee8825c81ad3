#![allow(unused)]

use persevere::prelude::*;

#[derive(Clone)]
struct Order {
    id: u64,
}

#[activity]
async fn charge(order: Order) -> Result<u64> {
    Ok(order.id)
}

fn main() {}
