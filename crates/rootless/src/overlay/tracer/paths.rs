//! Where the kernel finds what a program names.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use memchr::memmem;
use rustix::io::Errno;

use super::calls::{Access, Deed};
use crate::overlay::LAID;
use crate::overlay::union::UNION;

/// Folders of the root that are below `/usr`, as Debian has them.
const MERGED: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
/// The program itself, as it names it.
const OWN: [&[u8]; 2] = [b"/proc/self/exe", b"/proc/thread-self/exe"];
/// What a file ends with while it is copied.
const UNFINISHED: &str = ".cpkgs-copy";
/// What a loader has that can be told the name that a program is called by: since glibc 2.33.
const NAME_OPTION: &[u8] = b"--argv0";
/// Most bytes of a loader.
const MAX_LOADER: u64 = 16 << 20;

/// The folders of a generation's links, and what they stand for.
#[derive(Debug)]
pub(super) struct Paths {
    links: PathBuf,
    /// Where the files of the generation, and its links, really lie.
    places: [PathBuf; 2],
    /// Where the host has the generations, which may be below one of the folders itself.
    install: Vec<u8>,
    /// The folders that have links.
    over: Vec<&'static [u8]>,
    /// Those of the root that are links to others below `/usr` on the host.
    merged: Vec<&'static [u8]>,
    /// What becomes of the files of packages.
    files: PackageFiles,
}

/// What becomes of the files of packages that a program changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::overlay) enum PackageFiles {
    /// Nobody may.
    Closed,
    /// It gets a copy of its own among the links, and all that it makes is there: it makes files for the generation.
    Copied,
}

impl Paths {
    /// Finds out what a generation has.
    pub(super) fn read(generation: &Path, files: PackageFiles) -> Self {
        let links = generation.join(UNION);
        let real = fs::canonicalize(generation).unwrap_or_else(|_| generation.to_owned());
        let install = generation.parent().and_then(Path::parent).unwrap_or(generation);
        let is_there = |over: &&str| links.join(over.trim_start_matches('/')).is_dir();
        let over = LAID.into_iter().filter(is_there).map(str::as_bytes).collect();
        let is_link = |name: &&str| {
            fs::symlink_metadata(Path::new("/").join(name)).is_ok_and(|found| found.is_symlink())
        };
        let merged = MERGED.into_iter().filter(is_link).map(str::as_bytes).collect();
        Self {
            install: install.as_os_str().as_bytes().to_vec(),
            links,
            places: [real.join("root"), real.join(UNION)],
            over,
            merged,
            files,
        }
    }

    /// Returns what a program calls a file that really lies in the generation; nothing for any other.
    pub(super) fn named(&self, real: &[u8]) -> Option<Vec<u8>> {
        let mut below = self.places.iter().map(|place| place.as_os_str().as_bytes());
        let folder = below.find(|folder| is_below(real, folder))?;
        real.strip_prefix(folder).map(<[u8]>::to_vec)
    }

    /// Returns where something lies instead that a program in a folder names; nothing where the path is right as it is.
    ///
    /// A folder of the host may be one of those that have links, or above one: `mkdir -p` goes down to its path name by name.
    pub(super) fn translated_from(&self, folder: &Path, path: &[u8], access: Access) -> Option<Vec<u8>> {
        let folder = folder.as_os_str().as_bytes();
        let is_among_links = is_below(folder, self.places[1].as_os_str().as_bytes());
        if path.is_empty() || is_among_links && self.files == PackageFiles::Closed {
            return None;
        }
        self.translated(&[folder, b"/", path].concat(), access)
    }

    /// Returns where something lies instead that a program names; nothing where the path is right as it is.
    pub(super) fn translated(&self, path: &[u8], access: Access) -> Option<Vec<u8>> {
        if !path.starts_with(b"/") {
            return None;
        }
        let place = self.place(path);
        if self.files == PackageFiles::Closed {
            return place;
        }
        let own = self.own(place.as_deref().unwrap_or(path), access);
        if let Some(own) = own.as_deref().or(place.as_deref())
            && access == Access::Change
        {
            self.take_copy(Path::new(OsStr::from_bytes(own)));
        }
        let found = own.or(place);
        let file = match access {
            Access::Look => self.file_behind(found.as_deref().unwrap_or(path)),
            _ => None,
        };
        file.or(found)
    }

