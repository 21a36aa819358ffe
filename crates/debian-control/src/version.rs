//! Versions and their order. Source: deb-version(7), Debian Policy 5.6.12.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::name::shown;

mod key;
mod order;

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
///
/// ```
/// use debian_control::version::Version;
///
/// let (candidate, release): (Version, Version) = ("1.0~rc1-1".parse()?, "1.0-1".parse()?);
/// assert!(candidate < release);
/// # Ok::<(), debian_control::version::VersionError>(())
/// ```
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
    /// Reads a version as dpkg's own status may have it: what dpkg only warns about there, since a package was installed with it long
    /// ago, is read too. These are an upstream version that begins with no digit, and characters that no version has.
    ///
    /// ```
    /// use debian_control::version::Version;
    ///
    /// assert!("a1.0".parse::<Version>().is_err());
    /// assert!(Version::of_status("a1.0")? > "1.0".parse()?);
    /// # Ok::<(), debian_control::version::VersionError>(())
    /// ```
    ///
    /// # Errors
    /// When dpkg would refuse its status for it.
    pub fn of_status(text: &str) -> Result<Self, VersionError> {
        read(text, Rules::Status)
    }

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
            .expect("the upstream part lies in the text")
    }

    /// Returns the Debian revision, where there is one.
    pub fn revision(&self) -> Option<&str> {
        self.text.get(self.upstream.1 + 1..)
    }

    /// Returns the version as file names have it: without the epoch.
    pub fn without_epoch(&self) -> &str {
        self.text
            .get(self.upstream.0..)
            .expect("the upstream part lies in the text")
    }

    /// Returns bytes that order as versions do, and are equal for versions that dpkg calls equal.
    ///
    /// Made for databases, which compare bytes. Databases keep them, so their form does not change.
    pub fn sort_key(&self) -> Vec<u8> {
        let mut bytes = self.epoch.to_be_bytes().to_vec();
        key::push_part(&mut bytes, self.upstream());
        key::push_part(&mut bytes, self.revision().unwrap_or_default());
        bytes
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text, Rules::Strict)
    }
}

/// Which versions are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// Those of deb-version(7).
    Strict,
    /// Those that dpkg takes in its status.
    Status,
}

fn read(text: &str, rules: Rules) -> Result<Version, VersionError> {
    parse(text, rules).map_err(|wrong| VersionError {
        text: shown(text),
        wrong,
    })
}

fn parse(text: &str, rules: Rules) -> Result<Version, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > MAX_LENGTH {
        return Err("expected at most 200 characters");
    }
    let (epoch, start) = match text.split_once(':') {
        None => (0, 0),
        Some((epoch, _)) => (parse_epoch(epoch)?, epoch.len() + 1),
    };
    let rest = text.get(start..).expect("a colon is one byte long");
    if rest.is_empty() {
        return Err("nothing after the epoch");
    }
    let (upstream, revision) = match rest.rsplit_once('-') {
        Some((upstream, revision)) => (upstream, Some(revision)),
        None => (rest, None),
    };
    match rules {
        Rules::Strict => {
            check_upstream(upstream)?;
            revision.map_or(Ok(()), check_revision)?;
        }
        Rules::Status => check_kept(upstream, revision)?,
    }
    Ok(Version {
        text: text.into(),
        epoch,
        upstream: (start, start + upstream.len()),
    })
}

fn check_upstream(upstream: &str) -> Result<(), &'static str> {
    if !upstream.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
        return Err("expected a digit first in the upstream version");
    }
    // A colon can only be there behind an epoch.
    if !upstream
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.~:".contains(&byte))
    {
        return Err("expected only letters, digits, `.`, `+`, `-`, `~` and `:` in the upstream version");
    }
    Ok(())
}

/// Checks what dpkg refuses in its status, too.
fn check_kept(upstream: &str, revision: Option<&str>) -> Result<(), &'static str> {
    if upstream.is_empty() || revision.is_some_and(str::is_empty) {
        return Err("expected something before and after the last `-`");
    }
    let is_wrong = |letter: char| letter.is_whitespace() || letter.is_control();
    if upstream.contains(is_wrong) || revision.is_some_and(|revision| revision.contains(is_wrong)) {
        return Err("expected no blanks and no control characters");
    }
    Ok(())
}

fn check_revision(revision: &str) -> Result<(), &'static str> {
    if revision.is_empty() {
        return Err("nothing after the last `-`");
    }
    if !revision
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+.~".contains(&byte))
    {
        return Err("expected only letters, digits, `.`, `+` and `~` in the revision");
    }
    Ok(())
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
        let [left, right] = [self, other].map(|version| {
            // No revision is the same as revision `0`, and so is an empty text.
            let revision = version.revision().unwrap_or_default();
            (version.epoch, version.upstream().as_bytes(), revision.as_bytes())
        });
        left.0
            .cmp(&right.0)
            .then_with(|| order::compare(left.1, right.1))
            .then_with(|| order::compare(left.2, right.2))
    }
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
mod tests;
