//! What a person writes to mean a package.

use std::fmt;
use std::path::{Path, PathBuf};

/// `NAME`, `NAME=VERSION`, `NAME/SUITE`, `NAME:ARCHITECTURE`, or a path of a `.deb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spec {
    /// A package of the sources.
    Named(Named),
    /// A file.
    File(PathBuf),
}

/// A package of the sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Of this architecture only.
    pub architecture: Option<String>,
    /// Of this version only.
    pub version: Option<String>,
    /// From this suite only.
    pub suite: Option<String>,
}

impl Spec {
    /// Reads what was written: with a slash before its end and `.deb` there, it is a file.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_deb = Path::new(text).extension().is_some_and(|end| end == "deb");
        if is_deb && text.contains('/') {
            return Ok(Self::File(PathBuf::from(text)));
        }
        if text.starts_with(['.', '/']) {
            let shown = debian_control::terminal::escaped(text);
            return Err(format!(
                "`{shown}` is a path: expected one of a file that ends in `.deb`"
            ));
        }
        let named = Named::parse(text)?;
        Ok(Self::Named(named))
    }
}

impl Named {
    /// Reads what was written. The architecture `any`, which dependencies name, chooses none: the package is meant, as for apt-get.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (rest, version) = cut(text, '=');
        let (rest, suite) = cut(rest, '/');
        let (name, architecture) = cut(rest, ':');
        let named = Self {
            name: name.to_owned(),
            architecture: architecture.filter(|architecture| architecture != "any"),
            version,
            suite,
        };
        let parts = [&named.architecture, &named.version, &named.suite];
        if parts.into_iter().flatten().any(String::is_empty) {
            return Err(format!(
                "`{text}`: expected a name, and after it nothing, `=VERSION`, `/SUITE` or `:ARCHITECTURE`"
            ));
        }
        if !debian_control::name::is_known_to_dpkg(name) {
            let shown = debian_control::terminal::escaped(name);
            return Err(format!(
                "`{shown}` is not the name of a package: expected letters, digits, `+`, `-`, `.` and `_`"
            ));
        }
        if named.version.is_some() && named.suite.is_some() {
            return Err(format!(
                "`{text}` names a version and a suite: expected one of them"
            ));
        }
        Ok(named)
    }
}

impl fmt::Display for Named {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        let parts = [
            (':', &self.architecture),
            ('=', &self.version),
            ('/', &self.suite),
        ];
        for (mark, part) in parts {
            if let Some(part) = part {
                write!(formatter, "{mark}{part}")?;
            }
        }
        Ok(())
    }
}

fn cut(text: &str, mark: char) -> (&str, Option<String>) {
    text.split_once(mark)
        .map_or((text, None), |(before, after)| (before, Some(after.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Named {
        Named {
            name: name.to_owned(),
            ..Named::default()
        }
    }

    #[test]
    fn each_way_to_mean_a_package_is_read() {
        let version = Some("1:2.0-1".to_owned());
        assert_eq!(Named::parse("vi").unwrap(), named("vi"));
        assert_eq!(
            Named::parse("vi=1:2.0-1").unwrap(),
            Named {
                version,
                ..named("vi")
            }
        );
        let suite = Some("sid".to_owned());
        assert_eq!(Named::parse("vi/sid").unwrap(), Named { suite, ..named("vi") });
        let (architecture, version) = (Some("i386".to_owned()), Some("1".to_owned()));
        assert_eq!(
            Named::parse("vi:i386=1").unwrap(),
            Named {
                architecture,
                version,
                ..named("vi")
            }
        );
        assert_eq!(Named::parse("vi:any").unwrap(), named("vi"));
        assert_eq!(Spec::parse("./a.deb"), Ok(Spec::File("./a.deb".into())));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        assert!(Spec::parse("./folder").unwrap_err().contains("is a path"));
        for text in ["", "vi=", "vi/", "vi:", "A b", "../x", "vi/s=1"] {
            assert!(Spec::parse(text).is_err(), "{text:?}");
        }
    }
}
