#![allow(unused)]

use persevere::prelude::*;

struct Receipt;

#[activity]
async fn charge(order: u64) -> Result<Receipt> {
    let _ = order;
    Ok(Receipt)
}

fn main() {}
