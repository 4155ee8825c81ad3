#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn count(name: String) -> Result<usize> {
    let shared = std::rc::Rc::new(name);
    std::future::ready(()).await;
    Ok(shared.len())
}

fn main() {}
