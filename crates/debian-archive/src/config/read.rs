//! Reads values of `repogen.toml`; an error is in words of the file, not of the parser.

use std::path::Path;

use serde::Deserialize as _;

use super::ConfigError;

/// Parses a text of TOML; `path` is named in errors, with the line.
pub fn parse_toml<T: serde::de::DeserializeOwned>(text: &str, path: &Path) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        message: error.message().lines().collect::<Vec<_>>().join("; "),
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

pub(super) fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    let count = value.as_integer().and_then(|count| u32::try_from(count).ok());
    count.ok_or_else(|| {
        serde::de::Error::custom(format!(
            "invalid value `{value}`: expected a whole number from 0 to {}",
            u32::MAX
        ))
    })
}

pub(super) fn some_count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    count(deserializer).map(Some)
}

pub(super) fn parsed<'de, D: serde::Deserializer<'de>, T: std::str::FromStr<Err: std::fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}

pub(super) fn parsed_option<
    'de,
    D: serde::Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    parsed(deserializer).map(Some)
}

pub(super) fn parsed_list<'de, D: serde::Deserializer<'de>, T: std::str::FromStr<Err: std::fmt::Display>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Vec::<String>::deserialize(deserializer)?
        .iter()
        .map(|text| text.parse().map_err(serde::de::Error::custom))
        .collect()
}
