#![allow(unused)]

use persevere::prelude::*;

struct Shop;

impl Shop {
    #[workflow]
    async fn checkout(self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