    /// Returns what the kernel would answer who wants to change something at a path, were the generation read-only as it is in a namespace;
    /// nothing where the kernel itself is to answer. The path is the one that the kernel gets.
    ///
    /// Files of the generation are those of the store, which other generations have too.
    pub(super) fn refusal(&self, path: &[u8], access: Access, deed: Deed) -> Option<Errno> {
        if self.files == PackageFiles::Copied {
            return None;
        }
        let path = Path::new(OsStr::from_bytes(path));
        // A name that is given or taken is that of a link itself.
        let (is_there, real) = match access {
            Access::Name => (path.symlink_metadata().is_ok(), None),
            _ => {
                let real = fs::canonicalize(path).ok();
                (real.is_some(), real)
            }
        };
        let named = || Some(fs::canonicalize(path.parent()?).ok()?.join(path.file_name()?));
        let real = real.or_else(named)?;
        if !self.places.iter().any(|place| real.starts_with(place)) {
            return None;
        }
        match (deed, is_there) {
            (Deed::Make, true) | (Deed::Alter | Deed::Share, false) => None,
            (Deed::Share, true) => Some(Errno::XDEV),
            (Deed::Make, false) | (Deed::Alter, true) | (Deed::Write, _) => Some(Errno::ROFS),
        }
    }

    /// Says whether a folder is one of links.
    pub(super) fn is_of_links(&self, folder: &Path) -> bool {
        self.files == PackageFiles::Copied && folder.starts_with(&self.places[1])
    }

    /// Returns the file that a link stands for which is there in place of a file of the generation.
    fn file_behind(&self, path: &[u8]) -> Option<Vec<u8>> {
        let link = Path::new(OsStr::from_bytes(path));
        if !link.starts_with(&self.links) && !link.starts_with(&self.places[1]) {
            return None;
        }
        let file = fs::read_link(link).ok()?;
        // What leads anywhere else is a link of a package, or was made.
        let is_own = is_below(file.as_os_str().as_bytes(), &self.install) && !file.starts_with(&self.links);
        let is_file = is_own && fs::symlink_metadata(&file).is_ok_and(|found| found.is_file());
        is_file.then(|| file.into_os_string().into_encoded_bytes())
    }

    /// Returns where something is that makes files for the generation: by whatever links a path leads to files of a package, what is made
    /// there is among the links.
    fn own(&self, path: &[u8], access: Access) -> Option<Vec<u8>> {
        let path = Path::new(OsStr::from_bytes(path));
        let among = |real: &Path| {
            let below = real.strip_prefix(&self.places[0]).ok()?;
            Some(self.links.join(below).into_os_string().into_encoded_bytes())
        };
        // A name that is given or taken is that of a link itself.
        let real = fs::canonicalize(path).ok().filter(|_| access != Access::Name);
        let folder = real.filter(|real| real.is_dir());
        if let Some(found) = folder.as_deref().and_then(among).filter(|found| is_made(found)) {
            return Some(found);
        }
        let parent = fs::canonicalize(path.parent()?).ok()?;
        let found = among(&parent.join(path.file_name()?))?;
        (!matches!(access, Access::Read | Access::Look) || is_made(&found)).then_some(found)
    }

    /// Puts a copy of a package's file in the place of the link to it.
    fn take_copy(&self, link: &Path) {
        let copy = || {
            let file = fs::read_link(link)?;
            let real = fs::canonicalize(&file)?;
            if !fs::symlink_metadata(&file)?.is_file() || !real.starts_with(&self.places[0]) {
                return Ok(());
            }
            let mut name = link.as_os_str().to_owned();
            name.push(UNFINISHED);
            let unfinished = PathBuf::from(name);
            fs::copy(&real, &unfinished)?;
            let mut permissions = fs::metadata(&unfinished)?.permissions();
            permissions.set_mode(permissions.mode() | 0o200);
            fs::set_permissions(&unfinished, permissions)?;
            fs::rename(unfinished, link)
        };
        // Without a copy the program is told that it may not write there.
        let _: io::Result<()> = copy();
    }

    /// Returns where something lies instead; nothing for what lies where it is said to.
    fn place(&self, path: &[u8]) -> Option<Vec<u8>> {
        // Where a program looks that found its own place: beside its own files are those of the host, and what was made.
        if let Some(named) = self.named(path) {
            let found = self.among_links(&plain(&named)).filter(|found| exists(found));
            return found.filter(|_| !exists(path));
        }
        if is_below(path, &self.install) {
            return None;
        }
        let plain = plain(path);
        let first = self.among_links(&plain);
        let has_parents = plain.split(|byte| *byte == b'/').any(|name| name == b"..");
        let lexical = || self.among_links(&without_parents(&plain));
        match first {
            Some(found) if exists(&found) => Some(found),
            // A folder may lie elsewhere than where the link to it does.
            _ if has_parents => lexical().filter(|found| exists(found)),
            // What the host has got since, and what is not there yet.
            Some(found) => (!exists(&plain)).then_some(found),
            None => None,
        }
    }

