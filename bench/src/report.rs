//! The table.

use std::time::Duration;

use hdrhistogram::Histogram;
use persevere::prelude::*;

/// What one scenario on one server came to. `None` where it cannot be known.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) server: String,
    pub(crate) scenario: &'static str,
    pub(crate) workflows: usize,
    pub(crate) concurrency: usize,
    pub(crate) elapsed: Duration,
    pub(crate) latency: Histogram<u64>,
    pub(crate) server_cpu: Option<Duration>,
    pub(crate) worker_cpu: Option<Duration>,
    pub(crate) idle_bytes: Option<u64>,
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) disk_bytes: Option<u64>,
    /// For each workflow.
    pub(crate) commits: Option<f64>,
}

/// An empty histogram of microseconds, exact to three digits.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three significant digits are allowed")
}

const COLUMNS: [&str; 13] = [
    "server",
    "scenario",
    "n",
    "at once",
    "wf/s",
    "p50 ms",
    "p99 ms",
    "server cpu s/1000",
    "worker cpu s/1000",
    "idle MB",
    "after MB",
    "disk KB/wf",
    "commits/wf",
];

/// Prints rows as a Markdown table, so that it can be pasted.
pub(crate) fn print(rows: &[Row]) {
    println!("| {} |", COLUMNS.join(" | "));
    println!("|{}", "---|".repeat(COLUMNS.len()));
    for row in rows {
        println!("| {} |", cells(row).join(" | "));
    }
}

fn cells(row: &Row) -> [String; 13] {
    let n = row.workflows as f64;
    let per_thousand = |cpu: Duration| format!("{:.2}", cpu.as_secs_f64() * 1000.0 / n);
    let megabytes = |bytes: u64| format!("{:.0}", bytes as f64 / 1e6);
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "?".into());
    [
        row.server.clone(),
        row.scenario.into(),
        row.workflows.to_string(),
        row.concurrency.to_string(),
        format!("{:.0}", n / row.elapsed.as_secs_f64()),
        format!("{:.1}", row.latency.value_at_quantile(0.5) as f64 / 1000.0),
        format!("{:.1}", row.latency.value_at_quantile(0.99) as f64 / 1000.0),
        or_unknown(row.server_cpu.map(per_thousand)),
        or_unknown(row.worker_cpu.map(per_thousand)),
        or_unknown(row.idle_bytes.map(megabytes)),
        or_unknown(row.resident_bytes.map(megabytes)),
        or_unknown(row.disk_bytes.map(|bytes| format!("{:.1}", bytes as f64 / 1e3 / n))),
        or_unknown(row.commits.map(|commits| format!("{commits:.1}"))),
    ]
}

/// Records a latency.
pub(crate) fn note(histogram: &mut Histogram<u64>, latency: Duration) -> Result<()> {
    let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    Ok(histogram.record(micros)?)
}
