#![allow(unused)]

use persevere::prelude::*;

#[derive(Debug, Failure, Serialize, Deserialize)]
enum PayError {
    #[failure(retryable)]
    Network,
}

fn main() {}
