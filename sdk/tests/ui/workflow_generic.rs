#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn hello<T: ToString>(name: T) -> Result<String> {
    Ok(name.to_string())
}

fn main() {}
