//! Errors across the wire: what an activity or a workflow fails with, and what its caller gets back.
//!
//! An error travels as an application failure: its variant's name is the failure's type, its value
//! the details, its retryability the flag. The caller's side decodes it again by type and details.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use persevere_proto::api::common::v1::Payloads;
use persevere_proto::api::failure::v1::failure::FailureInfo;
use persevere_proto::api::failure::v1::{
    ApplicationFailureInfo, CanceledFailureInfo, Failure as ProtoFailure,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::payload;

mod find;
mod remote;

pub(crate) use find::find;
pub use find::{ErrorProbe, FailureDefinition, FoundAsError, NeverFound};
pub use remote::RemoteFailure;
pub(crate) use remote::root;

/// Who made a failure: other SDKs show it.
const SOURCE: &str = "persevere";

/// An error of the user's own that crosses the wire typed. Derive it:
///
/// ```
/// use persevere::prelude::*;
///
/// #[derive(Debug, Failure, Serialize, Deserialize)]
/// enum PayError {
///     #[failure(non_retryable)]
///     Declined { code: String },
///     #[failure(retry_after = after)]
///     Throttled { after: Duration },
///     Network(String), // retryable, the default
/// }
/// ```
///
/// The message is the type's `Display`, or its `Debug` if it has none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross the wire as an error",
    note = "derive it: `#[derive(Debug, Failure, Serialize, Deserialize)]`"
)]
pub trait Failure: fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The types that failures of this error have on the wire.
    const NAMES: &'static [&'static str];

    /// The type on the wire and the retryability of this value.
    fn kind(&self) -> FailureKind;

    /// What people read.
    fn message(&self) -> String;
}

/// How one failure is treated: its type on the wire, whether and when it is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureKind {
    name: &'static str,
    non_retryable: bool,
    retry_after: Option<Duration>,
}

impl FailureKind {
    /// A retryable failure of this type.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, non_retryable: false, retry_after: None }
    }

    /// Ends the retries.
    #[must_use]
    pub const fn non_retryable(mut self) -> Self {
        self.non_retryable = true;
        self
    }

    /// Replaces the retry policy's next interval.
    #[must_use]
    pub const fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }
}

/// An error that an activity or a workflow may return: one that derives [`Failure`], or
/// [`persevere::Error`](crate::Error), which any error turns into.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross the wire as an error",
    label = "neither `persevere::Error` nor a type that derives `Failure`",
    note = "return `persevere::Result<T>`, into which `?` turns any error",
    note = "or derive it: `#[derive(Debug, Failure, Serialize, Deserialize)]`"
)]
pub trait WireError: fmt::Debug + Send + Sync + Sized + 'static {
    /// As it travels.
    fn to_wire(&self) -> ProtoFailure;

    /// Back from the wire; `None` if the failure is another's.
    fn from_wire(failure: &ProtoFailure) -> Option<Self>;

    /// What people read.
    fn text(&self) -> String;

    /// Whether this is a cancellation passed on.
    fn is_cancellation(&self) -> bool {
        false
    }
}

impl<E: Failure> WireError for E {
    fn to_wire(&self) -> ProtoFailure {
        let FailureKind { name, non_retryable, retry_after } = self.kind();
        let mut message = self.message();
        let details = match payload::encode(self, "the error") {
            Ok(payload) => Some(Payloads { payloads: vec![payload] }),
            Err(error) => {
                message = format!("{message} ({error})");
                None
            }
        };
        application(message, name, non_retryable, retry_after, details)
    }

    fn from_wire(failure: &ProtoFailure) -> Option<Self> {
        let Some(FailureInfo::ApplicationFailureInfo(info)) = &failure.failure_info else {
            return None;
        };
        if !E::NAMES.contains(&info.r#type.as_str()) {
            return None;
        }
        let details = info.details.as_ref().and_then(|details| details.payloads.first());
        payload::decode(details, "the error").ok().or_else(|| from_foreign(&info.r#type, details))
    }

    fn text(&self) -> String {
        self.message()
    }
}

/// Other languages raise an error by its type and put only the variant's fields into the details.
fn from_foreign<E: DeserializeOwned>(
    name: &str,
    details: Option<&persevere_proto::api::common::v1::Payload>,
) -> Option<E> {
    let value = match payload::decode::<serde_json::Value>(details, "the error").ok()? {
        serde_json::Value::Null => name.into(),
        fields => serde_json::Value::Object([(name.to_owned(), fields)].into_iter().collect()),
    };
    serde_json::from_value(value).ok()
}

/// An application failure.
pub(crate) fn application(
    message: String,
    name: &str,
    non_retryable: bool,
    retry_after: Option<Duration>,
    details: Option<Payloads>,
) -> ProtoFailure {
    let info = ApplicationFailureInfo {
        r#type: name.to_owned(),
        non_retryable,
        details,
        next_retry_delay: retry_after.and_then(|delay| delay.try_into().ok()),
        ..Default::default()
    };
    ProtoFailure {
        message,
        source: SOURCE.to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        ..Default::default()
    }
}

/// A cancellation as a failure.
pub(crate) fn cancelled() -> ProtoFailure {
    ProtoFailure {
        message: Cancelled.to_string(),
        source: SOURCE.to_owned(),
        failure_info: Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo::default())),
        ..Default::default()
    }
}

/// The call, or the workflow around it, was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// The text of an error and of what caused it.
pub(crate) fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Many errors show their source in their own text.
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
