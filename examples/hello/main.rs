//! One file, no server, no options: an activity, a workflow, and an app that runs them durably.

use persevere::prelude::*;

#[activity]
async fn greet(name: String) -> Result<String> {
    Ok(format!("Hello, {name}!"))
}

#[workflow]
async fn hello(name: String) -> Result<String> {
    Ok(greet(name).await?)
}

#[tokio::main]
async fn main() -> Result<()> {
    let app = App::open("persevere.db").await?;
    println!("{}", hello("Ada".into()).id("hello-ada").run(&app).await?);
    app.shutdown().await
}
