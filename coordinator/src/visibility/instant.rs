//! Points in time and durations as people write them in filters.

use std::time::Duration;

/// An RFC 3339 instant as nanoseconds since 1970; `None` if it is not one, or out of range.
#[must_use]
pub(crate) fn parse_instant(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt()
}

/// A duration as nanoseconds: `1h2m3.5s` as Go writes it, or `HH:MM:SS`.
#[must_use]
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let nanos = if text.contains(':') { clock(text)? } else { units(text)? };
    i64::try_from(nanos).ok().map(|nanos| if negative { -nanos } else { nanos })
}

/// `HH:MM:SS`, hours unbounded.
fn clock(text: &str) -> Option<u128> {
    let mut parts = text.split(':').map(|part| part.parse::<u32>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    let seconds = u64::from(hours) * 3600 + u64::from(minutes) * 60 + u64::from(seconds);
    Some(Duration::from_secs(seconds).as_nanos())
}

/// Numbers with units, one after the other; `0` needs none.
fn units(text: &str) -> Option<u128> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut total = 0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let nanos = match unit {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * nanos;
        rest = after;
    }
    // Beyond 2^53 ns (104 days) a double is exact only to some nanoseconds: enough for a filter.
    (!text.is_empty() && total.is_finite()).then_some(total.round() as u128)
}
