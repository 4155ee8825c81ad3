#![allow(unused)]

use persevere::prelude::*;

#[derive(Serialize, Deserialize)]
struct Approve;

#[workflow]
async fn wait() -> Result<()> {
    let Approve = receive::<Approve>().await;
    Ok(())
}

fn main() {}
