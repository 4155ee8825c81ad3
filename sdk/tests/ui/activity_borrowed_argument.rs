#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn greet(name: &str) -> Result<String> {
    Ok(name.to_owned())
}

fn main() {}
