#![allow(unused)]

use persevere::prelude::*;

#[workflow]
fn hello(name: String) -> Result<String> {
    Ok(name)
}

fn main() {}
