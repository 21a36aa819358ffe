//! Files that name others by a fixed path, which no variable changes: in a generation they name the place where those lie.
//!
//! Above all modules of Python, which runs where it is: matplotlib looks for its settings, and pyphen for its dictionaries, below `/usr/share`.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, Write as _};
use std::path::{Path, PathBuf};

use memchr::memmem;
use zip::result::{ZipError, ZipResult};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::libraries::source_of;
use super::own_paths::{is_of_path, is_own};
use super::package::Package;
use super::pattern::matches;
use super::tree::{Node, Tree};

/// Where a generation has the files of packages that are other ones in its tree: elsewhere, what those name is at its fixed path again.
pub const ORIGINALS: &str = "originals";
/// The certificates of all authorities, from the root.
pub(super) const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
/// Most bytes of a text.
const MAX_TEXT: u64 = 1 << 20;

/// Where the modules of Python lie that packages bring.
const MODULES: &str = "usr/lib/python3/dist-packages/";
/// How the paths begin that are led in them. Whatever lies below `/var` programs write to.
const LED: [&[u8]; 3] = [b"/usr/share/", b"/usr/lib/", b"/etc/"];

/// A file that is rewritten.
struct Rule {
    /// Where it is.
    file: &'static str,
    /// The text in it, where it is a wheel of Python: what is installed from that outlives the generation.
    entry: Option<&'static str>,
    /// What the text names.
    named: &'static str,
}

/// Debian has pip and requests read the certificates of the machine as soon as they are loaded, and neither starts where there are none.
/// Those are joined when a generation is made, so that no package has them.
const RULES: [Rule; 4] = [
    Rule {
        file: "usr/lib/python3*/_sysconfigdata_*.py",
        entry: None,
        named: "usr/share/python-wheels",
    },
    Rule {
        file: "usr/lib/python3/dist-packages/certifi/core.py",
        entry: None,
        named: CERTIFICATES,
    },
    Rule {
        file: "usr/lib/python3/dist-packages/pip/_vendor/certifi/core.py",
        entry: None,
        named: CERTIFICATES,
    },
    Rule {
        file: "usr/share/python-wheels/pip-*.whl",
        entry: Some("pip/_vendor/certifi/core.py"),
        named: CERTIFICATES,
    },
];

/// Rewrites files for a generation.
pub(super) struct Rewriter<'a> {
    tree: &'a Tree,
    packages: &'a [Package],
    /// Where the files of the generation will be.
    root: PathBuf,
    /// Where those of whatever generation counts then are.
    current: PathBuf,
}

impl<'a> Rewriter<'a> {
    /// For a generation whose files will be in a folder, and those of whatever generation counts then in another.
    pub(super) fn new(tree: &'a Tree, packages: &'a [Package], root: PathBuf, current: PathBuf) -> Self {
        Self {
            tree,
            packages,
            root,
            current,
        }
    }

    /// Returns what stands in a file in place of what its package has; nothing where that is right.
    pub(super) fn rewrite(&self, path: &[u8]) -> Option<io::Result<Vec<u8>>> {
        let path = std::str::from_utf8(path).ok()?;
        let Some(rule) = RULES.iter().find(|rule| matches(rule.file, path)) else {
            return self.rewrite_module(path);
        };
        if !self.has(rule.named) {
            return None;
        }
        let source = source_of(self.tree, self.packages, path.as_bytes())?;
        let Some(entry) = rule.entry else {
            let text = fs::read_to_string(source);
            return Some(text.map(|text| replaced(&text, rule.named, &self.root).into_bytes()));
        };
        let file = match File::open(source) {
            Ok(file) => file,
            Err(error) => return Some(Err(error)),
        };
        // One that cannot be read is left to who can.
        let wheel = rewritten_wheel(file, entry, |text| replaced(text, rule.named, &self.current));
        wheel.ok().map(Ok)
    }

    /// Returns a module of Python in which the paths of the generation that it names are those where they lie; nothing where it names none.
    fn rewrite_module(&self, path: &str) -> Option<io::Result<Vec<u8>>> {
        if !path.starts_with(MODULES) || !path.ends_with(".py") {
            return None;
        }
        let source = source_of(self.tree, self.packages, path.as_bytes())?;
        let mut text = Vec::new();
        let read = File::open(source).and_then(|file| file.take(MAX_TEXT).read_to_end(&mut text));
        match read {
            Err(error) => Some(Err(error)),
            // What is that long is data.
            Ok(read) if read as u64 == MAX_TEXT => None,
            Ok(_) => led(&text, &self.root, |path| self.is_led(path)).map(Ok),
        }
    }

    /// Says whether a path, from the root, is that of a file of the generation, or of a folder that a package has for itself.
    fn is_led(&self, path: &[u8]) -> bool {
        match self.tree.find(path) {
            Some((_, Node::Folder)) => is_own(path, |own| own == path),
            Some((_, Node::File { .. })) => true,
            _ => false,
        }
    }

    /// Says whether the generation has what a text names. The certificates are joined when all others are there.
    fn has(&self, named: &str) -> bool {
        let joins = || self.tree.nodes().any(|(path, _)| is_certificate(path));
        self.tree.find(named.as_bytes()).is_some() || named == CERTIFICATES && joins()
    }
}

/// Says whether a path is that of a certificate that packages bring.
pub(super) fn is_certificate(path: &[u8]) -> bool {
    path.starts_with(b"usr/share/ca-certificates/") && path.ends_with(b".crt")
}

/// Returns a text of Python in which a path names its place.
fn replaced(text: &str, named: &str, root: &Path) -> String {
    let place = root.join(named);
    text.replace(&format!("/{named}"), &escaped(&place.to_string_lossy()))
}

