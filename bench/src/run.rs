//! One run: servers one after another, scenarios one after another, workflows many at once.

use std::{path::PathBuf, process::Stdio, time::Instant};

use clap::Args;
use futures_util::{StreamExt, stream};
use persevere::{App, Client, DEFAULT_QUEUE, Target as _, Worker, prelude::*};
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
};

use crate::{
    process::Usage,
    report::{self, Row},
    scenario::Scenario,
    server::{self, Kind, Server},
    workflows,
};

/// What to measure.
#[derive(Args, Debug)]
pub(crate) struct Plan {
    /// Scenarios; all if none is named.
    #[arg(long, value_enum, value_delimiter = ',')]
    scenario: Vec<Scenario>,
    /// Workflows of the lightest scenarios; heavier ones run fewer.
    #[arg(long, default_value_t = 1000)]
    workflows: usize,
    /// Workflows in flight at once.
    #[arg(long, default_value_t = 50)]
    concurrency: usize,
    /// Measure this server instead of starting our own.
    #[arg(long)]
    address: Option<String>,
    /// Also measure the reference server: the path of the `temporal` binary.
    #[arg(long)]
    reference: Option<PathBuf>,
    /// Also measure server, worker and client in one process, without TCP.
    #[arg(long)]
    in_process: bool,
}

/// Carries out a plan and prints its table.
pub(crate) async fn run(plan: Plan) -> Result<()> {
    let scenarios =
        if plan.scenario.is_empty() { Scenario::ALL.to_vec() } else { plan.scenario.clone() };
    let mut kinds = vec![plan.address.clone().map_or(Kind::Persevere, Kind::Address)];
    kinds.extend(plan.reference.clone().map(Kind::Reference));
    let mut rows = Vec::new();
    for scenario in scenarios {
        for kind in &kinds {
            rows.push(over_tcp(kind, scenario, &plan).await?);
        }
        if plan.in_process {
            rows.push(in_process(scenario, &plan).await?);
        }
    }
    report::print(&rows);
    Ok(())
}

/// A fresh server and a fresh worker, so that scenarios do not weigh on one another.
async fn over_tcp(kind: &Kind, scenario: Scenario, plan: &Plan) -> Result<Row> {
    let server = Server::start(kind).await?;
    let queue = format!("bench-{}", std::process::id());
    let mut worker = spawn_worker(&server.address, &queue)?;
    let client = server::connect(&server.address).await?;
    warm_up(scenario, &client, &queue).await?;

    let worker_usage = |worker: &Child| Usage::of(worker.id()?).ok();
    let (server_before, worker_before) = (server.usage(), worker_usage(&worker));
    let disk_before = server.bytes_on_disk();
    let mut row = drive(kind.title(), scenario, plan, &client, &queue).await?;
    let (server_after, worker_after) = (server.usage(), worker_usage(&worker));

    row.server_cpu = server_before.zip(server_after).map(|(before, after)| after.cpu - before.cpu);
    row.worker_cpu = worker_before.zip(worker_after).map(|(before, after)| after.cpu - before.cpu);
    row.idle_bytes = server_before.map(|usage| usage.resident);
    row.resident_bytes = server_after.map(|usage| usage.resident);
    row.disk_bytes =
        disk_before.zip(server.bytes_on_disk()).map(|(before, after)| after.saturating_sub(before));
    worker.kill().await?;
    let commits = server.stop().await?.map(|epitaph| epitaph.commits as f64);
    row.commits = commits.map(|commits| commits / (row.workflows + WARM_UP) as f64);
    Ok(row)
}

/// Everything in this process: its CPU time is that of all three parts, shown as the server's.
async fn in_process(scenario: Scenario, plan: &Plan) -> Result<Row> {
    let folder = tempfile::tempdir()?;
    let app = App::open(folder.path().join("bench.db")).await?;
    let me = std::process::id();
    warm_up(scenario, app.client(), DEFAULT_QUEUE).await?;
    let before = Usage::of(me)?;
    let mut row =
        drive("in process (all parts)", scenario, plan, app.client(), DEFAULT_QUEUE).await?;
    let after = Usage::of(me)?;
    row.server_cpu = Some(after.cpu - before.cpu);
    row.resident_bytes = Some(after.resident);
    app.shutdown().await?;
    Ok(row)
}

/// Workflows that run before the clock starts; they count among the commits.
const WARM_UP: usize = 5;

/// Caches, connections and prepared statements are filled before the clock starts.
async fn warm_up(scenario: Scenario, client: &Client, queue: &str) -> Result<()> {
    for n in 0..WARM_UP {
        scenario.drive(client, format!("warm-{}-{n}", scenario.title()), queue).await?;
    }
    Ok(())
}

async fn drive(
    server: &str,
    scenario: Scenario,
    plan: &Plan,
    client: &Client,
    queue: &str,
) -> Result<Row> {
    let workflows = (plan.workflows / scenario.weight()).max(1);
    eprintln!("{server}: {} × {workflows}", scenario.title());
    let mut latency = report::histogram();
    let begun = Instant::now();
    let mut finished = stream::iter(0..workflows)
        .map(|n| async move {
            let begun = Instant::now();
            scenario.drive(client, format!("{}-{n}", scenario.title()), queue).await?;
            Ok::<_, Error>(begun.elapsed())
        })
        .buffer_unordered(plan.concurrency);
    while let Some(took) = finished.next().await {
        report::note(&mut latency, took?.saturating_sub(scenario.floor()))?;
    }
    Ok(Row {
        server: server.to_owned(),
        scenario: scenario.title(),
        workflows,
        concurrency: plan.concurrency,
        elapsed: begun.elapsed(),
        latency,
        server_cpu: None,
        worker_cpu: None,
        idle_bytes: None,
        resident_bytes: None,
        disk_bytes: None,
        commits: None,
    })
}

fn spawn_worker(address: &str, queue: &str) -> Result<Child> {
    let child = Command::new(std::env::current_exe()?)
        .args(["work", "--address", address, "--queue", queue])
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    Ok(child)
}

/// The role `work`: a worker until standard input closes.
pub(crate) async fn work(address: &str, queue: &str) -> Result<()> {
    let client = server::connect(address).await?;
    Worker::new(client, queue)
        .workflow::<workflows::noop>()
        .workflow::<workflows::one_activity>()
        .workflow::<workflows::five_in_sequence>()
        .workflow::<workflows::twenty_in_parallel>()
        .workflow::<workflows::one_second_timer>()
        .workflow::<workflows::hundred_signals>()
        .activity::<workflows::step>()
        .run_until(async {
            let _ = tokio::io::stdin().read(&mut [0]).await;
        })
        .await?;
    Ok(())
}
