use super::*;
use crate::CallError;

#[derive(Debug, thiserror::Error)]
#[error("no route")]
struct NoRoute;

#[derive(Debug, thiserror::Error)]
#[error("cannot connect")]
struct CannotConnect(#[source] NoRoute);

fn fails() -> Result<()> {
    Err(CannotConnect(NoRoute)).context("charging")?;
    Ok(())
}

#[test]
fn display_and_debug_tell_context_and_causes() {
    let error = fails().expect_err("it fails").context("order 7");
    assert_eq!(error.to_string(), "order 7: charging: cannot connect: no route");
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn bail_formats() {
    fn check(amount: u32) -> Result<()> {
        bail!("{amount} is too {}", "much");
    }
    assert_eq!(check(3).expect_err("too much").to_string(), "3 is too much");
}

#[test]
fn bail_makes_any_error_that_comes_from_ours() {
    fn check() -> std::result::Result<(), Box<Error>> {
        bail!("no");
    }
    assert_eq!(check().expect_err("no").to_string(), "no");
}

#[test]
fn what_comes_from_the_wire_goes_back_unchanged() {
    let wire = failure::application("out of milk".into(), "OutOf", true, None, None);
    let error = Error::from_wire(&wire).expect("any failure is an error");
    assert_eq!(error.to_wire(), wire);
    assert_eq!(error.to_string(), "out of milk");
}

#[test]
fn a_flag_on_what_has_none_wraps_it() {
    let timed_out = CallError::<Error>::TimedOut(crate::TimeoutKind::Heartbeat);
    let wire = Error::from(timed_out).non_retryable().to_wire();
    match &wire.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => assert!(info.non_retryable),
        other => panic!("not an application failure: {other:?}"),
    }
    assert!(matches!(
        wire.cause.expect("the cause is kept").failure_info,
        Some(FailureInfo::TimeoutFailureInfo(_))
    ));
}
