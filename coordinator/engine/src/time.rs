//! Points in time, as data.
//!
//! The engine has no clock: every command comes with the time at which the shell received it.

use std::time::Duration;

use persevere_proto::wkt;

/// Nanoseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

const NANOS_PER_SECOND: i64 = 1_000_000_000;

impl Time {
    /// The time `after` this one; saturates at the end of representable time (the year 2262).
    #[must_use]
    pub fn plus(self, after: Duration) -> Time {
        Time(self.0.saturating_add(i64::try_from(after.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// The time `before` this one; saturates at the beginning of representable time.
    #[must_use]
    pub fn minus(self, before: Duration) -> Time {
        Time(self.0.saturating_sub(i64::try_from(before.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was; zero if it was not.
    #[must_use]
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl From<Time> for wkt::Timestamp {
    fn from(time: Time) -> Self {
        wkt::Timestamp {
            seconds: time.0.div_euclid(NANOS_PER_SECOND),
            nanos: i32::try_from(time.0.rem_euclid(NANOS_PER_SECOND))
                .expect("a remainder below 10^9 fits"),
        }
    }
}

impl From<&wkt::Timestamp> for Time {
    fn from(stamp: &wkt::Timestamp) -> Self {
        Time(stamp.seconds.saturating_mul(NANOS_PER_SECOND).saturating_add(i64::from(stamp.nanos)))
    }
}

/// A protocol duration as a span; absent, zero and negative all mean "none".
///
/// Negative durations are refused before they get here (semantics rule 11).
#[must_use]
pub fn span(duration: Option<&wkt::Duration>) -> Option<Duration> {
    let duration = duration?;
    let seconds = u64::try_from(duration.seconds).ok()?;
    let nanos = u32::try_from(duration.nanos).ok()?;
    Some(Duration::new(seconds, nanos)).filter(|span| !span.is_zero())
}

/// A span as a protocol duration.
#[must_use]
pub fn duration(span: Duration) -> wkt::Duration {
    wkt::Duration {
        seconds: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(span.subsec_nanos()).expect("below 10^9"),
    }
}
