#![allow(unused)]

use persevere::prelude::*;

#[signal(id = "approve")]
struct Approve {
    by: String,
}

fn main() {}
