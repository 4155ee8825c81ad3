#![allow(unused)]

use persevere::prelude::*;

#[derive(Debug, Failure, Serialize, Deserialize)]
enum PayError {
    #[failure(retry_after = seconds)]
    Throttled { seconds: u64 },
}

fn main() {}
