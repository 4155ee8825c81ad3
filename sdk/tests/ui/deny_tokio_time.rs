#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn broken(input: String) -> Result<()> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let _ = input;
    Ok(())
}

fn main() {}