    /// Says whether a path is the program that asks.
    pub(super) fn is_own(path: &[u8], process: i32) -> bool {
        OWN.contains(&path) || path == format!("/proc/{process}/exe").as_bytes()
    }

    /// Says whether a loader can be told the name that a program is called by.
    pub(super) fn takes_name(loader: &[u8]) -> bool {
        let path = Path::new(OsStr::from_bytes(loader));
        let is_small = fs::metadata(path).is_ok_and(|found| found.len() <= MAX_LOADER);
        is_small && fs::read(path).is_ok_and(|bytes| memmem::find(&bytes, NAME_OPTION).is_some())
    }

    fn among_links(&self, path: &[u8]) -> Option<Vec<u8>> {
        let rest = path.strip_prefix(b"/")?;
        let name = rest.split(|byte| *byte == b'/').next().unwrap_or_default();
        let merged = self.merged.contains(&name).then(|| [b"/usr", path].concat());
        let path = merged.as_deref().unwrap_or(path);
        self.over.iter().find(|over| is_below(path, over))?;
        Some([self.links.as_os_str().as_bytes(), path].concat())
    }
}

fn exists(path: &[u8]) -> bool {
    Path::new(OsStr::from_bytes(path)).symlink_metadata().is_ok()
}

/// Says whether something stands by itself among the links. Who is led to a link from where it leads goes round in a circle.
fn is_made(path: &[u8]) -> bool {
    let found = Path::new(OsStr::from_bytes(path)).symlink_metadata();
    found.is_ok_and(|found| !found.is_symlink())
}

fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Returns a path without what stands for nothing: double slashes and single dots. What it ends with says that it is a folder.
fn plain(path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(path.len());
    let names = path.split(|byte| *byte == b'/');
    for name in names.filter(|name| !matches!(*name, b"" | b".")) {
        plain.push(b'/');
        plain.extend(name);
    }
    if plain.is_empty() || path.ends_with(b"/") || path.ends_with(b"/.") {
        plain.push(b'/');
    }
    plain
}

