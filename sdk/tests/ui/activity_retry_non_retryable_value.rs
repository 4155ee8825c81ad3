#![allow(unused)]

use persevere::prelude::*;

#[activity(retry(non_retryable = "Declined"))]
async fn charge(order: u64) -> Result<u64> {
    Ok(order)
}

fn main() {}
