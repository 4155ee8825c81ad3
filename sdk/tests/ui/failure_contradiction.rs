#![allow(unused)]

use persevere::prelude::*;

#[derive(Debug, Failure, Serialize, Deserialize)]
enum PayError {
    #[failure(non_retryable, retry_after = "5s")]
    Throttled,
}

fn main() {}
