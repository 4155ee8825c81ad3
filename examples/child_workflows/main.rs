//! A workflow called inside a workflow is a child: a run of its own, with its own history.

use persevere::prelude::*;

#[activity(start_to_close = "10s")]
async fn count_words(text: String) -> Result<u64> {
    Ok(text.split_whitespace().count() as u64)
}

#[workflow]
async fn index(part: String) -> Result<u64> {
    Ok(count_words(part).await?)
}

#[workflow]
async fn index_book(parts: Vec<String>) -> Result<Vec<u64>> {
    // Started one after the other, running side by side; each has an id to look it up by.
    let mut started = Vec::new();
    for (n, part) in parts.into_iter().enumerate() {
        started.push(index(part).id(format!("index-{n}")).start_child().await?);
    }
    let mut words = Vec::new();
    for child in started {
        words.push(child.result().await?);
    }
    // Awaited in place, a child reads like a function.
    words.push(index("and an afterword".into()).await?);
    Ok(words)
}

#[tokio::main]
async fn main() -> Result<()> {
    let app = App::builder().open_in_memory().await?;
    let parts = ["a short part", "a part that is longer than that", "done"];
    let words = index_book(parts.map(String::from).to_vec()).id("book").run(&app).await?;
    println!("words of each part: {words:?}");
    app.shutdown().await
}
