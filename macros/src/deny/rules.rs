//! What is denied, and what to write instead.

use proc_macro2::Ident;

use super::Path;

/// Why something is denied.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Clock,
    Random,
    Uuid,
    TokioTime,
    Spawn,
    Select,
    Thread,
    BlockOn,
    Environment,
    Files,
    Network,
    HashMap,
    HashSet,
    Process,
}

impl Rule {
    /// The message for a path of this rule.
    pub(super) fn message(self, path: &[Ident], is_macro: bool) -> String {
        let path = path.iter().map(Ident::to_string).collect::<Vec<_>>().join("::");
        let path = if is_macro { format!("{path}!") } else { path };
        let (why, instead) = self.reason();
        format!("`{path}` in a workflow {why}: {instead}")
    }

    fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::Clock => (
                "reads a clock, which shows another time when the workflow is replayed",
                "use `persevere::now()`",
            ),
            Self::Random => (
                "is random, so a replay takes another path",
                "use `persevere::random_u64()`, or draw in an activity",
            ),
            Self::Uuid => {
                ("makes another id when the workflow is replayed", "use `persevere::uuid4()`")
            }
            Self::TokioTime => (
                "waits in this process, which may not live that long",
                "use `persevere::sleep` and `persevere::timeout`, which are durable",
            ),
            Self::Spawn => (
                "leaves the workflow, and what runs there is neither recorded nor replayed",
                "use `.start()` on a call, `join!` or `for_each_concurrent`",
            ),
            Self::Select => (
                "picks a branch at random when several are ready, so a replay takes another path",
                "use `persevere::select!`, which goes in source order",
            ),
            Self::Thread => (
                "leaves the workflow's thread, and the order of threads differs in a replay",
                "use `join!` or `for_each_concurrent`, `persevere::sleep` to wait, or do the work \
                 in an activity",
            ),
            Self::BlockOn => ("blocks the worker and loses the workflow's context", "use `.await`"),
            Self::Environment => (
                "reads the environment, which differs between workers and over time",
                "take the value as an argument, or read it in an activity",
            ),
            Self::Files => (
                "touches files or standard input, which differ when the workflow is replayed",
                "do it in an activity",
            ),
            Self::Network => {
                ("talks to the network, and would again in every replay", "do it in an activity")
            }
            Self::HashMap => (
                "iterates in another order in every process",
                "use `persevere::collections::HashMap`, or a `BTreeMap`",
            ),
            Self::HashSet => (
                "iterates in another order in every process",
                "use `persevere::collections::HashSet`, or a `BTreeSet`",
            ),
            Self::Process => (
                "acts on processes, and would again in every replay",
                "do it in an activity; to end the workflow, return",
            ),
        }
    }
}

/// How a pattern of segments must lie in a path.
#[derive(PartialEq)]
enum Where {
    /// At its start; what follows does not matter.
    Start,
    /// At its end, or it is the whole path.
    End,
}

use Rule::{
    BlockOn, Clock, Environment, Files, HashMap, HashSet, Network, Process, Random, Select, Spawn,
    Thread, TokioTime, Uuid,
};
use Where::{End, Start};

/// The patterns, the first match wins. `a|b` in the last segment stands for either.
const PATTERNS: &[(Where, &str, Rule)] = &[
    (End, "SystemTime::now", Clock),
    (End, "Instant::now", Clock),
    (End, "Utc::now", Clock),
    (End, "Local::now", Clock),
    (End, "Zoned::now", Clock),
    (End, "Timestamp::now", Clock),
    (End, "OffsetDateTime::now_utc|now_local", Clock),
    (End, "Uuid::new_v1|new_v4|new_v6|new_v7|now_v1|now_v6|now_v7", Uuid),
    (End, "Ulid::new", Uuid),
    (Start, "rand", Random),
    (Start, "fastrand", Random),
    (Start, "getrandom", Random),
    (End, "thread_rng", Random),
    (Start, "tokio::time", TokioTime),
    (Start, "tokio::spawn", Spawn),
    (Start, "tokio::task", Spawn),
    (Start, "async_std::task", Spawn),
    (Start, "smol::spawn", Spawn),
    (End, "task::spawn|spawn_blocking|spawn_local|block_in_place", Spawn),
    (Start, "tokio::select", Select),
    (Start, "futures::select", Select),
    (Start, "futures_util::select", Select),
    (Start, "futures::executor", BlockOn),
    (Start, "tokio::runtime", BlockOn),
    (End, "Handle::current", BlockOn),
    (Start, "std::thread", Thread),
    (End, "thread::spawn|sleep|scope|park|current|yield_now", Thread),
    (Start, "rayon", Thread),
    (Start, "std::env", Environment),
    (End, "env::var|vars|var_os|vars_os|args|args_os|current_dir|temp_dir|set_var", Environment),
    (Start, "std::fs", Files),
    (Start, "tokio::fs", Files),
    (End, "fs::read|read_to_string|write|read_dir|remove_file|create_dir_all|metadata", Files),
    (End, "File::open|create|options", Files),
    (Start, "std::io::stdin", Files),
    (End, "io::stdin", Files),
    (Start, "std::net", Network),
    (Start, "tokio::net", Network),
    (Start, "reqwest", Network),
    (Start, "hyper", Network),
    (Start, "ureq", Network),
    (End, "TcpStream::connect", Network),
    (End, "TcpListener::bind", Network),
    (End, "UdpSocket::bind", Network),
    (Start, "std::process", Process),
    (Start, "tokio::process", Process),
    (End, "Command::new", Process),
    (End, "process::exit|abort|id", Process),
    (Start, "std::collections::HashMap", HashMap),
    (Start, "std::collections::hash_map", HashMap),
    (Start, "std::collections::HashSet", HashSet),
    (Start, "std::collections::hash_set", HashSet),
    (End, "collections::HashMap", HashMap),
    (End, "collections::HashSet", HashSet),
];

/// The rule that denies `path`, with how many of its segments to point at.
pub(super) fn denied(path: &Path) -> Option<(usize, Rule)> {
    let segments: Vec<String> = path.segments.iter().map(Ident::to_string).collect();
    if ["crate", "self", "super", "persevere"].contains(&segments[0].as_str()) {
        return None;
    }
    PATTERNS.iter().find_map(|(place, pattern, rule)| {
        let pattern: Vec<&str> = pattern.split("::").collect();
        let offset = match place {
            Start => 0,
            End => segments.len().checked_sub(pattern.len())?,
        };
        let part = segments.get(offset..offset + pattern.len())?;
        let matches = pattern
            .iter()
            .zip(part)
            .all(|(pattern, segment)| pattern.split('|').any(|name| name == segment));
        // A bare `rand` is a local variable; `rand::…` is the crate.
        let is_path = segments.len() > 1 || pattern.len() > 1 || path.is_macro || *place == End;
        (matches && is_path).then_some((segments.len(), *rule))
    })
}
