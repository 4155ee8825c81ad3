#![allow(unused)]

use persevere::prelude::*;

#[activity]
async extern "C" fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

fn main() {}
