#![allow(unused)]

use persevere::prelude::*;

mod rand {
    pub fn random() -> u8 {
        4
    }
}

#[workflow]
async fn broken(input: String) -> Result<()> {
    if rand::random() > 2 {
        drop(input);
    }
    Ok(())
}

fn main() {}
