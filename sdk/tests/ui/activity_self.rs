#![allow(unused)]

use persevere::prelude::*;

struct Billing;

impl Billing {
    #[activity]
    async fn charge(&self, order: u64) -> Result<u64> {
        Ok(order)
    }
}

fn main() {}
