#![allow(unused)]

use persevere::prelude::*;

struct Billing;

#[activities]
impl Billing {
    async fn charge(&mut self, order: u64) -> Result<u64> {
        Ok(order)
    }
}

fn main() {}
