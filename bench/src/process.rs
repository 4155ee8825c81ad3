//! What a process has used so far, as the kernel counts it.

use std::{fs, io, path::Path, time::Duration};

/// Clock ticks per second of `/proc/*/stat`: 100 on every Linux that Rust's std supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// A reading of one process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// User and system time of all its threads.
    pub(crate) cpu: Duration,
    /// Memory it holds now, in bytes.
    pub(crate) resident: u64,
}

impl Usage {
    /// Reads the process with this id.
    ///
    /// # Errors
    /// If there is no such process, or no `/proc`.
    pub(crate) fn of(pid: u32) -> io::Result<Usage> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        parse(&stat, &status)
            .ok_or_else(|| io::Error::other(format!("/proc/{pid} reads in a way unknown to us")))
    }
}

/// Fields 14 and 15 of `stat` are user and system ticks; the command name before them may contain
/// anything, so count from its closing parenthesis.
fn parse(stat: &str, status: &str) -> Option<Usage> {
    let mut fields = stat.get(stat.rfind(')')? + 2..)?.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = resident.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(Usage {
        cpu: Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND),
        resident: kilobytes * 1024,
    })
}

/// Bytes of all files in a folder.
///
/// # Errors
/// If the folder cannot be read.
pub(crate) fn bytes_in(folder: &Path) -> io::Result<u64> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 5 6 7 8 150 50 0 0 20 0 3 0 9";
        let usage = parse(stat, "Name:\tx\nVmRSS:\t    2048 kB\n").expect("parses");
        assert_eq!(usage.cpu, Duration::from_secs(2));
        assert_eq!(usage.resident, 2 << 20);
    }

    #[test]
    fn the_own_process_can_be_read() {
        let usage = Usage::of(std::process::id()).expect("Linux has /proc");
        assert!(usage.resident > 0);
    }
}