/// Returns a path as it stands between quotes.
fn escaped(path: &str) -> Cow<'_, str> {
    let mut quoted = Cow::Borrowed(path);
    for special in ['\\', '\'', '"'] {
        if quoted.contains(special) {
            quoted = Cow::Owned(quoted.replace(special, &format!("\\{special}")));
        }
    }
    quoted
}

/// Returns a text of Python in which paths lead below a folder that stand between quotes, with nothing else there; nothing where there are none.
/// `is_led` is asked by the path from the root.
fn led(text: &[u8], root: &Path, is_led: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let mut places: Vec<usize> = LED
        .iter()
        .flat_map(|first| memmem::find_iter(text, first))
        .filter(|at| quoted_path(text, *at).is_some_and(&is_led))
        .collect();
    if places.is_empty() {
        return None;
    }
    places.sort_unstable();
    let root = root.to_string_lossy();
    let root = escaped(&root);
    let mut written = Vec::with_capacity(text.len() + places.len() * root.len());
    let mut done = 0;
    for at in places {
        written.extend(text.get(done..at).unwrap_or_default());
        written.extend(root.as_bytes());
        done = at;
    }
    written.extend(text.get(done..).unwrap_or_default());
    Some(written)
}

/// Returns the path at a place of a text, where it stands between quotes by itself; without the slashes around it.
fn quoted_path(text: &[u8], at: usize) -> Option<&[u8]> {
    let quote = text
        .get(at.checked_sub(1)?)
        .filter(|byte| matches!(byte, b'\'' | b'"'))?;
    let rest = text.get(at + 1..)?;
    let end = rest.iter().position(|byte| !is_of_path(*byte) && *byte != b'/')?;
    let (path, after) = rest.split_at_checked(end)?;
    (after.first() == Some(quote)).then(|| path.strip_suffix(b"/").unwrap_or(path))
}

/// Returns a wheel with one of its texts changed.
fn rewritten_wheel(
    file: impl Read + Seek,
    entry: &str,
    change: impl Fn(&str) -> String,
) -> ZipResult<Vec<u8>> {
    let mut wheel = ZipArchive::new(file)?;
    let mut written = ZipWriter::new(Cursor::new(Vec::new()));
    let changed = wheel.index_for_name(entry);
    let mut left = wheel.central_directory_start();
    for index in 0..wheel.len() {
        if Some(index) != changed {
            let found = wheel.by_index_raw(index)?;
            let shared = ZipError::InvalidArchive("entries share their bytes".into());
            left = left.checked_sub(found.compressed_size()).ok_or(shared)?;
            written.raw_copy_file(found)?;
            continue;
        }
        let mut text = String::new();
        let read = wheel.by_index(index)?.take(MAX_TEXT).read_to_string(&mut text)?;
        if read as u64 == MAX_TEXT {
            return Err(ZipError::InvalidArchive("the text is too long".into()));
        }
        written.start_file(entry, SimpleFileOptions::default())?;
        written.write_all(change(&text).as_bytes())?;
    }
    Ok(written.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut wheel = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in entries {
            wheel.start_file(*name, SimpleFileOptions::default()).unwrap();
            wheel.write_all(text.as_bytes()).unwrap();
        }
        wheel.finish().unwrap().into_inner()
    }

    #[test]
    fn one_text_of_a_wheel_names_the_place_and_all_others_stay() {
        let before = wheel(&[
            ("a.py", "'/etc/ssl/certs/ca-certificates.crt'"),
            ("b.py", "PATH = '/etc/ssl/certs/ca-certificates.crt'"),
            ("c.py", "c"),
        ]);
        let change = |text: &str| replaced(text, CERTIFICATES, Path::new("/home/it's/root"));
        let after = rewritten_wheel(Cursor::new(before), "b.py", change).unwrap();
        let mut after = ZipArchive::new(Cursor::new(after)).unwrap();
        let mut read = |name: &str| {
            let mut text = String::new();
            after.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(read("a.py"), "'/etc/ssl/certs/ca-certificates.crt'");
        assert_eq!(
            read("b.py"),
            "PATH = '/home/it\\'s/root/etc/ssl/certs/ca-certificates.crt'"
        );
        assert_eq!(read("c.py"), "c");
    }

    #[test]
    fn a_path_that_stands_by_itself_is_led_and_no_other() {
        let known: [&[u8]; 3] = [b"usr/share/hyphen", b"etc/tool.conf", b"usr/share/tool/a"];
        let change = |text: &str| {
            let changed = led(text.as_bytes(), Path::new("/it's"), |path| known.contains(&path));
            changed.map(|changed| String::from_utf8(changed).unwrap())
        };
        assert_eq!(
            change("a = ['/usr/share/hyphen/', \"/etc/tool.conf\"]\nb = r'/usr/share/tool/a'\n").as_deref(),
            Some(
                "a = ['/it\\'s/usr/share/hyphen/', \"/it\\'s/etc/tool.conf\"]\nb = r'/it\\'s/usr/share/tool/a'\n"
            )
        );
        for text in [
            "'/usr/share/other'",
            "'/usr/share/hyphen/{x}'",
            "'see /usr/share/hyphen'",
            "'/usr/share/hyphen and'",
            "'/usr/share/hyphen\"",
            "'/home/usr/share/hyphen'",
            "# /usr/share/hyphen",
            "/usr/share/hyphen'",
            "'/usr/share/hyphen",
        ] {
            assert_eq!(change(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_wheel_is_left_as_it_is() {
        let change = |text: &str| text.to_owned();
        assert!(rewritten_wheel(Cursor::new(b"no wheel".to_vec()), "a", change).is_err());
        let long = "x".repeat(1 << 20);
        let long = wheel(&[("a", &long)]);
        assert!(rewritten_wheel(Cursor::new(long), "a", change).is_err());
    }
}
