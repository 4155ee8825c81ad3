#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn hello(name: String) -> Option<String> {
    Some(name)
}

fn main() {}
