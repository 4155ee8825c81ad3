#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

#[workflow]
async fn pay(order: u64) -> Result<u64> {
    let receipt = charge(order).
}

// The signature survives: only the body is reported.
fn call() -> persevere::WorkflowCall<pay> {
    pay(1)
}

fn main() {}
