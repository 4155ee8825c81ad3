#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn greet<'a>(name: std::borrow::Cow<'a, str>) -> Result<String> {
    Ok(name.into_owned())
}

fn main() {}
