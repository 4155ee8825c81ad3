#![allow(unused)]

use persevere::prelude::*;

struct Cart;

#[workflow]
impl Cart {
    #[run]
    async fn run(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
