#![deny(warnings, missing_docs)]
//! Methods as activities.

use persevere::prelude::*;

/// Bills.
pub struct Billing {
    fee: u64,
}

#[activities]
impl Billing {
    /// A constant stays.
    pub const MAX: u64 = 10;

    /// So does a function that is not async.
    pub fn new(fee: u64) -> Self {
        Self { fee }
    }

    /// Charges.
    #[activity(start_to_close = "20s", retry(max_attempts = 3))]
    pub async fn charge(&self, order: u64) -> Result<u64> {
        Ok(order + self.fee)
    }
}

/// Calls the method's stub, which stands beside the block.
#[workflow]
pub async fn pay(order: u64) -> Result<u64> {
    Ok(charge(order).await?)
}

/// The method is still a method.
pub async fn plain() -> Result<u64> {
    Billing::new(1).charge(2).await
}

fn main() {}
