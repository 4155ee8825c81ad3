#![allow(unused)]

use persevere::prelude::*;

#[activity]
struct Charge;

fn main() {}
