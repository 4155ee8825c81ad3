#![allow(unused)]

use persevere::prelude::*;

struct Cart;

impl Cart {
    #[signal]
    fn close(&mut self) {}
}

fn main() {}
