//! [`Error`]: any error, on its way through `?` and over the wire.
//!
//! What is typed inside stays typed: wherever in the chain of causes an error that derives `Failure`
//! sits, its type, details and retryability are those of the whole. An error without one is
//! retryable, as in every SDK of this protocol.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use persevere_proto::api::failure::v1::Failure as ProtoFailure;
use persevere_proto::api::failure::v1::failure::FailureInfo;

use crate::failure::{self, RemoteFailure, WireError};

/// `Result` with [`Error`], unless another error is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The failure type of an error that has none of its own.
const UNTYPED: &str = "Error";

/// Any error. Like `anyhow::Error` it is made by `?` from whatever implements `std::error::Error`,
/// and from text; unlike it, it keeps what the wire knows: type, details, retryability.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    cause: Cause,
    /// What was being done, the outermost last.
    context: Vec<String>,
    non_retryable: bool,
    retry_after: Option<Duration>,
}

enum Cause {
    /// An error of this process.
    Local(Box<dyn StdError + Send + Sync>),
    /// A typed failure that is no `std::error::Error`.
    Typed { wire: ProtoFailure, text: String },
    /// An error of another process.
    Remote(RemoteFailure),
}

impl Error {
    fn of(cause: Cause) -> Self {
        let (context, non_retryable, retry_after) = (Vec::new(), false, None);
        Self { inner: Box::new(Inner { cause, context, non_retryable, retry_after }) }
    }

    /// An error from its message.
    pub fn new(message: impl fmt::Display) -> Self {
        Self::of(Cause::Local(message.to_string().into()))
    }

    /// An error that derives `Failure`, its type and retryability kept.
    pub fn typed<E: WireError>(error: E) -> Self {
        Self::of(Cause::Typed { wire: error.to_wire(), text: error.text() })
    }

    /// Says what was being done.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.inner.context.push(doing.to_string());
        self
    }

    /// Ends the retries of the activity or workflow that fails with this.
    #[must_use]
    pub fn non_retryable(mut self) -> Self {
        self.inner.non_retryable = true;
        self
    }

    /// Sets when the failed activity is tried next.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.inner.retry_after = Some(delay);
        self
    }

    /// The error that derives `Failure` inside this one, if it is an `E`.
    #[must_use]
    pub fn find<E: WireError>(&self) -> Option<E> {
        E::from_wire(failure::root(&self.to_wire()))
    }

    /// Whether this passes on a cancellation.
    #[must_use]
    pub fn is_cancellation(&self) -> bool {
        match &self.inner.cause {
            Cause::Remote(remote) => remote.is_cancellation(),
            Cause::Typed { wire, .. } => is_cancelled(wire),
            Cause::Local(error) => failure::find(&**error).is_some_and(|wire| is_cancelled(&wire)),
        }
    }

    /// The text of the cause, without the context.
    fn cause_text(&self) -> String {
        match &self.inner.cause {
            Cause::Local(error) => failure::with_causes(&**error),
            Cause::Typed { text, .. } => text.clone(),
            Cause::Remote(remote) => remote.to_string(),
        }
    }

    fn cause_to_wire(&self) -> ProtoFailure {
        match &self.inner.cause {
            Cause::Typed { wire, .. } => wire.clone(),
            Cause::Remote(remote) => remote.proto().clone(),
            Cause::Local(error) => match failure::find(&**error) {
                // The wrappers' words, the type and details of what they wrap.
                Some(found) if is_application(&found) => {
                    ProtoFailure { message: failure::with_causes(&**error), ..found }
                }
                Some(found) => found,
                None => {
                    let text = failure::with_causes(&**error);
                    failure::application(text, UNTYPED, false, None, None)
                }
            },
        }
    }
}

fn is_cancelled(failure: &ProtoFailure) -> bool {
    matches!(failure::root(failure).failure_info, Some(FailureInfo::CanceledFailureInfo(_)))
}

fn is_application(failure: &ProtoFailure) -> bool {
    matches!(failure.failure_info, Some(FailureInfo::ApplicationFailureInfo(_)))
}

impl WireError for Error {
    fn to_wire(&self) -> ProtoFailure {
        let Inner { context, non_retryable, retry_after, .. } = &*self.inner;
        let mut wire = self.cause_to_wire();
        if !is_application(&wire) && (*non_retryable || retry_after.is_some()) {
            // Only an application's failure has a flag: wrap what has none.
            let text = self.cause_text();
            let cause = Some(Box::new(wire));
            wire = ProtoFailure { cause, ..failure::application(text, UNTYPED, false, None, None) };
        }
        for doing in context {
            wire.message = format!("{doing}: {}", wire.message);
        }
        if let Some(FailureInfo::ApplicationFailureInfo(info)) = &mut wire.failure_info {
            info.non_retryable |= non_retryable;
            if let Some(delay) = retry_after {
                info.next_retry_delay = (*delay).try_into().ok();
            }
        }
        wire
    }

    fn from_wire(failure: &ProtoFailure) -> Option<Self> {
        Some(Self::of(Cause::Remote(RemoteFailure::new(failure.clone()))))
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn is_cancellation(&self) -> bool {
        self.is_cancellation()
    }
}

impl<E> From<E> for Error
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    fn from(error: E) -> Self {
        Self::of(Cause::Local(error.into()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for doing in self.inner.context.iter().rev() {
            write!(f, "{doing}: ")?;
        }
        f.write_str(&self.cause_text())
    }
}

/// As people should see it when `main` returns it: the message, not the structure.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Adds what was being done to the error of a `Result`.
pub trait Context<T> {
    /// Says what was being done.
    ///
    /// # Errors
    /// The error of `self`, with the context.
    fn context(self, doing: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().context(doing))
    }
}

/// Returns early with an [`Error`](crate::Error) made from a format string.
///
/// ```
/// # use persevere::prelude::*;
/// fn check(amount: u32) -> Result<()> {
///     if amount > 1000 {
///         bail!("{amount} is too much");
///     }
///     Ok(())
/// }
/// assert_eq!(check(2000).unwrap_err().to_string(), "2000 is too much");
/// ```
#[macro_export]
macro_rules! bail {
    ($($message:tt)+) => {
        return ::core::result::Result::Err(
            ::core::convert::From::from($crate::Error::new(::core::format_args!($($message)+)))
        )
    };
}

#[cfg(test)]
mod tests;
