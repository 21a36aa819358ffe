//! Programs that look for their files at fixed paths, such as `/usr/share/NAME`, which nothing can tell another place.
//!
//! Read out of the programs and their libraries: a path that stands in one of them and in the generation is one that it may look
//! for. The guess costs little when it is wrong: the program starts some milliseconds later.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};

use memchr::memmem;

use super::{MAX_SCRIPT, Site, is_of_vendor, modules};
use crate::generation::libraries::{Closure, source_of};
use crate::generation::own_paths::{is_of_path, is_own, is_shared};
use crate::generation::tree::Node;

/// How many bytes of a file are looked through at a time.
const CHUNK: usize = 4 << 20;
/// Longest path.
const MAX_PATH: usize = 256;
/// How many folders of odd names are looked for: each costs a search through every program.
const MOST_ODD: usize = 32;
/// The library that every program has, whose own paths are taken care of.
const LIBC: &[&str] = &["libc.so.", "libm.so.", "ld-linux", "libpthread.so.", "libdl.so."];

/// Programs that find their files from where they are themselves, and take the loader for that.
const FROM_THEMSELVES: &[&[u8]] = &[b"protoc", b"rustc", b"rustdoc", b"sbcl"];

/// Programs that look for what a compiler of the generation names in the lists of dependencies that it writes (`gcc -MD`).
const FROM_COMPILERS: &[&[u8]] = &[b"bmake", b"make", b"ninja", b"samu", b"scons", b"tup"];

/// Which files of a generation name paths of it.
#[derive(Default)]
pub(super) struct FixedPaths {
    known: RefCell<HashMap<Vec<u8>, bool>>,
    /// Whether modules of Python do.
    of_modules: OnceCell<bool>,
    /// Folders whose names do not end where the names in programs do: `/opt/My App`.
    odd: OnceCell<Vec<Vec<u8>>>,
}

impl FixedPaths {
    /// Says whether a program, or a library of it, names a path of the generation. `path` is what it is called by, `file` its canonical path:
    /// either may have the name of the folder that it looks for.
    pub(super) fn any(&self, site: &Site<'_>, (path, file): (&[u8], &[u8]), closure: &Closure) -> bool {
        let libraries = closure.files.iter().filter(|path| !is_libc(path));
        FROM_THEMSELVES.contains(&name(file))
            || FROM_COMPILERS.contains(&name(file)) && site.tree.find(b"usr/lib/gcc").is_some()
            || [path, file].iter().any(|path| has_folder(site, name(path)))
            || imports(site, file).iter().any(|module| has_folder(site, module))
            || std::iter::once(file)
                .chain(libraries.map(Vec::as_slice))
                .any(|path| self.in_file(site, path))
    }

    /// Says whether what modules of Python load is found only where the generation is laid over the host, or names a path of it.
    pub(super) fn of_modules(&self, site: &Site<'_>) -> bool {
        *self.of_modules.get_or_init(|| {
            let loaded = modules::loaded(site);
            let mut files = loaded.files.iter().filter(|path| !is_libc(path));
            loaded.is_listed || files.any(|path| self.in_file(site, path))
        })
    }

    /// Says whether a file itself names a path of the generation below `/opt`.
    pub(super) fn names_vendors(&self, site: &Site<'_>, file: &[u8]) -> bool {
        let odd = self.odd(site).iter().map(Vec::as_slice);
        let odd: Vec<&[u8]> = odd.filter(|path| path.starts_with(b"/opt/")).collect();
        names(site, file, &odd, |path| {
            is_of_vendor(path) && is_own(path, |path| site.tree.find(path).is_some())
        })
    }

    /// Returns the folders that a single package has for itself and whose names have other bytes than those that end no name in a program,
    /// as they stand in one: also with a backslash before each of these.
    fn odd(&self, site: &Site<'_>) -> &[Vec<u8>] {
        self.odd.get_or_init(|| {
            let folders = site.tree.nodes().filter_map(|(path, node)| {
                let is_folder = matches!(node, Node::Folder) && path.len() < MAX_PATH / 2;
                // One in a package's own folder is found by that.
                let parent = memchr::memrchr(b'/', path).and_then(|end| path.get(..end));
                let is_first = parent.is_some_and(|parent| !is_own(parent, |_| true));
                (is_folder && is_odd(path) && is_first && is_own(path, |_| true)).then_some(path)
            });
            folders.take(MOST_ODD).flat_map(spellings).collect()
        })
    }

