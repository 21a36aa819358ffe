//! Override files, which say section, priority and more of packages in place of their makers.
//!
//! Source: deb-override(5) and deb-extra-override(5), as dpkg-scanpackages reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use debian_control::stanza::Stanza;

use crate::compressed_file;

/// What an override file says, and what came of it.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    lines: BTreeMap<String, Vec<OverrideLine>>,
    used: BTreeSet<String>,
    warnings: Vec<String>,
}

#[derive(Debug, Clone)]
enum OverrideLine {
    Set { field: String, value: String },
    Maintainer(Maintainer),
}

#[derive(Debug, Clone)]
enum Maintainer {
    /// In place of one of these.
    Instead { old: Vec<String>, new: String },
    /// Whoever the package names.
    Always(String),
}

impl Overrides {
    /// Reads a file of `PACKAGE PRIORITY SECTION [MAINTAINER | OLD => NEW]`, a line a package; what follows a `#` is a comment.
    ///
    /// The extension of its name says how it is compressed, as for dpkg-scanpackages.
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(Self::parse(&text(path)?))
    }

    /// Reads a file of `PACKAGE FIELD VALUE`, a line a field; one without a value takes the field away.
    pub fn read_extra(path: &Path) -> io::Result<Self> {
        Ok(Self::parse_extra(&text(path)?))
    }

    fn parse(text: &str) -> Self {
        let mut overrides = Self::default();
        for (name, rest) in lines(text) {
            let (priority, rest) = word(rest);
            let (section, maintainer) = word(rest);
            for (field, value) in [("Priority", priority), ("Section", section)] {
                if !value.is_empty() {
                    overrides.add(name, set(field, value));
                }
            }
            if !maintainer.is_empty() {
                let maintainer = match maintainer.split_once("=>") {
                    Some((_, new)) if new.trim().is_empty() => {
                        overrides
                            .warnings
                            .push(format!("nothing stands behind `=>` in the override of `{name}`"));
                        continue;
                    }
                    Some((old, new)) => Maintainer::Instead {
                        old: old.split("//").map(|old| old.trim().to_owned()).collect(),
                        new: new.trim().to_owned(),
                    },
                    None => Maintainer::Always(maintainer.to_owned()),
                };
                overrides.add(name, OverrideLine::Maintainer(maintainer));
            }
            overrides.lines.entry(name.to_owned()).or_default();
        }
        overrides
    }

    fn parse_extra(text: &str) -> Self {
        let mut overrides = Self::default();
        for (name, rest) in lines(text) {
            let (field, value) = word(rest);
            if !field.is_empty() {
                overrides.add(name, set(field, value));
            }
        }
        overrides
    }

    fn add(&mut self, name: &str, line: OverrideLine) {
        self.lines.entry(name.to_owned()).or_default().push(line);
    }

    /// Returns a stanza of an index as it is with what is said of its package.
    pub(super) fn apply(&mut self, name: &str, text: String) -> String {
        let Some(lines) = self.lines.get(name) else {
            return text;
        };
        self.used.insert(name.to_owned());
        let mut text = text;
        for line in lines {
            match line {
                OverrideLine::Set { field, value } => text = with_field(&text, field, value),
                OverrideLine::Maintainer(maintainer) => {
                    let found = Stanza::parse(&text)
                        .ok()
                        .and_then(|stanza| stanza.line("Maintainer").map(str::to_owned))
                        .unwrap_or_default();
                    match maintainer {
                        Maintainer::Instead { old, new } if old.contains(&found) => {
                            text = with_field(&text, "Maintainer", new);
                        }
                        Maintainer::Instead { old, .. } => self.warnings.push(format!(
                            "maintainer of `{name}` not overridden: the package has `{found}`, the override file expects `{}`",
                            old.join(" // ")
                        )),
                        Maintainer::Always(new) if *new == found => self
                            .warnings
                            .push(format!("the override file sets `{name}` to the maintainer that it already has: `{found}`")),
                        Maintainer::Always(new) => {
                            self.warnings.push(format!(
                                "maintainer of `{name}` overridden unconditionally: write `OLD => NEW` to check the old value"
                            ));
                            text = with_field(&text, "Maintainer", new);
                        }
                    }
                }
            }
        }
        text
    }

    /// Returns what should be said of the file, given the packages that there were.
    pub(super) fn warnings(self, names: &BTreeSet<String>) -> Vec<String> {
        let missing = names.iter().filter(|name| !self.used.contains(*name));
        let missing: Vec<String> = missing
            .map(|name| format!("`{name}` is not in the override file"))
            .collect();
        let absent = self.lines.keys().filter(|name| !self.used.contains(*name));
        let absent: Vec<String> = absent
            .map(|name| format!("`{name}` is in the override file and not in the folder"))
            .collect();
        [self.warnings, missing, absent].concat()
    }
}

