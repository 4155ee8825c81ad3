#![allow(unused)]

use persevere::prelude::*;

#[derive(Debug, Failure, Serialize, Deserialize)]
#[failure(non_retryable)]
enum PayError {
    Network,
}

fn main() {}
