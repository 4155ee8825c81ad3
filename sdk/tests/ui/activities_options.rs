#![allow(unused)]

use persevere::prelude::*;

struct Billing;

#[activities(queue = "billing")]
impl Billing {
    async fn charge(&self, order: u64) -> Result<u64> {
        Ok(order)
    }
}

fn main() {}
