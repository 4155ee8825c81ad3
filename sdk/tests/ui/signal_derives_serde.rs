#![allow(unused)]

use persevere::prelude::*;

#[signal]
#[derive(Clone, Serialize, Deserialize)]
struct Approve {
    by: String,
}

fn main() {}
