#![allow(unused)]

use persevere::prelude::*;

#[workflow(version = "2")]
async fn hello(name: String) -> Result<String> {
    Ok(name)
}

fn main() {}
