#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn greet(name: String) -> Result<String>
where
    String: Clone,
{
    Ok(name)
}

fn main() {}
