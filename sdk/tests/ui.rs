//! What the macros say to a user who got something wrong, and what they accept. See `ui/README.md`.

/// All cases in one test: they then share one build.
#[test]
fn messages() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui-pass/*.rs");
    cases.compile_fail("tests/ui/*.rs");
}