/// Returns a plain path in which no name stands for the folder above.
fn without_parents(path: &[u8]) -> Vec<u8> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split(|byte| *byte == b'/').skip(1) {
        if name == b".." {
            names.pop();
        } else {
            names.push(name);
        }
    }
    names.into_iter().flat_map(|name| [b"/", name].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(links: &Path) -> Paths {
        Paths {
            links: links.to_owned(),
            places: [PathBuf::from("/opt/mine/packages/gen/1/root"), links.to_owned()],
            install: b"/opt/mine/packages".to_vec(),
            over: vec![b"/usr", b"/etc", b"/var/lib"],
            merged: vec![b"lib64"],
            files: PackageFiles::Closed,
        }
    }

    #[test]
    fn what_lies_below_a_folder_with_links_is_found_there_and_all_else_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        let to = |path: &str| {
            let found = paths.translated(path.as_bytes(), Access::Read)?;
            let found = found.strip_prefix(folder.path().as_os_str().as_bytes())?;
            Some(String::from_utf8(found.to_vec()).unwrap())
        };
        for (path, expected) in [
            ("/usr/share/no-such", "/usr/share/no-such"),
            ("//usr/./share//no-such/", "/usr/share/no-such/"),
            ("/lib64/no-such.so", "/usr/lib64/no-such.so"),
            ("/var/lib/no-such", "/var/lib/no-such"),
        ] {
            assert_eq!(to(path).as_deref(), Some(expected), "{path}");
        }
        for path in [
            "usr/share/x",
            "/home/x",
            "/usrx/no-such",
            "/var/log/x",
            "/lib32/no-such.so",
            "/opt/mine/packages/usr",
            "/etc/passwd",
        ] {
            assert_eq!(to(path), None, "{path}");
        }
    }

    #[test]
    fn a_name_for_the_folder_above_leads_to_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        for path in ["usr/lib/host", "etc"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        std::os::unix::fs::symlink(outside.path(), folder.path().join("usr/lib/gcc")).unwrap();
        let paths = paths(folder.path());
        let found = paths.translated(b"/usr/lib/gcc/../host", Access::Read).unwrap();
        assert_eq!(found, folder.path().join("usr/lib/host").as_os_str().as_bytes());
        assert_eq!(paths.translated(b"/usr/../home", Access::Read), None);
    }

    #[test]
    fn a_path_from_a_folder_of_the_host_is_led_like_one_from_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        let to = |from: &str, path: &str| {
            let found = paths.translated_from(Path::new(from), path.as_bytes(), Access::Read)?;
            let found = found.strip_prefix(folder.path().as_os_str().as_bytes())?;
            Some(String::from_utf8(found.to_vec()).unwrap())
        };
        assert_eq!(to("/var", "lib/no-such").as_deref(), Some("/var/lib/no-such"));
        assert_eq!(
            to("/", "usr/share/no-such").as_deref(),
            Some("/usr/share/no-such")
        );
        assert_eq!(to("/usr/share", "no-such").as_deref(), Some("/usr/share/no-such"));
        assert_eq!(to("/home/me", "usr/share/no-such"), None);
        assert_eq!(to("/var", "log/no-such"), None);
        assert_eq!(to("/var/lib", ""), None);
        // Among the links all is as it looks.
        assert_eq!(to(folder.path().to_str().unwrap(), "usr/x"), None);
    }

    /// A generation with a package's folder, a file in it, and a link to it elsewhere; what is among the links leads there.
    fn generation() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join("gen/1").join(path);
        for path in [
            "root/var/lib/tool",
            "root/usr/lib",
            "union/var/lib/tool",
            "union/usr/lib",
        ] {
            fs::create_dir_all(at(path)).unwrap();
        }
        fs::write(at("root/var/lib/tool/lock"), "packaged").unwrap();
        let mut closed = fs::metadata(at("root/var/lib/tool/lock")).unwrap().permissions();
        closed.set_mode(0o444);
        fs::set_permissions(at("root/var/lib/tool/lock"), closed).unwrap();
        std::os::unix::fs::symlink("../../var/lib/tool", at("root/usr/lib/tool")).unwrap();
        std::os::unix::fs::symlink(at("root/usr/lib/tool"), at("union/usr/lib/tool")).unwrap();
        std::os::unix::fs::symlink(at("root/var/lib/tool/lock"), at("union/var/lib/tool/lock")).unwrap();
        folder
    }

    #[test]
    fn what_makes_files_gets_a_copy_of_one_that_a_package_has() {
        let folder = generation();
        let at = |path: &str| folder.path().join("gen/1").join(path);
        let paths = Paths::read(&at(""), PackageFiles::Copied);
        let to = |path: &str, access| {
            let found = paths.translated(path.as_bytes(), access);
            found.map(|found| PathBuf::from(OsStr::from_bytes(&found).to_owned()))
        };
        let (lock, own) = ("/usr/lib/tool/lock", at("union/var/lib/tool/lock"));
        assert_eq!(to(lock, Access::Read), Some(at("union/usr/lib/tool/lock")));
        // What resolves links step by step comes to the package's file itself.
        assert_eq!(
            to(at("root/var/lib/tool/lock").to_str().unwrap(), Access::Read),
            None
        );
        assert!(own.is_symlink());
        assert_eq!(to(lock, Access::Change), Some(own.clone()));
        assert!(!own.is_symlink());
        fs::write(&own, "changed").unwrap();
        assert_eq!(fs::read(at("root/var/lib/tool/lock")).unwrap(), b"packaged");
        // What is made beside it, by either name, is found by both.
        let made = at("union/var/lib/tool/made");
        let real = at("root/var/lib/tool/made");
        assert_eq!(to("/usr/lib/tool/made", Access::Change), Some(made.clone()));
        assert_eq!(to(real.to_str().unwrap(), Access::Name), Some(made.clone()));
        fs::write(&made, "").unwrap();
        assert_eq!(to("/usr/lib/tool/made", Access::Read), Some(made.clone()));
        assert_eq!(to(real.to_str().unwrap(), Access::Read), Some(made));
    }

    #[test]
    fn nothing_of_a_generation_is_changed_by_whatever_path_it_is_reached() {
        let folder = generation();
        let at = |path: &str| folder.path().join("gen/1").join(path);
        let paths = Paths::read(&at(""), PackageFiles::Closed);
        let refusal = |path: &str, access, deed| {
            let path = at(path);
            paths.refusal(path.as_os_str().as_bytes(), access, deed)
        };
        let made = fs::canonicalize(folder.path()).unwrap();
        fs::write(made.join("mine"), "").unwrap();
        std::os::unix::fs::symlink(made.join("mine"), at("union/usr/lib/hosts")).unwrap();
        let read_only = Some(Errno::ROFS);
        for path in ["root/var/lib/tool", "union/var/lib/tool"] {
            let lock = format!("{path}/lock");
            let new = format!("{path}/new");
            assert_eq!(refusal(&lock, Access::Change, Deed::Write), read_only);
            assert_eq!(refusal(&lock, Access::Read, Deed::Alter), read_only);
            assert_eq!(refusal(&lock, Access::Name, Deed::Alter), read_only);
            assert_eq!(refusal(&lock, Access::Name, Deed::Share), Some(Errno::XDEV));
            assert_eq!(refusal(&new, Access::Change, Deed::Write), read_only);
            assert_eq!(refusal(&new, Access::Name, Deed::Make), read_only);
            // The kernel says that it is there, or is not.
            assert_eq!(refusal(&lock, Access::Name, Deed::Make), None);
            assert_eq!(refusal(&new, Access::Name, Deed::Alter), None);
        }
        // What a link leads to out of the generation is written to, and the link stays.
        assert_eq!(refusal("union/usr/lib/hosts", Access::Change, Deed::Write), None);
        assert_eq!(
            refusal("union/usr/lib/hosts", Access::Name, Deed::Alter),
            read_only
        );
        assert_eq!(refusal("../../mine", Access::Change, Deed::Write), None);
        let making = Paths::read(&at(""), PackageFiles::Copied);
        let lock = at("union/var/lib/tool/lock");
        let lock = lock.as_os_str().as_bytes();
        assert_eq!(making.refusal(lock, Access::Change, Deed::Write), None);
    }

    #[test]
    fn where_files_are_made_a_link_in_place_of_a_file_looks_like_that_file() {
        let folder = generation();
        let at = |path: &str| folder.path().join("gen/1").join(path);
        std::os::unix::fs::symlink(at("union/var/lib/tool/lock"), at("union/var/lib/tool/link")).unwrap();
        std::os::unix::fs::symlink(at("root/var/lib/tool"), at("union/var/lib/tool/folder")).unwrap();
        let paths = Paths::read(&at(""), PackageFiles::Copied);
        let to = |path: &str, access| {
            let found = paths.translated(path.as_bytes(), access);
            found.map(|found| PathBuf::from(OsStr::from_bytes(&found).to_owned()))
        };
        let lock = at("root/var/lib/tool/lock");
        assert_eq!(to("/var/lib/tool/lock", Access::Look), Some(lock.clone()));
        let from = paths.translated_from(&at("union/var/lib/tool"), b"lock", Access::Look);
        assert_eq!(from.as_deref(), Some(lock.as_os_str().as_bytes()));
        for name in ["link", "folder", "no-such"] {
            let place = at("union/var/lib/tool").join(name);
            assert_ne!(
                to(place.to_str().unwrap(), Access::Look),
                Some(lock.clone()),
                "{name}"
            );
        }
        assert!(paths.is_of_links(&at("union/var/lib/tool")));
        assert!(!paths.is_of_links(&at("root/var/lib/tool")));
        let closed = Paths::read(&at(""), PackageFiles::Closed);
        assert!(!closed.is_of_links(&at("union/var/lib/tool")));
    }

    #[test]
    fn a_program_that_found_its_own_place_finds_there_what_others_have() {
        let folder = generation();
        let at = |path: &str| folder.path().join("gen/1").join(path);
        let paths = Paths::read(&at(""), PackageFiles::Closed);
        fs::write(at("union/usr/lib/hosts"), "").unwrap();
        let to = |path: &str| {
            let found = paths.translated(at(path).as_os_str().as_bytes(), Access::Read);
            found.map(|found| PathBuf::from(OsStr::from_bytes(&found).to_owned()))
        };
        assert_eq!(to("root/usr/lib/hosts"), Some(at("union/usr/lib/hosts")));
        assert_eq!(to("root/usr/lib/tool"), None);
        assert_eq!(to("root/usr/lib/no-such"), None);
    }

    #[test]
    fn a_file_of_the_generation_is_called_what_programs_call_it() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        let named = |path: &str| paths.named(path.as_bytes());
        assert_eq!(
            named("/opt/mine/packages/gen/1/root/usr/lib/jvm/bin/java").as_deref(),
            Some(&b"/usr/lib/jvm/bin/java"[..])
        );
        assert_eq!(named("/opt/mine/packages/gen/1/rooted/java"), None);
        assert_eq!(named("/usr/bin/java"), None);
    }

    #[test]
    fn the_program_itself_is_known_by_its_names() {
        assert!(Paths::is_own(b"/proc/self/exe", 1));
        assert!(Paths::is_own(b"/proc/17/exe", 17));
        assert!(!Paths::is_own(b"/proc/17/exe", 1));
    }
}
