#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn broken(input: String) -> Result<()> {
    std::fs::write("ledger", "charged")?;
    let _ = input;
    Ok(())
}

fn main() {}
