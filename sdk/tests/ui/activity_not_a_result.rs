#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn greet(name: String) -> String {
    name
}

fn main() {}
