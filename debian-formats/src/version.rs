//! Versions and their order. Source: deb-version(7), Debian Policy 5.6.12.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::name::shown;

/// A text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid version `{text}`: {wrong}")]
pub struct VersionError {
    text: String,
    wrong: &'static str,
}

/// A version, `[EPOCH:]UPSTREAM[-REVISION]`, with its exact text.
///
/// Equal, ordered and hashed as dpkg compares: `1.0` equals `1.00` and `0:1.0`. Compare [`as_str`](Self::as_str) for
/// the text.
#[derive(Debug, Clone)]
pub struct Version {
    text: Box<str>,
    epoch: u32,
    /// Where the upstream version begins and ends in the text.
    upstream: (usize, usize),
}

/// dpkg keeps epochs in an `int`.
const MAX_EPOCH: u32 = i32::MAX as u32;
/// A file name has to hold it.
const MAX_LENGTH: usize = 200;

impl Version {
    /// Returns the version as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the epoch, 0 where none was written.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Returns the upstream version.
    pub fn upstream(&self) -> &str {
        self.text
            .get(self.upstream.0..self.upstream.1)
            .unwrap_or_default()
    }

    /// Returns the Debian revision, where there is one.
    pub fn revision(&self) -> Option<&str> {
        self.text.get(self.upstream.1 + 1..)
    }

    /// Returns the version as file names have it: without the epoch.
    pub fn without_epoch(&self) -> &str {
        self.text.get(self.upstream.0..).unwrap_or_default()
    }

    /// Returns bytes that order as versions do, and are equal for versions that dpkg calls equal.
    ///
    /// Made for databases, which compare bytes.
    pub fn sort_key(&self) -> Vec<u8> {
        let mut key = self.epoch.to_be_bytes().to_vec();
        push_part(&mut key, self.upstream());
        push_part(&mut key, self.revision().unwrap_or_default());
        key
    }
}

/// Ends a run of letters; letters and other characters come after it, a tilde before it.
const END: u8 = 2;
const TILDE: u8 = 1;

/// Appends the key of an upstream version or revision: runs of non-digits and digits in turn.
///
/// A run of digits becomes its length and the digits, without leading zeros. The whole ends as an empty run of letters
/// does, and what is missing at the end of one version compares like empty runs and zeros in the other, so trailing
/// pairs of those are left out.
fn push_part(key: &mut Vec<u8>, part: &str) {
    let start = key.len();
    let mut rest = part.as_bytes();
    let mut needed = start;
    while !rest.is_empty() {
        let letters = rest.iter().position(u8::is_ascii_digit).unwrap_or(rest.len());
        let (run, after) = rest.split_at(letters);
        key.extend(run.iter().map(|byte| rank(*byte)));
        key.push(END);
        let digits = after
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(after.len());
        let (run_of_digits, after) = after.split_at(digits);
        let zeros = run_of_digits.iter().take_while(|byte| **byte == b'0').count();
        let number = run_of_digits.get(zeros..).unwrap_or_default();
        // A part is at most `MAX_LENGTH` bytes long.
        key.push(u8::try_from(number.len()).unwrap_or(u8::MAX));
        key.extend_from_slice(number);
        if !run.is_empty() || !number.is_empty() {
            needed = key.len();
        }
        rest = after;
    }
    key.truncate(needed);
    // No run of letters inside a part begins with END, so nothing that follows is taken for more of it.
    key.extend([END, 0, END]);
}

