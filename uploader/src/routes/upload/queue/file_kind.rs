//! What files of an upload are, by their names.

use std::path::Path;

use debian_archive::ingest::FileKind;
use debian_control::changes::FileName;

use crate::app::App;
use crate::problem::{Code, Problem};

/// The largest `.changes` or `.buildinfo` file, in bytes.
const MAX_TEXT: u64 = 1 << 20;
/// What names of source packages' files end in. Source: Debian Policy 5.6.21, dpkg-source(1).
const SOURCE: [&str; 2] = [".dsc", ".diff.gz"];
/// What stands in the names of their tarballs, before the ending of the compression.
const SOURCE_TARBALLS: [&str; 3] = [".orig", ".debian.tar.", ".tar."];

/// A file that the queue takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueueFileKind {
    Package,
    BuildInfo,
    Changes,
}

impl QueueFileKind {
    /// Returns the kind of a file by its name, or why it is not taken.
    pub(super) fn of(name: &FileName) -> Result<Self, Problem> {
        let text = name.as_str();
        match text.rsplit_once('.').map(|(_, ending)| ending) {
            Some("deb" | "ddeb") => return Ok(Self::Package),
            Some("buildinfo") => return Ok(Self::BuildInfo),
            Some("changes") => return Ok(Self::Changes),
            _ => {}
        }
        let is_source = SOURCE.iter().any(|ending| text.ends_with(ending))
            || SOURCE_TARBALLS.iter().any(|part| text.contains(part));
        Err(if is_source {
            Problem::new(
                Code::SourceNotTaken,
                format!(
                    "`{name}` belongs to a source package, and only binary packages are accepted: build with `dpkg-buildpackage -b`"
                ),
            )
        } else {
            let what = match FileKind::of(Path::new(text)) {
                FileKind::NotTaken(why) => format!("`{name}`: {why}"),
                FileKind::Package | FileKind::Other => {
                    format!("expected the name of a .deb, .ddeb, .buildinfo or .changes file, found `{name}`")
                }
            };
            Problem::new(Code::FileNotTaken, what)
        })
    }

    /// Returns how many bytes it may have.
    pub(super) fn limit(self, app: &App) -> u64 {
        match self {
            Self::Package => app.settings.max_upload_bytes,
            Self::BuildInfo | Self::Changes => MAX_TEXT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_is_told_from_what_else_is_not_taken() {
        for (name, expected) in [
            ("hello_1.0_all.deb", Ok(QueueFileKind::Package)),
            ("hello_1.0_amd64.buildinfo", Ok(QueueFileKind::BuildInfo)),
            ("hello_1.0_amd64.changes", Ok(QueueFileKind::Changes)),
            ("hello_1.0.dsc", Err(Code::SourceNotTaken)),
            ("hello_1.0.orig.tar.gz", Err(Code::SourceNotTaken)),
            ("hello_1.0.orig.tar.gz.asc", Err(Code::SourceNotTaken)),
            ("hello_1.0.orig-extra.tar.xz", Err(Code::SourceNotTaken)),
            ("hello_1.0-1.debian.tar.xz", Err(Code::SourceNotTaken)),
            ("hello_1.0-1.diff.gz", Err(Code::SourceNotTaken)),
            ("hello_1.0.tar.xz", Err(Code::SourceNotTaken)),
            ("hello-udeb_1.0_all.udeb", Err(Code::FileNotTaken)),
            ("hello-dbgsym_1.0_amd64.ddeb", Ok(QueueFileKind::Package)),
            ("hello-1.0.noarch.rpm", Err(Code::FileNotTaken)),
            ("hello_1.0.txt", Err(Code::FileNotTaken)),
            ("deb", Err(Code::FileNotTaken)),
        ] {
            let kind = QueueFileKind::of(&name.parse().unwrap()).map_err(|problem| problem.code);
            assert_eq!(kind, expected, "{name}");
        }
    }
}
