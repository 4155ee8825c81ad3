#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn broken(input: String) -> Result<()> {
    std::process::exit(1);
    let _ = input;
    Ok(())
}

fn main() {}
