#![deny(warnings, missing_docs)]
//! Dependencies of every form.

use std::sync::Arc;

use persevere::prelude::*;

/// Lent.
pub struct Pool;

/// Cloned.
#[derive(Clone)]
pub struct Gateway;

/// Charges.
#[activity]
pub async fn charge(#[dep] pool: &Pool, order: u64, #[dep] gateway: Gateway, #[dep] shared: Arc<Pool>) -> Result<u64> {
    let _: (&Pool, Gateway, Arc<Pool>) = (pool, gateway, shared);
    Ok(order)
}

/// Calls it with what crosses the wire alone.
#[workflow]
pub async fn pay(order: u64) -> Result<u64> {
    Ok(charge(order).await?)
}

fn main() {}
