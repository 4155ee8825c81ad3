//! A sleep that outlives its process: the app is shut down in the middle of it, and the timer is
//! due while nothing runs at all.

use persevere::{WorkflowHandle, prelude::*};

#[activity(start_to_close = "10s")]
async fn ring(label: String) -> Result<()> {
    println!("ring: {label}");
    Ok(())
}

#[workflow]
async fn alarm(label: String, after: Duration) -> Result<String> {
    sleep(after).await;
    ring(label).await?;
    Ok("rung once".into())
}

#[tokio::main]
async fn main() -> Result<()> {
    let file = std::env::temp_dir().join(format!("persevere-timer-{}.db", std::process::id()));

    let app = App::open(&file).await?;
    alarm("tea".into(), secs(2)).id("alarm-tea").start(&app).await?;
    println!("the alarm is set");
    app.shutdown().await?;
    println!("nothing runs now; the timer is in the file");
    std::thread::sleep(Duration::from_millis(2_500));

    let app = App::open(&file).await?;
    println!("up again, and late");
    println!("{}", WorkflowHandle::<alarm>::new(&app, "alarm-tea").result().await?);
    app.shutdown().await
}
