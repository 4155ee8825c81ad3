#![deny(warnings, missing_docs)]
//! An aliased result.

use persevere::prelude::{Failure, Serialize, Deserialize, activity, workflow};

/// Ours.
#[derive(Debug, Failure, Serialize, Deserialize)]
pub struct Broken;

type Outcome<T> = std::result::Result<T, Broken>;

/// Greets.
#[activity]
pub async fn greet(name: String) -> Outcome<String> {
    Ok(name)
}

/// Greets durably.
#[workflow]
pub async fn hello(name: String) -> Outcome<String> {
    greet(name).await.map_err(|_| Broken)
}

fn main() {}
