use persevere::prelude::*;

#[activity]
struct Charge;

fn main() {}
