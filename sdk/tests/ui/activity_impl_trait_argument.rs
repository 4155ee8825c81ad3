#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn greet(name: impl Into<String>) -> Result<String> {
    Ok(name.into())
}

fn main() {}
