//! Versions and relations.

use std::cmp::Ordering;

use debian_control::relation::{RelationKind, Relations};
use debian_control::version::Version;

use super::index::WORDS;
use crate::target::{FuzzTarget, ParserVerdict, must};

/// Two versions on two lines, and their order.
pub(super) struct VersionTarget;

/// The value of a relation field.
pub(super) struct RelationTarget;

const VERSIONS: &[&str] = &[
    "1.0",
    "1:2.10-3+b1",
    "0",
    "1.0~rc1-1",
    "1.00-0",
    "20240101",
    "2.0a+dfsg-1~bpo12+1",
    "9:9-9",
];

const RELATIONS: &[&str] = &[
    "libc6 (>= 2.34), default-mta | mail-transport-agent",
    "python3:any (<< 3.13), python3:any (>= 3.11~)",
    "a (= 1:2-3),b|c (> 1), d:amd64",
    "gcc-12-base (= 12.2.0-14)\n  , g++",
    "",
];

impl FuzzTarget for VersionTarget {
    fn name(&self) -> &'static str {
        "version"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let pairs = VERSIONS.iter().zip(VERSIONS.iter().cycle().skip(1));
        pairs
            .map(|(left, right)| format!("{left}\n{right}").into_bytes())
            .collect()
    }

    fn words(&self) -> &'static [&'static [u8]] {
        &[b"~", b"-", b"+", b":", b".", b"0", b"00", b"2147483648"]
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Some((left, right)) = std::str::from_utf8(input)
            .ok()
            .and_then(|text| text.split_once('\n'))
        else {
            return Ok(ParserVerdict::Refused);
        };
        let (Ok(first), Ok(second)) = (left.parse::<Version>(), right.parse::<Version>()) else {
            return Ok(ParserVerdict::Refused);
        };
        must(first.to_string() == left && second.to_string() == right, || {
            "the text changes".to_owned()
        })?;
        let order = first.cmp(&second);
        must(second.cmp(&first) == order.reverse(), || {
            "the order depends on the side".to_owned()
        })?;
        must((first == second) == (order == Ordering::Equal), || {
            "equal, and yet in an order".to_owned()
        })?;
        must(first.sort_key().cmp(&second.sort_key()) == order, || {
            format!("its sort key is not {order:?}")
        })?;
        must(first == first.clone(), || "not equal to itself".to_owned())?;
        Ok(ParserVerdict::Accepted)
    }
}

impl FuzzTarget for RelationTarget {
    fn name(&self) -> &'static str {
        "relation"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        RELATIONS.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    fn words(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Ok(text) = std::str::from_utf8(input) else {
            return Ok(ParserVerdict::Refused);
        };
        let mut verdict = ParserVerdict::Refused;
        for kind in [
            RelationKind::Depends,
            RelationKind::Provides,
            RelationKind::Conflicts,
        ] {
            let Ok(relations) = Relations::parse(kind, text) else {
                continue;
            };
            let written = relations.to_string();
            let again = Relations::parse(kind, &written)
                .map_err(|error| format!("what it writes is refused: {error}: {written}"))?;
            must(again == relations, || {
                format!("it changes when written and read again: {written}")
            })?;
            verdict = ParserVerdict::Accepted;
        }
        Ok(verdict)
    }
}
