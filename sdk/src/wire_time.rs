//! Times and durations between the standard library and the wire.
//!
//! The wire is signed and wider than the library at both ends: what does not fit is clamped, since
//! a limit of three hundred billion years and an unlimited one mean the same.

use std::time::{Duration, SystemTime};

use persevere_proto::wkt;

pub(crate) fn duration_to_wire(duration: Duration) -> wkt::Duration {
    wkt::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: duration.subsec_nanos() as i32,
    }
}

/// Negative durations become zero.
pub(crate) fn duration_from_wire(duration: &wkt::Duration) -> Duration {
    match (u64::try_from(duration.seconds), u32::try_from(duration.nanos)) {
        (Ok(seconds), Ok(nanos)) => Duration::new(seconds, nanos.min(999_999_999)),
        _ => Duration::ZERO,
    }
}

/// An absent or zero duration on the wire means "no limit".
pub(crate) fn limit_from_wire(duration: Option<&wkt::Duration>) -> Option<Duration> {
    duration.map(duration_from_wire).filter(|limit| !limit.is_zero())
}

/// Times before 1970 become 1970.
pub(crate) fn time_from_wire(time: &wkt::Timestamp) -> SystemTime {
    let seconds = u64::try_from(time.seconds).unwrap_or(0);
    let nanos = u32::try_from(time.nanos).unwrap_or(0).min(999_999_999);
    SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos)
}
