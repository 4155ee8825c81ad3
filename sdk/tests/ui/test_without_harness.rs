#![allow(unused)]

use persevere::prelude::*;

#[persevere::test]
async fn expires() {}

fn main() {}