/// Orders characters: tilde, end, letters, everything else.
fn rank(byte: u8) -> u8 {
    match byte {
        b'~' => TILDE,
        b'A'..=b'Z' => byte - b'A' + END + 1,
        b'a'..=b'z' => byte - b'a' + END + 1 + 26,
        // Policy allows `+`, `-`, `.` and, with an epoch, `:`, all far below this limit.
        other => other.saturating_add(64),
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |wrong| VersionError {
            text: shown(text),
            wrong,
        };
        if text.is_empty() {
            return Err(error("it is empty"));
        }
        if text.len() > MAX_LENGTH {
            return Err(error("expected at most 200 characters"));
        }
        let (epoch, start) = match text.split_once(':') {
            None => (0, 0),
            Some((epoch, _)) => (parse_epoch(epoch).map_err(error)?, epoch.len() + 1),
        };
        let rest = text.get(start..).unwrap_or_default();
        if rest.is_empty() {
            return Err(error("nothing after the epoch"));
        }
        let end = match rest.rfind('-') {
            Some(at) => start + at,
            None => text.len(),
        };
        let upstream = text.get(start..end).unwrap_or_default();
        if !upstream.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(error("expected a digit first in the upstream version"));
        }
        if !upstream
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.~:".contains(&byte))
        {
            return Err(error(
                "expected only letters, digits, `.`, `+`, `-`, `~` and `:` in the upstream version",
            ));
        }
        let revision = text.get(end + 1..);
        if revision == Some("") {
            return Err(error("nothing after the last `-`"));
        }
        if !revision
            .unwrap_or_default()
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+.~".contains(&byte))
        {
            return Err(error(
                "expected only letters, digits, `.`, `+` and `~` in the revision",
            ));
        }
        Ok(Self {
            text: text.into(),
            epoch,
            upstream: (start, end),
        })
    }
}

fn parse_epoch(text: &str) -> Result<u32, &'static str> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("expected a number before the `:`");
    }
    text.parse()
        .ok()
        .filter(|epoch| *epoch <= MAX_EPOCH)
        .ok_or("expected an epoch of at most 2147483647")
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let revision = |version: &Self| version.revision().unwrap_or_default().to_owned();
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare(self.upstream().as_bytes(), other.upstream().as_bytes()))
            .then_with(|| compare(revision(self).as_bytes(), revision(other).as_bytes()))
    }
}

/// Compares upstream versions or revisions as dpkg's `verrevcmp` does.
fn compare(mut left: &[u8], mut right: &[u8]) -> Ordering {
    let order = |byte: Option<&u8>| match byte {
        Some(byte) if !byte.is_ascii_digit() => rank(*byte),
        _ => END,
    };
    while !left.is_empty() || !right.is_empty() {
        while order(left.first()) != END || order(right.first()) != END {
            match order(left.first()).cmp(&order(right.first())) {
                Ordering::Equal => (left, right) = (tail(left, 1), tail(right, 1)),
                decided => return decided,
            }
        }
        let (left_number, right_number) = (number(left), number(right));
        match left_number
            .len()
            .cmp(&right_number.len())
            .then_with(|| left_number.cmp(right_number))
        {
            Ordering::Equal => {}
            decided => return decided,
        }
        (left, right) = (after_digits(left), after_digits(right));
    }
    Ordering::Equal
}

fn tail(bytes: &[u8], count: usize) -> &[u8] {
    bytes.get(count..).unwrap_or_default()
}

/// Returns the digits in front, without leading zeros.
fn number(bytes: &[u8]) -> &[u8] {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let zeros = bytes
        .iter()
        .take(digits)
        .take_while(|byte| **byte == b'0')
        .count();
    bytes.get(zeros..digits).unwrap_or_default()
}

