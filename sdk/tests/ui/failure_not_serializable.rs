#![allow(unused)]

use persevere::prelude::*;

#[derive(Debug, Failure)]
enum PayError {
    Declined,
}

fn main() {}
