#![allow(unused)]

use persevere::prelude::*;

struct Uuid;

impl Uuid {
    fn new_v4() -> String {
        String::new()
    }
}

#[workflow]
async fn broken(input: String) -> Result<String> {
    Ok(input + &Uuid::new_v4())
}

fn main() {}
