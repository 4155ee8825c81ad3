#![allow(unused)]

use persevere::prelude::*;

#[derive(Debug, Failure, Serialize, Deserialize)]
enum PayError {
    #[failure(non_retryable = true)]
    Declined,
}

fn main() {}
