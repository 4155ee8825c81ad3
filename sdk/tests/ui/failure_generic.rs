#![allow(unused)]

use persevere::prelude::*;

#[derive(Debug, Failure, Serialize, Deserialize)]
enum PayError<T> {
    Declined(T),
}

fn main() {}
