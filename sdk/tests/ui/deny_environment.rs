#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn broken(input: String) -> Result<()> {
    let home = std::env::var("HOME")?;
    drop(home);
    let _ = input;
    Ok(())
}

fn main() {}
