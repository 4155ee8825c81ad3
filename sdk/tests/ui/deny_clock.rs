#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn broken(input: String) -> Result<()> {
    let started = std::time::SystemTime::now();
    let tick = std::time::Instant::now();
    let _ = input;
    Ok(())
}

fn main() {}
