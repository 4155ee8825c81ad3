#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn hello(#[dep] gateway: String, name: String) -> Result<String> {
    Ok(format!("{gateway} {name}"))
}

fn main() {}
