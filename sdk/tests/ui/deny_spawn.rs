#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn broken(input: String) -> Result<()> {
    tokio::spawn(async {});
    let _ = input;
    Ok(())
}

fn main() {}
