#![allow(unused)]

use persevere::prelude::*;

struct Billing;

#[activities]
impl Clone for Billing {
    fn clone(&self) -> Self {
        Billing
    }
}

fn main() {}
