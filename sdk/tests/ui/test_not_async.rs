#![allow(unused)]

use persevere::prelude::*;

#[persevere::test]
fn expires(t: u8) {}

fn main() {}
