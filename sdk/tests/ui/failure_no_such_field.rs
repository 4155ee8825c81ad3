#![allow(unused)]

use persevere::prelude::*;

#[derive(Debug, Failure, Serialize, Deserialize)]
enum PayError {
    #[failure(retry_after = delay)]
    Throttled { after: Duration },
}

fn main() {}
