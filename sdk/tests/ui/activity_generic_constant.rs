#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn archive<const N: usize>(items: Vec<u8>) -> Result<()> {
    Ok(())
}

fn main() {}
