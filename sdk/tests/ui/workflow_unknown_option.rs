#![allow(unused)]

use persevere::prelude::*;

#[workflow(start_to_close = "20s")]
async fn hello(name: String) -> Result<String> {
    Ok(name)
}

fn main() {}
