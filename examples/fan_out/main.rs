//! Many activities at once: a few different ones, and one over a list with a bound.

use persevere::prelude::*;

#[activity(start_to_close = "10s")]
async fn word_count(page: String) -> Result<usize> {
    Ok(page.split_whitespace().count())
}

#[activity(start_to_close = "10s")]
async fn title(page: String) -> Result<String> {
    Ok(page.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

#[activity(start_to_close = "10s")]
async fn language(page: String) -> Result<String> {
    Ok(if page.contains("Es war") { "German" } else { "English" }.into())
}

#[workflow]
async fn survey(pages: Vec<String>) -> Result<Vec<String>> {
    // Different activities side by side. The first error ends both.
    let first = pages.first().cloned().unwrap_or_default();
    let (title, language) = try_join!(title(first.clone()), language(first))?;
    let mut report = vec![format!("begins with “{title}”, in {language}")];

    // One activity over a list: at most 3 in flight, the results in the order of the list.
    let counts = for_each_concurrent(pages, 3, word_count).await;
    for (page, count) in counts.into_iter().enumerate() {
        report.push(format!("page {}: {} words", page + 1, count?));
    }
    Ok(report)
}

#[tokio::main]
async fn main() -> Result<()> {
    let app = App::builder().open_in_memory().await?;
    let pages = [
        "Once upon a time there was a workflow",
        "It slept for a year",
        "and nobody noticed that its worker had died twice",
        "Es war einmal",
        "The end",
    ];
    let pages = pages.map(String::from).to_vec();
    for line in survey(pages).id("survey").run(&app).await? {
        println!("{line}");
    }
    app.shutdown().await
}
