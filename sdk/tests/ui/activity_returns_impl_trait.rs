#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn greet(name: String) -> impl std::fmt::Display {
    name
}

fn main() {}