    fn in_file(&self, site: &Site<'_>, path: &[u8]) -> bool {
        if let Some(known) = self.known.borrow().get(path) {
            return *known;
        }
        let odd: Vec<&[u8]> = self.odd(site).iter().map(Vec::as_slice).collect();
        let found = names(site, path, &odd, |named| {
            let is_there = |path: &[u8]| site.tree.find(path).is_some();
            match below_usr(named) {
                Some(named) => is_own(&named, is_there),
                None => is_own(named, is_there),
            }
        });
        self.known.borrow_mut().insert(path.to_vec(), found);
        found
    }
}

/// Says whether the last part of a path has a byte at which a name in a program ends, and no other part has.
fn is_odd(path: &[u8]) -> bool {
    let is_odd = |part: &[u8]| part.iter().any(|byte| !is_of_path(*byte));
    let mut parts = path.rsplit(|byte| *byte == b'/');
    parts.next().is_some_and(is_odd) && !parts.any(is_odd)
}

/// Returns how a path is written: as it is, and as a shell reads it without quotes.
fn spellings(path: &[u8]) -> [Vec<u8>; 2] {
    let mut escaped = vec![b'/'];
    for byte in path {
        if byte.is_ascii() && !is_of_path(*byte) && *byte != b'/' {
            escaped.push(b'\\');
        }
        escaped.push(*byte);
    }
    [[b"/", path].concat(), escaped]
}

/// Returns the path below `usr` that one below `/lib` and its like stands for. The loader and what lies beside it is every program's.
fn below_usr(path: &[u8]) -> Option<Vec<u8>> {
    let mut parts = path.split(|byte| *byte == b'/');
    let is_alias = matches!(parts.next()?, b"lib" | b"lib32" | b"lib64");
    let folder = parts.next()?;
    let is_of_all = folder.windows(7).any(|part| part == b"-linux-") || parts.next().is_none();
    is_alias.then(|| match is_of_all {
        true => Vec::new(),
        false => [b"usr/", path].concat(),
    })
}

/// Says whether there is a folder of a program's own name for its files. Not all write its path in a form that is found in them.
fn has_folder(site: &Site<'_>, name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    let folders = ["usr/share", "usr/lib", "usr/lib/*-linux-gnu*", "etc"];
    folders.iter().any(|folder| {
        let paths = site.tree.fitting(&format!("{folder}/{name}"));
        paths.iter().any(|path| {
            !is_shared(path.as_bytes()) && matches!(site.tree.find(path.as_bytes()), Some((_, Node::Folder)))
        })
    })
}

/// Returns the modules that a Python script imports: what it is to do is theirs, and their files have their name.
fn imports(site: &Site<'_>, path: &[u8]) -> Vec<Vec<u8>> {
    let source = source_of(site.tree, site.packages, path);
    let file = source.and_then(|source| File::open(source).ok());
    let mut text = Vec::new();
    let read = file.map(|file| file.take(MAX_SCRIPT).read_to_end(&mut text));
    if read.is_some_and(|read| read.is_ok()) {
        imported(&text)
    } else {
        Vec::new()
    }
}

/// Returns the modules that stand in the text of a Python script.
fn imported(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    if !first.starts_with(b"#!") || memmem::find(first, b"python").is_none() {
        return Vec::new();
    }
    let module = |line: &[u8]| {
        let line = line.trim_ascii_start();
        let named = line
            .strip_prefix(b"from ")
            .or_else(|| line.strip_prefix(b"import "))?;
        let named = named.trim_ascii_start();
        let end = named
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
            .unwrap_or(named.len());
        named
            .get(..end)
            .filter(|name| !name.is_empty())
            .map(<[u8]>::to_vec)
    };
    lines.filter_map(module).collect()
}

/// Says whether any path that stands in a file is as wanted, or one of some odd ones.
fn names(site: &Site<'_>, path: &[u8], odd: &[&[u8]], is_wanted: impl Fn(&[u8]) -> bool) -> bool {
    let source = source_of(site.tree, site.packages, path);
    let file = source.and_then(|source| File::open(source).ok());
    file.is_some_and(|file| any_named(file, CHUNK, odd, is_wanted).unwrap_or(false))
}

/// Looks through a file piece by piece; what lies across the end of one is seen in the next.
fn any_named(
    mut file: impl Read,
    chunk: usize,
    odd: &[&[u8]],
    is_wanted: impl Fn(&[u8]) -> bool,
) -> io::Result<bool> {
    let mut bytes = Vec::new();
    loop {
        let kept = bytes.len();
        let read = file.by_ref().take(chunk as u64).read_to_end(&mut bytes)?;
        if named(&bytes).any(&is_wanted) || odd.iter().any(|odd| memmem::find(&bytes, odd).is_some()) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        let tail = (kept + read).saturating_sub(MAX_PATH + 1);
        bytes.drain(..tail);
    }
}

