#![allow(unused)]

use persevere::prelude::*;

#[signal]
struct Approve<T> {
    by: T,
}

fn main() {}
