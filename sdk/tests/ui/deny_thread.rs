#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn broken(input: String) -> Result<()> {
    std::thread::sleep(Duration::from_secs(1));
    let _ = input;
    Ok(())
}

fn main() {}
