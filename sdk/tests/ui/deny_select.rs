#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn broken(input: String) -> Result<()> {
    tokio::select! {
        _ = std::future::ready(()) => {}
    }
    let _ = input;
    Ok(())
}

fn main() {}
