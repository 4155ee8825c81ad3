#![allow(unused)]

use persevere::prelude::*;

#[persevere::test(chaos = 200)]
async fn expires() {}

fn main() {}
