#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn broken(input: String) -> Result<()> {
    use std::collections::{BTreeMap, HashSet};
    let seen: HashSet<String> = HashSet::new();
    drop((seen, BTreeMap::<u8, u8>::new()));
    let _ = input;
    Ok(())
}

fn main() {}
