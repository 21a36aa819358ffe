//! The files of a generation at the paths that they were made for, where the kernel permits no namespaces: what [`super::tracer`] leads
//! programs to.
//!
//! That can put one folder in place of another, but not lay one over another. So a generation has folders of links, `union/usr` and
//! the like: what only the generation has leads there, what only the host has leads to the host's, and what both have is a folder
//! of links again.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::process::{getgid, getuid};

use super::workshop::{Links, adopt, within};
use super::{LAID, PRISTINE};

/// The folder of a generation that has the links.
pub(super) const UNION: &str = "union";
/// The home of programs that make files.
pub(super) const TEMPORARY: &str = "tmp";
/// How a folder is called in which links are written.
const UNFINISHED: &str = ".union-";
/// What is written last into the folder of a generation.
const PLAN: &str = "plan.json";
/// How deep folders may lie.
const MAX_DEPTH: usize = 64;

/// Says whether a generation has the links.
pub(super) fn is_written(generation: &Path) -> bool {
    generation.join(UNION).is_dir()
}

/// Moves what was made among the links into the tree of the generation, and removes the links. Returns the paths, from the root.
///
/// # Errors
///
/// When the disk fails.
pub fn collect(generation: &Path) -> io::Result<Vec<Vec<u8>>> {
    let links = generation.join(UNION);
    let mut paths = Vec::new();
    match fs::remove_dir_all(links.join(TEMPORARY)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let root = generation.join("root");
    // From the top: a package's link in place of `var` is not followed.
    adopt(&links, &root, Links::Stay, &mut paths)?;
    clear(generation)?;
    Ok(within(&root, &paths))
}

/// What becomes of a folder that only the generation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnFolders {
    /// A link leads there: nobody writes to it.
    Linked,
    /// It is a folder of links itself, so that files can be made in it: all else is closed to programs that make some.
    Written,
}

/// Writes the links of a generation that is in one folder now, and will be at a place.
///
/// # Errors
///
/// When the disk fails.
pub fn write(generation: &Path, place: &Path, folders: OwnFolders) -> io::Result<()> {
    clear(generation)?;
    write_to(&generation.join(UNION), generation, place, folders)
}

/// Writes the links of a generation that was made where it needed none.
///
/// # Errors
///
/// When it is not finished yet, and when the disk fails.
pub(super) fn complete(generation: &Path) -> io::Result<()> {
    if is_written(generation) {
        return Ok(());
    }
    if !generation.join(PLAN).is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let unfinished = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempdir_in(generation)?;
    write_to(unfinished.path(), generation, generation, OwnFolders::Linked)?;
    match fs::rename(unfinished.path(), generation.join(UNION)) {
        // Another program was started at the same time, and was faster.
        Err(_) if is_written(generation) => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            drop(unfinished.keep());
            Ok(())
        }
    }
}

fn write_to(links: &Path, generation: &Path, place: &Path, folders: OwnFolders) -> io::Result<()> {
    fs::create_dir_all(links.join(TEMPORARY))?;
    let install = place.parent().and_then(Path::parent);
    let joined = Joined {
        folders,
        shown: place.join(UNION),
    };
    for over in LAID {
        let name = over.trim_start_matches('/');
        if !Path::new(over).is_dir() {
            continue;
        }
        let mut layers = Vec::new();
        if over == "/etc" {
            let configuration = install.map(|install| install.join("etc"));
            layers.extend(configuration.map(|folder| Layer::own(&folder, &folder)));
            let pristine = Path::new(PRISTINE).join(name);
            layers.push(Layer::own(&generation.join(&pristine), &place.join(&pristine)));
        }
        let root = Path::new("root").join(name);
        layers.push(Layer::own(&generation.join(&root), &place.join(&root)));
        layers.retain(|layer| layer.path.is_dir());
        layers.push(Layer::host(Path::new(over)));
        joined.join(&layers, &links.join(name), 0)?;
    }
    Ok(())
}

