#![allow(unused)]

use persevere::prelude::*;

#[activities]
trait Payments {
    async fn charge(&self, order: u64) -> Result<u64>;
}

fn main() {}
