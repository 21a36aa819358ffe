//! The kind of a file, by its name.

use std::path::Path;

/// What a file is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A package: `.deb`, or `.ddeb` with what debuggers need, which is one too.
    Package,
    /// A file that looks like a package, and why it is not accepted.
    NotTaken(&'static str),
    /// Anything else.
    Other,
}

impl FileKind {
    /// Returns the kind of a file.
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|end| end.to_str()) {
            Some("deb" | "ddeb") => Self::Package,
            Some("udeb") => Self::NotTaken(
                "packages for the installer (.udeb) need a separate index, which is not supported yet",
            ),
            Some("rpm" | "apk" | "ipk") => Self::NotTaken("it is a package for another system"),
            Some("dsc") => Self::NotTaken("it belongs to a source package; source indexes are not supported"),
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_ending_counts() {
        for name in ["a_1_all.deb", "a-dbgsym_1_amd64.ddeb", "a_1.udeb.deb"] {
            assert_eq!(FileKind::of(Path::new(name)), FileKind::Package, "{name}");
        }
        for (name, said) in [
            ("a_1_all.udeb", ".udeb"),
            ("a_1.deb.udeb", ".udeb"),
            ("a-1.noarch.rpm", "another system"),
            ("a_1.dsc", "source package"),
        ] {
            let kind = FileKind::of(Path::new(name));
            assert!(
                matches!(kind, FileKind::NotTaken(why) if why.contains(said)),
                "{name}: {kind:?}"
            );
        }
        for name in ["deb", ".deb", "a.DEB", "a_1_all.deb.part", "a.changes"] {
            assert_eq!(FileKind::of(Path::new(name)), FileKind::Other, "{name}");
        }
    }
}