/// Runs something while programs among the links take this user for `man`, whose index of all manuals nobody else makes.
///
/// # Errors
///
/// When the disk fails, or what is run.
pub fn as_man<T>(generation: &Path, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let users = generation.join(UNION).join("etc/passwd");
    let link = fs::read_link(&users).ok();
    let mut text = format!("man:x:{}:{}::/:/bin/sh\n", getuid(), getgid()).into_bytes();
    if link.is_some() {
        text.extend(fs::read(&users)?);
        fs::remove_file(&users)?;
    }
    fs::write(&users, text)?;
    let done = run();
    fs::remove_file(&users)?;
    if let Some(link) = link {
        symlink(link, &users)?;
    }
    done
}

/// Removes the links.
///
/// # Errors
///
/// When the disk fails.
pub fn clear(generation: &Path) -> io::Result<()> {
    match fs::remove_dir_all(generation.join(UNION)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// One of the folders that are joined.
struct Layer {
    path: PathBuf,
    /// Where links lead for what is in it.
    shown: PathBuf,
    is_own: bool,
}

impl Layer {
    fn own(path: &Path, shown: &Path) -> Self {
        Self {
            path: path.to_owned(),
            shown: shown.to_owned(),
            is_own: true,
        }
    }

    fn host(path: &Path) -> Self {
        Self {
            is_own: false,
            ..Self::own(path, path)
        }
    }
}

/// How folders are joined.
struct Joined {
    folders: OwnFolders,
    /// Where the links will be.
    shown: PathBuf,
}

impl Joined {
    fn join(&self, layers: &[Layer], out: &Path, depth: usize) -> io::Result<()> {
        if depth > MAX_DEPTH {
            return Err(io::Error::other("folders lie too deep"));
        }
        fs::create_dir_all(out)?;
        let mut names: BTreeMap<OsString, Vec<(Layer, fs::FileType)>> = BTreeMap::new();
        for layer in layers {
            // A folder of the host may be closed to this user.
            let Ok(entries) = fs::read_dir(&layer.path) else {
                continue;
            };
            for entry in entries {
                let entry = entry?;
                let found = Layer {
                    path: entry.path(),
                    shown: layer.shown.join(entry.file_name()),
                    is_own: layer.is_own,
                };
                names
                    .entry(entry.file_name())
                    .or_default()
                    .push((found, entry.file_type()?));
            }
        }
        for (name, found) in names {
            let to = out.join(name);
            let folders = found.iter().take_while(|(_, kind)| kind.is_dir()).count();
            let is_written =
                self.folders == OwnFolders::Written && found.first().is_some_and(|(first, _)| first.is_own);
            if folders > 1 || folders == 1 && is_written {
                let layers: Vec<Layer> = found.into_iter().take(folders).map(|(layer, _)| layer).collect();
                self.join(&layers, &to, depth + 1)?;
            } else if let Some((first, _)) = found.first() {
                symlink(self.leads(first), &to)?;
            }
        }
        Ok(())
    }

    /// Returns where what is taken of a layer is found. A package's link from the root, as those from `/usr` to `/etc` and `/var` are, would
    /// lead to the host's files.
    fn leads(&self, found: &Layer) -> PathBuf {
        let target = fs::read_link(&found.path).ok().filter(|_| found.is_own);
        let is_laid = |target: &PathBuf| LAID.iter().any(|laid| target.starts_with(laid));
        match target.filter(is_laid) {
            Some(target) => self.shown.join(target.strip_prefix("/").unwrap_or(&target)),
            None => found.shown.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_comes_into_the_tree_and_through_no_link_of_a_package() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in [
            "root/usr",
            "union/tmp",
            "union/usr/share",
            "union/var/lib",
            "outside",
        ] {
            fs::create_dir_all(at(path)).unwrap();
        }
        symlink(at("outside"), at("root/var")).unwrap();
        for path in ["union/tmp/left", "union/usr/share/made", "union/var/lib/made"] {
            fs::write(at(path), path).unwrap();
        }
        assert_eq!(collect(folder.path()).unwrap(), [b"usr/share/made"]);
        assert!(at("root/usr/share/made").is_file());
        assert_eq!(fs::read_dir(at("outside")).unwrap().count(), 0);
        assert!(!at("root/tmp").exists() && !at("union").exists());
    }

    #[test]
    fn links_are_written_later_of_what_is_finished_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join("gen/1").join(path);
        fs::create_dir_all(at("root/usr/share/own")).unwrap();
        assert!(complete(&at("")).is_err());
        assert_eq!(fs::read_dir(at("")).unwrap().count(), 1);
        fs::write(at(PLAN), "").unwrap();
        complete(&at("")).unwrap();
        let link = at("union/usr/share/own");
        assert_eq!(fs::read_link(&link).unwrap(), at("root/usr/share/own"));
        fs::remove_file(&link).unwrap();
        complete(&at("")).unwrap();
        assert!(!link.exists());
        assert_eq!(fs::read_dir(at("")).unwrap().count(), 3);
    }

    #[test]
    fn this_user_is_man_while_something_runs_and_no_longer() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("union/etc")).unwrap();
        fs::write(at("passwd"), "root:x:0:0::/root:/bin/sh\n").unwrap();
        symlink(at("passwd"), at("union/etc/passwd")).unwrap();
        let read = || fs::read_to_string(at("union/etc/passwd"));
        let inside = as_man(folder.path(), read).unwrap();
        let own = format!("man:x:{}:", getuid());
        assert!(inside.starts_with(&own) && inside.contains("\nroot:"), "{inside}");
        assert!(at("union/etc/passwd").is_symlink());
        assert_eq!(read().unwrap(), "root:x:0:0::/root:/bin/sh\n");
        fs::remove_file(at("union/etc/passwd")).unwrap();
        assert!(as_man(folder.path(), read).unwrap().starts_with(&own));
        assert!(!at("union/etc/passwd").exists());
    }

    #[test]
    fn what_both_have_is_joined_and_the_first_counts() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["own/share/own", "host/share/host", "host/only"] {
            fs::create_dir_all(at(path)).unwrap();
        }
        for path in ["own/share/file", "host/share/file", "own/plain"] {
            fs::write(at(path), path).unwrap();
        }
        symlink("plain", at("own/link")).unwrap();
        let layers = || {
            let host = Layer {
                shown: "/usr".into(),
                ..Layer::host(&at("host"))
            };
            [Layer::own(&at("own"), Path::new("/gen/usr")), host]
        };
        symlink("/etc/own/conf", at("own/config")).unwrap();
        let joined = Joined {
            folders: OwnFolders::Linked,
            shown: "/gen/union".into(),
        };
        joined.join(&layers(), &at("union"), 0).unwrap();
        let leads = |path: &str| fs::read_link(at("union").join(path)).unwrap();
        assert_eq!(leads("share/own"), Path::new("/gen/usr/share/own"));
        assert_eq!(leads("share/host"), Path::new("/usr/share/host"));
        assert_eq!(leads("share/file"), Path::new("/gen/usr/share/file"));
        assert_eq!(leads("only"), Path::new("/usr/only"));
        assert_eq!(leads("link"), Path::new("/gen/usr/link"));
        assert_eq!(leads("config"), Path::new("/gen/union/etc/own/conf"));
    }

    #[test]
    fn where_files_are_made_a_folder_that_only_the_generation_has_is_one_of_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["own/schemas/deep", "host/only"] {
            fs::create_dir_all(at(path)).unwrap();
        }
        fs::write(at("own/schemas/deep/file"), "").unwrap();
        let layers = [
            Layer::own(&at("own"), Path::new("/gen/usr")),
            Layer::host(&at("host")),
        ];
        let joined = Joined {
            folders: OwnFolders::Written,
            shown: "/gen/union".into(),
        };
        joined.join(&layers, &at("union"), 0).unwrap();
        fs::write(at("union/schemas/deep/made"), "").unwrap();
        assert!(!at("own/schemas/deep/made").exists());
        let leads = |path: &str| fs::read_link(at("union").join(path)).unwrap();
        assert_eq!(
            leads("schemas/deep/file"),
            Path::new("/gen/usr/schemas/deep/file")
        );
        assert_eq!(leads("only"), at("host/only"));
    }
}
