//! Spans of time as they are written in `repogen.toml`.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// A span of time, written `90s`, `30m`, `1h`, `14d` or `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    seconds: u32,
}

/// A text that is no span of time.
#[derive(Debug, thiserror::Error)]
#[error("invalid time `{0}`: expected a whole number and a unit (s, m, h, d or w), such as \"14d\"")]
pub struct SpanError(String);

impl Span {
    /// Returns its length in seconds.
    pub fn seconds(self) -> i64 {
        i64::from(self.seconds)
    }

    pub(super) fn hour() -> Self {
        Self { seconds: 3_600 }
    }

    pub(super) fn day() -> Self {
        Self { seconds: 86_400 }
    }

    pub(super) fn week() -> Self {
        Self { seconds: 7 * 86_400 }
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || SpanError(text.to_owned());
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
        let unit = match text.get(digits.len()..) {
            Some("s") => 1,
            Some("m") => 60,
            Some("h") => 3_600,
            Some("d") => 86_400,
            Some("w") => 7 * 86_400,
            _ => return Err(error()),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error());
        }
        let count: u32 = digits.parse().map_err(|_| error())?;
        count
            .checked_mul(unit)
            .map(|seconds| Self { seconds })
            .ok_or_else(error)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}s", self.seconds)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        assert_eq!("14d".parse::<Span>().unwrap().seconds(), 14 * 86_400);
        assert_eq!("90s".parse::<Span>().unwrap().seconds(), 90);
        for text in ["", "d", "1", "-1d", "1y", "1 d", "99999999999d", "1.5h"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
