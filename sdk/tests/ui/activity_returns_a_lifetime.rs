#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn greet(name: String) -> Result<std::borrow::Cow<'_, str>> {
    Ok(name.into())
}

fn main() {}