fn after_digits(bytes: &[u8]) -> &[u8] {
    tail(
        bytes,
        bytes.iter().take_while(|byte| byte.is_ascii_digit()).count(),
    )
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sort_key().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;
    use proptest::strategy::ValueTree as _;

    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_parts_are_those_of_the_text() {
        let whole = version("2:1.0-rc1-3+b1");
        assert_eq!(
            (whole.epoch(), whole.upstream(), whole.revision()),
            (2, "1.0-rc1", Some("3+b1"))
        );
        assert_eq!(whole.without_epoch(), "1.0-rc1-3+b1");
        let bare = version("1.0");
        assert_eq!((bare.epoch(), bare.upstream(), bare.revision()), (0, "1.0", None));
    }

    #[test]
    fn what_deb_version_does_not_allow_is_refused() {
        for text in [
            "",
            ":",
            "1:",
            ":1",
            "a",
            "1:a",
            "-1",
            "1-",
            "x:1",
            "-1:1",
            "2147483648:1",
            "99999999999:1",
            "1_0",
            "1 0",
            "1/0",
            "1.0-1_2",
            "1.0-a:b",
            "1\n",
            "é1",
            "1é",
            "+1",
            "~1",
        ] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
        assert!("2147483647:1".parse::<Version>().is_ok());
    }

    #[test]
    fn equal_versions_in_other_letters_are_equal_and_hash_alike() {
        for (left, right) in [
            ("1.0", "1.00"),
            ("0:1.0", "1.0"),
            ("1.0", "1.0-0"),
            ("1.", "1.0"),
            ("1a", "1a0"),
            ("1-0", "1-00"),
        ] {
            assert_eq!(version(left), version(right));
            assert_eq!(
                version(left).sort_key(),
                version(right).sort_key(),
                "{left} {right}"
            );
        }
    }

    /// Versions made of what decides comparisons, rather than of random letters.
    fn any_version() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "0",
            "1",
            "9",
            "10",
            "00",
            "01",
            "~",
            "~~",
            "a",
            "z",
            "A",
            ".",
            "+",
            "-",
            "+b1",
            "~rc1",
            "18446744073709551617",
        ]);
        (prop::option::of(0..3_u32), prop::collection::vec(piece, 0..6)).prop_map(|(epoch, pieces)| {
            let epoch = epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
            format!("{epoch}1{}", pieces.concat())
                .trim_end_matches('-')
                .to_owned()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn keys_order_as_versions_do(left in any_version(), right in any_version()) {
            let (left, right) = (version(&left), version(&right));
            prop_assert_eq!(left.cmp(&right), left.sort_key().cmp(&right.sort_key()));
        }

        #[test]
        fn the_order_is_total(mut versions in prop::collection::vec(any_version(), 3)) {
            versions.sort_by_key(|text| version(text));
            for pair in versions.windows(2) {
                prop_assert!(version(&pair[0]) <= version(&pair[1]));
            }
            prop_assert!(version(&versions[0]) <= version(&versions[2]));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC*") {
            if let Ok(parsed) = text.parse::<Version>() {
                prop_assert_eq!(parsed.as_str(), text);
            }
        }
    }

    /// One shell asks dpkg about every pair, so that thousands cost seconds.
    fn dpkg_orders(pairs: &[(String, String)]) -> Vec<Ordering> {
        let mut shell = Command::new("sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = shell.stdin.take().unwrap();
        let script: String = pairs
            .iter()
            .map(|(left, right)| {
                format!(
                    "if dpkg --compare-versions '{left}' lt '{right}'; then echo l; \
                     elif dpkg --compare-versions '{left}' eq '{right}'; then echo e; else echo g; fi\n"
                )
            })
            .collect();
        let writer = std::thread::spawn(move || stdin.write_all(script.as_bytes()));
        let output = shell.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| match line {
                "l" => Ordering::Less,
                "e" => Ordering::Equal,
                _ => Ordering::Greater,
            })
            .collect()
    }

    #[test]
    fn versions_order_as_dpkg_orders_them() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let strategy = (any_version(), any_version());
        let pairs: Vec<(String, String)> = (0..1_500)
            .map(|_| strategy.new_tree(&mut runner).unwrap().current())
            .collect();
        let orders = dpkg_orders(&pairs);
        assert_eq!(orders.len(), pairs.len());
        for ((left, right), expected) in pairs.iter().zip(orders) {
            assert_eq!(version(left).cmp(&version(right)), expected, "{left} {right}");
        }
    }
}
