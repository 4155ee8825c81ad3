#![allow(unused)]

use persevere::prelude::*;

#[activity]
async fn notify(name: String) {
    drop(name);
}

fn main() {}
