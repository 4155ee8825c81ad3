//! Old histories against today's code: `persevere::replay::<pay>("tests/histories/*.json")`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::definition::{WorkflowDefinition, WorkflowImplementation};
use crate::replay::{ReplayMismatch, replay_file};

/// Histories do not replay, or could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The pattern matches no file: a test that tests nothing should not pass.
    #[error("no history matches `{pattern}`")]
    NoHistory {
        /// The pattern.
        pattern: String,
    },
    /// The folder cannot be read.
    #[error("cannot read the folder {}: {source}", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// These do not replay: all of them.
    #[error("{}", lines(.0))]
    Mismatches(Vec<(PathBuf, ReplayMismatch)>),
}

fn lines(mismatches: &[(PathBuf, ReplayMismatch)]) -> String {
    let line = |(path, error): &(PathBuf, ReplayMismatch)| format!("{}: {error}", path.display());
    mismatches.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Replays recorded histories of a workflow against its code as it is today, and says how many there
/// were. `pattern` is a path whose file name may contain `*`; the files are as
/// `temporal workflow show --output json` writes them.
///
/// ```no_run
/// # use persevere::prelude::*;
/// # #[workflow] async fn process_payment() -> Result<()> { Ok(()) }
/// #[test]
/// fn old_histories_replay() {
///     persevere::replay::<process_payment>("tests/histories/*.json").unwrap();
/// }
/// ```
///
/// # Errors
/// Histories that do not replay, each with both sides of the first difference; no file matches; a
/// file cannot be read.
pub fn replay<W: WorkflowImplementation>(pattern: impl AsRef<Path>) -> Result<usize, ReplayError> {
    let registration = WorkflowDefinition::of::<W>().register();
    let paths = matching(pattern.as_ref())?;
    let mismatch =
        |path: &PathBuf| replay_file(&registration, path).err().map(|error| (path.clone(), error));
    let mismatches: Vec<_> = paths.iter().filter_map(mismatch).collect();
    if mismatches.is_empty() { Ok(paths.len()) } else { Err(ReplayError::Mismatches(mismatches)) }
}

/// The files that match, in order of their names.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, ReplayError> {
    let folder = match pattern.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let wanted = pattern.file_name().unwrap_or_default().to_string_lossy();
    let unreadable = |source| ReplayError::Folder { folder: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if fits(&wanted, &entry.file_name().to_string_lossy()) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(ReplayError::NoHistory { pattern: pattern.display().to_string() });
    }
    Ok(paths)
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| fits(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name) in [("*.json", "a.json"), ("a*b*c", "abc"), ("a*b*c", "aXbYbc")] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.json", "a.jsonx"), ("a*b", "bab"), ("a", "ab")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = matching(&folder.path().join("*.json")).expect_err("it is empty");
        assert!(matches!(error, ReplayError::NoHistory { .. }));
        let error = matching(&folder.path().join("no/*.json")).expect_err("no such folder");
        assert!(matches!(error, ReplayError::Folder { .. }));
    }
}
