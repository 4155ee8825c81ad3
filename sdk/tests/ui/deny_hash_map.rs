#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn broken(input: String) -> Result<()> {
    let counts: std::collections::HashMap<String, u64> = Default::default();
    drop(counts);
    let _ = input;
    Ok(())
}

fn main() {}
