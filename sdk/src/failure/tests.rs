use std::fmt;

use persevere_proto::api::common::v1::Payloads;
use serde::Deserialize;

use super::*;
use crate::{CallError, Error, Failure};

#[derive(Debug, PartialEq, Failure, Serialize, Deserialize)]
enum PayError {
    #[failure(non_retryable)]
    Declined {
        code: String,
    },
    #[failure(retry_after = after)]
    Throttled {
        after: Duration,
    },
    #[failure(name = "Offline", retry_after = "90s")]
    Network(String),
    Unknown,
}

/// Has a text of its own and is an ordinary error, too.
#[derive(Debug, Failure, Serialize, Deserialize, thiserror::Error)]
#[error("out of {what}")]
#[failure(non_retryable)]
struct OutOf {
    what: String,
}

#[derive(Debug, thiserror::Error)]
#[error("while shipping")]
struct Wrapper(#[source] OutOf);

fn declined() -> PayError {
    PayError::Declined { code: "51".into() }
}

fn info(failure: &ProtoFailure) -> &ApplicationFailureInfo {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => info,
        other => panic!("not an application failure: {other:?}"),
    }
}

fn foreign(kind: &str, details: Option<serde_json::Value>) -> ProtoFailure {
    let details = details.map(|value| Payloads {
        payloads: vec![payload::encode(&value, "details").expect("JSON")],
    });
    application("raised elsewhere".into(), kind, false, None, details)
}

#[test]
fn every_variant_comes_back_as_it_went() {
    let throttled = PayError::Throttled { after: Duration::from_secs(7) };
    for error in [declined(), throttled, PayError::Network("no route".into()), PayError::Unknown] {
        assert_eq!(PayError::from_wire(&error.to_wire()), Some(error));
    }
}

#[test]
fn the_variant_decides_type_and_retryability() {
    let wire = declined().to_wire();
    assert_eq!((info(&wire).r#type.as_str(), info(&wire).non_retryable), ("Declined", true));
    let wire = PayError::Throttled { after: Duration::from_secs(7) }.to_wire();
    assert_eq!(info(&wire).next_retry_delay.as_ref().map(|delay| delay.seconds), Some(7));
    let wire = PayError::Network("no route".into()).to_wire();
    assert_eq!((info(&wire).r#type.as_str(), info(&wire).non_retryable), ("Offline", false));
    assert_eq!(info(&wire).next_retry_delay.as_ref().map(|delay| delay.seconds), Some(90));
}

#[test]
fn the_message_is_the_display_or_else_the_debug_text() {
    assert_eq!(OutOf { what: "milk".into() }.to_wire().message, "out of milk");
    assert_eq!(declined().to_wire().message, r#"Declined { code: "51" }"#);
}

#[test]
fn errors_that_other_languages_raise_by_type_and_fields_are_understood() {
    let fields = serde_json::json!({ "code": "51" });
    assert_eq!(PayError::from_wire(&foreign("Declined", Some(fields))), Some(declined()));
    assert_eq!(PayError::from_wire(&foreign("Unknown", None)), Some(PayError::Unknown));
}

#[test]
fn errors_of_another_type_or_shape_are_not_guessed_at() {
    assert_eq!(PayError::from_wire(&foreign("Stolen", None)), None);
    assert_eq!(PayError::from_wire(&foreign("Declined", Some(serde_json::json!(5)))), None);
    assert_eq!(PayError::from_wire(&cancelled()), None);
}

#[test]
fn type_and_flag_survive_context_and_wrapping() {
    let wrapped = Error::from(Wrapper(OutOf { what: "milk".into() })).context("order 7");
    let wire = wrapped.to_wire();
    assert_eq!(wire.message, "order 7: while shipping: out of milk");
    assert_eq!((info(&wire).r#type.as_str(), info(&wire).non_retryable), ("OutOf", true));
    assert_eq!(wrapped.find::<OutOf>().map(|error| error.what), Some("milk".into()));
}

#[test]
fn a_failed_call_passes_its_error_on() {
    let wire = Error::from(CallError::Failed(declined())).to_wire();
    assert_eq!((info(&wire).r#type.as_str(), info(&wire).non_retryable), ("Declined", true));
    let wire = Error::from(CallError::Failed(Error::typed(declined()))).to_wire();
    assert_eq!(info(&wire).r#type, "Declined");
}

#[test]
fn a_cancelled_call_stays_a_cancellation_in_any_wrapping() {
    #[derive(Debug, thiserror::Error)]
    #[error("while paying")]
    struct Paying(#[source] CallError<PayError>);

    assert!(Error::from(CallError::<PayError>::Cancelled).is_cancellation());
    assert!(Error::from(Paying(CallError::Cancelled)).context("order 7").is_cancellation());
    assert!(!Error::from(Paying(CallError::Failed(declined()))).is_cancellation());
}

#[test]
fn an_error_without_a_type_is_retryable() {
    let wire = Error::from(fmt::Error).to_wire();
    assert_eq!((info(&wire).r#type.as_str(), info(&wire).non_retryable), ("Error", false));
    let wire = Error::new("no").non_retryable().to_wire();
    assert!(info(&wire).non_retryable);
}
