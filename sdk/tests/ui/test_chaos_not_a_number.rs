#![allow(unused)]

use persevere::prelude::*;

#[persevere::test(chaos = "often")]
async fn survives(t: Harness) {}

#[persevere::test(chaos)]
async fn survives_too(t: Harness) {}

fn main() {}
