#![allow(unused)]

use persevere::prelude::*;

#[workflow]
async fn broken(input: String) -> Result<()> {
    let stream = std::net::TcpStream::connect("localhost:80")?;
    drop(stream);
    let _ = input;
    Ok(())
}

fn main() {}
