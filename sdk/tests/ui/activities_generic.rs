#![allow(unused)]

use persevere::prelude::*;

struct Billing<T>(T);

#[activities]
impl<T> Billing<T> {
    async fn charge(&self, order: u64) -> Result<u64> {
        Ok(order)
    }
}

fn main() {}