/// More than any override file has, in bytes.
const MOST_BYTES: u64 = 1 << 28;

fn text(path: &Path) -> io::Result<String> {
    let bytes = compressed_file::read(path, MOST_BYTES)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn set(field: &str, value: &str) -> OverrideLine {
    OverrideLine::Set {
        field: field.to_owned(),
        value: value.to_owned(),
    }
}

/// Returns the first word and the rest of each line that says something.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim_end())
        .map(word)
        .filter(|(name, _)| !name.is_empty())
}

fn word(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (text, ""),
    }
}

/// Returns a stanza with another value of a field, in its place or at the end; without the field where the value is empty.
pub(super) fn with_field(text: &str, field: &str, value: &str) -> String {
    let Ok(stanza) = Stanza::parse(text) else {
        return text.to_owned();
    };
    let mut changed = String::with_capacity(text.len() + value.len());
    for found in stanza.fields() {
        if !found.is(field) {
            changed.push_str(&format!("{}:{}\n", found.name(), found.raw()));
        } else if !value.is_empty() {
            changed.push_str(&format!("{}: {value}\n", found.name()));
        }
    }
    if stanza.get(field).is_none() && !value.is_empty() {
        changed.push_str(&format!("{field}: {value}\n"));
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANZA: &str = "Package: a\nMaintainer: N <n@e>\nSection: x\n";

    #[test]
    fn an_old_maintainer_gives_way_where_the_package_has_it() {
        let mut overrides =
            Overrides::parse("a optional net O <o@e> // N <n@e> => M <m@e> # why\n\n# comment\nb\n");
        let text = overrides.apply("a", STANZA.to_owned());
        assert_eq!(
            text,
            "Package: a\nMaintainer: M <m@e>\nSection: net\nPriority: optional\n"
        );
        let warnings = overrides.warnings(&BTreeSet::from(["a".to_owned(), "c".to_owned()]));
        assert_eq!(
            warnings,
            [
                "`c` is not in the override file",
                "`b` is in the override file and not in the folder"
            ]
        );
    }

    #[test]
    fn another_maintainer_stays_and_is_told_of() {
        let mut overrides = Overrides::parse("a optional net O <o@e> => M <m@e>\n");
        assert!(
            overrides
                .apply("a", STANZA.to_owned())
                .contains("Maintainer: N <n@e>\n")
        );
        let warnings = overrides.warnings(&BTreeSet::from(["a".to_owned()]));
        assert!(warnings[0].contains("the package has `N <n@e>`"), "{warnings:?}");
    }

    #[test]
    fn an_extra_override_sets_any_field() {
        let mut overrides = Overrides::parse_extra("a Tag x::y, z\n");
        assert!(
            overrides
                .apply("a", STANZA.to_owned())
                .ends_with("Tag: x::y, z\n")
        );
    }

    #[test]
    fn an_extra_override_without_a_value_takes_the_field_away() {
        let mut overrides = Overrides::parse_extra("a Section\na Tag\n");
        assert_eq!(
            overrides.apply("a", STANZA.to_owned()),
            "Package: a\nMaintainer: N <n@e>\n"
        );
    }

    #[test]
    fn nothing_behind_an_arrow_is_told_of_and_no_maintainer() {
        let mut overrides = Overrides::parse("a optional net N <n@e> =>\n");
        assert_eq!(
            overrides.apply("a", STANZA.to_owned()),
            "Package: a\nMaintainer: N <n@e>\nSection: net\nPriority: optional\n"
        );
        let warnings = overrides.warnings(&BTreeSet::from(["a".to_owned()]));
        assert_eq!(warnings, ["nothing stands behind `=>` in the override of `a`"]);
    }

    #[test]
    fn an_override_file_is_read_however_its_name_says_it_is_compressed() {
        use debian_deb::build::compress;
        use debian_deb::compression::Compression;

        let folder = tempfile::tempdir().unwrap();
        for compression in [Compression::None, Compression::Gzip, Compression::Xz] {
            let path = folder.path().join(format!("override{}", compression.extension()));
            std::fs::write(&path, compress(compression, b"a optional net\n")).unwrap();
            let text = Overrides::read(&path).unwrap().apply("a", STANZA.to_owned());
            assert!(text.contains("Section: net\n"), "{compression}: {text}");
        }
    }
}
