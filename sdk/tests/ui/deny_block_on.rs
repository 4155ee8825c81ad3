#![allow(unused)]

use persevere::prelude::*;

mod futures {
    pub mod executor {
        pub fn block_on(_: impl Future) {}
    }
}

#[workflow]
async fn broken(input: String) -> Result<String> {
    futures::executor::block_on(async {});
    Ok(input)
}

fn main() {}
