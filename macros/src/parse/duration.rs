//! Durations as they are written in attributes: `"20s"`, `"1m 30s"`, `"500ms"`, `"3d"`.

use std::time::Duration;

/// The units, with their names as listed to the user.
const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// What every message about a duration says.
pub(crate) const EXPECTED: &str =
    "expected a duration such as \"20s\": a number and one of ms, s, m, h, d, or several of them";

/// Parses `text`; `None` when it is no duration.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = 0u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (_, millis) = UNITS.iter().find(|(unit, _)| *unit == &rest[..letters])?;
        total = total.checked_add(number.checked_mul(*millis)?)?;
        rest = rest[letters..].trim_start();
    }
    Some(Duration::from_millis(total))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn one_unit_and_several() {
        let millis = |text| parse(text).map(|duration| duration.as_millis());
        assert_eq!(millis("20s"), Some(20_000));
        assert_eq!(millis("500ms"), Some(500));
        assert_eq!(millis("1m 30s"), Some(90_000));
        assert_eq!(millis("2h30m"), Some(9_000_000));
        assert_eq!(millis("3d"), Some(259_200_000));
    }

    #[test]
    fn what_is_no_duration() {
        for text in ["", "20", "s", "20 seconds", "-5s", "1.5s", "20s!", "99999999999999999999s"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
