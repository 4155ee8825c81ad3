#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn archive<T>(item: T) -> Result<()> {
    Ok(())
}

fn main() {}
