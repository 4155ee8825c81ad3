//! Each example prints what its README promises, to the letter.
//!
//! The promise is the README's block that opens with ```` ```text ````; the example is run as a
//! user runs it, in an empty folder, with no terminal.

use std::{path::Path, process::Command};

#[track_caller]
fn prints_what_its_readme_promises(program: &str, name: &str) {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join(name).join("README.md");
    let readme = std::fs::read_to_string(readme).expect("each example has a README");
    let folder = tempfile::tempdir().expect("the system can make a temporary folder");
    let output = Command::new(program)
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .env_remove("RUST_LOG")
        .output()
        .expect("the example starts");
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}: {}\n{stdout}\n{stderr}", output.status);
    assert_eq!(stdout.trim(), promised(&readme).trim(), "{name}; stderr:\n{stderr}");
}

/// The text between ```` ```text ```` and the next fence.
fn promised(readme: &str) -> &str {
    let (_, rest) = readme.split_once("```text\n").expect("the README has a block of output");
    rest.split_once("```").expect("the block ends").0
}

#[test]
fn hello() {
    prints_what_its_readme_promises(env!("CARGO_BIN_EXE_hello"), "hello");
}

#[test]
fn payment() {
    prints_what_its_readme_promises(env!("CARGO_BIN_EXE_payment"), "payment");
}

#[test]
fn saga() {
    prints_what_its_readme_promises(env!("CARGO_BIN_EXE_saga"), "saga");
}

#[test]
fn approval() {
    prints_what_its_readme_promises(env!("CARGO_BIN_EXE_approval"), "approval");
}

#[test]
fn fan_out() {
    prints_what_its_readme_promises(env!("CARGO_BIN_EXE_fan_out"), "fan_out");
}

#[test]
fn timer() {
    prints_what_its_readme_promises(env!("CARGO_BIN_EXE_timer"), "timer");
}

#[test]
fn child_workflows() {
    prints_what_its_readme_promises(env!("CARGO_BIN_EXE_child_workflows"), "child_workflows");
}

#[test]
fn the_first_screen_shows_the_payment_as_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).expect("it is there");
    let (first_screen, example) = (read("../README.md"), read("payment/README.md"));
    assert!(
        first_screen.contains(promised(&example)),
        "copy the output in examples/payment/README.md to the README"
    );
}