fn is_libc(path: &[u8]) -> bool {
    LIBC.iter().any(|libc| name(path).starts_with(libc.as_bytes()))
}

fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// Returns the paths below folders that are laid over the host's that stand in a file, without the first slash.
fn named(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    [
        "/usr/share/",
        "/usr/lib",
        "/lib/",
        "/lib32/",
        "/lib64/",
        "/usr/local/",
        "/opt/",
        "/etc/",
        "/var/lib/",
        "/var/cache/",
        "/var/opt/",
        "/srv/",
    ]
    .into_iter()
    .flat_map(move |first| memmem::find_iter(bytes, first.as_bytes()))
    .filter_map(move |at| {
        // The end of a longer path, or of an address, does not count.
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let is_file = bytes.get(..at).is_some_and(|before| before.ends_with(b"file://"));
        let is_more = before.is_some_and(|byte| is_of_path(*byte) || matches!(byte, b'}' | b'/' | b'%'));
        if is_more && !is_file {
            return None;
        }
        let rest = bytes.get(at + 1..)?;
        let end = rest
            .iter()
            .take(MAX_PATH)
            .position(|byte| !is_of_path(*byte) && *byte != b'/');
        rest.get(..end?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_out_of_a_file() {
        let bytes = b"\0/usr/share/ruby\0x/usr/share/no\0{/etc/a,/etc/b/c}file:///etc/xml\0http:///etc/no\0 '/etc/app.conf' /usr/lib/a/%s\0/var/opt/a/x\0/srv/a\0${p}/usr/lib/b\0/usr/lib/cut";
        let found: Vec<&str> = named(bytes)
            .map(|path| std::str::from_utf8(path).unwrap())
            .collect();
        assert_eq!(
            found,
            [
                "usr/share/ruby",
                "usr/lib/a/",
                "etc/a",
                "etc/b/c",
                "etc/xml",
                "etc/app.conf",
                "var/opt/a/x",
                "srv/a"
            ]
        );
    }

    #[test]
    fn a_path_across_the_end_of_a_piece_is_seen() {
        let text = [vec![b'.'; 990].as_slice(), b"\0/usr/share/ruby\0", &[b'.'; 3000]].concat();
        for chunk in [7, 500, 995, 1000, 1005, 9000] {
            assert!(
                any_named(text.as_slice(), chunk, &[], |path| path == b"usr/share/ruby").unwrap(),
                "{chunk}"
            );
            assert!(
                !any_named(text.as_slice(), chunk, &[], |path| path == b"usr/share/rub").unwrap(),
                "{chunk}"
            );
        }
    }

    #[test]
    fn a_folder_with_a_blank_is_looked_for_as_a_whole() {
        assert!(is_odd(b"opt/My App") && is_odd("opt/Caf\u{e9}".as_bytes()));
        assert!(!is_odd(b"opt/My App/bin") && !is_odd(b"opt/app"));
        let odd = spellings(b"opt/My App (x)");
        assert_eq!(odd[1], br"/opt/My\ App\ \(x\)");
        let odd: Vec<&[u8]> = odd.iter().map(Vec::as_slice).collect();
        let is_named = |text: &[u8]| any_named(text, CHUNK, &odd, |_| false).unwrap();
        assert!(is_named(b"exec \"/opt/My App (x)/run\""));
        assert!(is_named(br"exec /opt/My\ App\ \(x\)/run"));
        assert!(!is_named(b"exec /opt/My"));
    }

    #[test]
    fn a_folder_below_lib_is_one_below_usr_lib() {
        assert_eq!(below_usr(b"lib/q/run").unwrap(), b"usr/lib/q/run");
        for path in [
            &b"lib64/ld-linux-x86-64.so.2"[..],
            b"lib/x86_64-linux-gnu/libc.so.6",
            b"lib/q",
        ] {
            assert_eq!(below_usr(path).unwrap(), b"");
        }
        assert_eq!(below_usr(b"usr/lib/q/run"), None);
    }

    #[test]
    fn the_modules_that_a_python_script_imports_are_read_out_of_it() {
        let text = b"#!/usr/bin/python3\n# from no import x\nimport re\nfrom sphinx.cmd.build import main\n  import own_tool as tool\n";
        assert_eq!(
            imported(text),
            [b"re".as_slice(), b"sphinx".as_slice(), b"own_tool".as_slice()]
        );
        assert!(imported(b"#!/bin/sh\nimport re\n").is_empty());
        assert!(imported(b"\x7fELF\nimport re\n").is_empty());
    }
}
