#![deny(warnings, missing_docs)]
//! Patterns as arguments.

use persevere::prelude::*;

/// Adds.
#[activity]
pub async fn add((a, b): (u8, u8), mut c: u8, _: ()) -> Result<u8> {
    c += a;
    Ok(b + c)
}

/// Adds durably.
#[workflow]
pub async fn sum(_first: u8) -> Result<u8> {
    Ok(add((1, 2), 3, ()).await?)
}

fn main() {}
