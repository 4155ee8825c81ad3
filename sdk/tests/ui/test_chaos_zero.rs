#![allow(unused)]

use persevere::prelude::*;

#[persevere::test(chaos = 0)]
async fn survives(t: Harness) {}

fn main() {}
