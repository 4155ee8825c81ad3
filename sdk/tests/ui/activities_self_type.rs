#![allow(unused)]

use persevere::prelude::*;

#[derive(Serialize, Deserialize)]
struct Billing;

#[activities]
impl Billing {
    async fn renew(&self, other: Self) -> Result<u64> {
        let _ = other;
        Ok(1)
    }
}

fn main() {}
