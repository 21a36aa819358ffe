//! A folder on a disk of this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use debian_control::digest::Sha256;

use super::{FileHead, FileStore, Lifetime, LocalFile, OpenFile, PutNew, StoreError};
use crate::file_digest;

/// A folder; files get their names by a link or a rename, and names last from the next [`FileStore::settle`] on.
pub struct Folder {
    root: PathBuf,
    address: String,
}

impl Folder {
    /// Takes a folder, which is made when something is written into it.
    pub fn new(root: PathBuf) -> Self {
        Self {
            address: root.display().to_string(),
            root,
        }
    }

    fn failed(&self, action: &'static str, path: &str, source: io::Error) -> StoreError {
        StoreError {
            action,
            path: path.to_owned(),
            store: self.address.clone(),
            is_away: false,
            source: Box::new(source),
        }
    }

    /// Returns the alias that a path leads through: a link in `dists/` to a folder beside it. Other links are whoever keeps the
    /// folder's own: they may put a suite on another disk.
    fn alias_above<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.ancestors()
            .take_while(|above| *above != self.root)
            .find(|above| above.parent().is_some_and(|folder| folder.ends_with("dists")) && is_alias(above))
    }

    /// Opens a file that no alias leads to; `None` where there is none.
    fn opened(&self, path: &str) -> Result<Option<(File, FileHead)>, StoreError> {
        let file = self.root.join(path);
        if self.alias_above(&file).is_some() {
            return Ok(None);
        }
        let open = || -> io::Result<(File, FileHead)> {
            // Nobody may ever write to a pipe that somebody put there.
            let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
            let file = File::options().read(true).custom_flags(nonblocking).open(&file)?;
            let found = file.metadata()?;
            match (found.is_file(), found.is_dir()) {
                (true, _) => Ok((file, head(&found))),
                (_, true) => Err(io::ErrorKind::NotFound.into()),
                _ => Err(io::Error::other("it is not a regular file")),
            }
        };
        match open() {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.failed("read", path, error)),
        }
    }

    /// Goes through all that lies below a folder, with its path below the root; links are not followed.
    fn walk(
        &self,
        folder: &str,
        mut each: impl FnMut(&str, &walkdir::DirEntry) -> walkdir::Result<()>,
    ) -> Result<(), StoreError> {
        let top = self.root.join(folder);
        if !top.is_dir() || self.alias_above(&top).is_some() {
            return Ok(());
        }
        for entry in walkdir::WalkDir::new(&top) {
            let seen = entry.and_then(|entry| {
                let below = entry.path().strip_prefix(&self.root).ok();
                // A name that is not UTF-8 is of no archive.
                below
                    .and_then(Path::to_str)
                    .map_or(Ok(()), |path| each(path, &entry))
            });
            match seen.map_err(io::Error::from) {
                // It was deleted while this went through the folder.
                Err(error) if is_missing(&error) => {}
                seen => seen.map_err(|error| self.failed("list", folder, error))?,
            }
        }
        Ok(())
    }

    /// Returns the names of a kind in a folder; none where there is no folder.
    fn entries(
        &self,
        folder: &str,
        is_it: fn(&std::fs::FileType) -> bool,
    ) -> Result<Vec<String>, StoreError> {
        let read = || -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in std::fs::read_dir(self.root.join(folder))? {
                let entry = entry?;
                if let (true, Some(name)) = (is_it(&entry.file_type()?), entry.file_name().to_str()) {
                    names.push(name.to_owned());
                }
            }
            names.sort();
            Ok(names)
        };
        match read() {
            Err(error) if is_missing(&error) => Ok(Vec::new()),
            read => read.map_err(|error| self.failed("list", folder, error)),
        }
    }

    /// Returns where a file goes, and makes the folder for it.
    fn target(&self, path: &str) -> Result<PathBuf, StoreError> {
        let target = self.root.join(path);
        let folder = target.parent().unwrap_or(&self.root);
        let make = || -> io::Result<()> {
            // What was an alias once must not lead a file into another suite.
            while let Some(alias) = self.alias_above(folder) {
                match std::fs::remove_file(alias) {
                    // Another write did so just now.
                    Err(_) if !is_alias(alias) => {}
                    removed => removed?,
                }
            }
            std::fs::create_dir_all(folder)
        };
        make().map_err(|error| self.failed("make the folder of", path, error))?;
        Ok(target)
    }

    /// Gives a file of this file system a name that no other file has.
    fn link(&self, from: &Path, path: &str, sha256: &Sha256) -> Result<PutNew, StoreError> {
        let (target, linked) = loop {
            let target = self.target(path)?;
            // Unlike a rename, a link never takes the place of a file that is there.
            let linked = std::fs::hard_link(from, &target);
            match &linked {
                // Who deletes the last file of a folder takes the folder away, too, which may be just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound && from.exists() => {}
                _ => break (target, linked),
            }
        };
        match linked {
            Ok(()) => Ok(PutNew::Written),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                match file_digest::digest(&target) {
                    Ok(found) if found == *sha256 => {
                        serve(&target).map_err(|error| self.failed("make readable", path, error))?;
                        Ok(PutNew::Same)
                    }
                    Ok(_) => Ok(PutNew::Other),
                    Err(error) => Err(self.failed("read", path, error)),
                }
            }
            Err(error) => Err(self.failed("write", path, error)),
        }
    }
}

impl FileStore for Folder {
    fn address(&self) -> &str {
        &self.address
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.root)
    }

    fn read_with_head(&self, path: &str) -> Result<Option<(Vec<u8>, FileHead)>, StoreError> {
        let Some((mut file, head)) = self.opened(path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        match file.read_to_end(&mut bytes) {
            Ok(_) => Ok(Some((bytes, head))),
            Err(error) => Err(self.failed("read", path, error)),
        }
    }

    fn open(&self, path: &str, range: Option<Range<u64>>) -> Result<Option<OpenFile>, StoreError> {
        let Some((mut file, head)) = self.opened(path)? else {
            return Ok(None);
        };
        let content: Box<dyn Read + Send> = match range {
            None => Box::new(file),
            Some(range) => {
                file.seek(SeekFrom::Start(range.start))
                    .map_err(|error| self.failed("read", path, error))?;
                Box::new(file.take(range.end.saturating_sub(range.start)))
            }
        };
        Ok(Some(OpenFile { head, content }))
    }

    fn head(&self, path: &str) -> Result<Option<FileHead>, StoreError> {
        let file = self.root.join(path);
        if self.alias_above(&file).is_some() {
            return Ok(None);
        }
        match file.metadata() {
            Ok(found) => Ok(found.is_file().then(|| head(&found))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.failed("read", path, error)),
        }
    }

    fn put_new(&self, path: &str, file: &LocalFile<'_>) -> Result<PutNew, StoreError> {
        self.link(file.path, path, &file.sha256)
    }

    fn copy_new(&self, from: &str, to: &str, sha256: &Sha256) -> Result<PutNew, StoreError> {
        self.link(&self.root.join(from), to, sha256)
    }

    fn replace(&self, path: &str, file: &LocalFile<'_>) -> Result<(), StoreError> {
        let target = self.target(path)?;
        std::fs::rename(file.path, &target).map_err(|error| self.failed("write", path, error))
    }

    fn replace_if(
        &self,
        path: &str,
        file: &LocalFile<'_>,
        _before: Option<&FileHead>,
    ) -> Result<bool, StoreError> {
        self.replace(path, file).map(|()| true)
    }

    fn copy(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let source = self.root.join(from);
        let mut file = File::open(&source).map_err(|error| self.failed("read", from, error))?;
        let found = file
            .metadata()
            .map_err(|error| self.failed("read", from, error))?;
        self.write(to, &mut file, found.len(), Lifetime::Replaceable)
    }
    fn write(
        &self,
        path: &str,
        content: &mut (dyn Read + Send),
        size: u64,
        lifetime: Lifetime,
    ) -> Result<(), StoreError> {
        let target = self.target(path)?;
        let mut write = || -> io::Result<()> {
            let folder = target.parent().unwrap_or(&self.root);
            // Beside its name and hidden, so that web servers do not serve it and a rename is one step.
            let mut draft = tempfile::Builder::new()
                .prefix(".")
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
                .tempfile_in(folder)?;
            let written = io::copy(content, &mut draft)?;
            if written != size {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("{written} of {size} bytes came"),
                ));
            }
            if lifetime == Lifetime::Replaceable {
                draft.as_file().set_modified(later_than(&target)?)?;
            }
            draft.as_file().sync_all()?;
            draft.persist(&target).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| self.failed("write", path, error))
    }

    fn settle(&self, named: &mut dyn Iterator<Item = &str>) -> Result<(), StoreError> {
        let mut folders = BTreeSet::new();
        for folder in named {
            // All of them up to the root: a writer that was killed may have made one and not come to its sync.
            folders.extend(Path::new(folder).ancestors().map(|above| self.root.join(above)));
        }
        // Deepest first: a name lasts once the folder that holds it is synced.
        for folder in folders.iter().rev() {
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            match synced {
                // What was deleted took its folder with it, and the one above is synced next.
                Err(error) if !is_missing(&error) => {
                    return Err(self.failed("sync", &folder.display().to_string(), error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn link_folder(&self, alias: &str, name: &str) -> Result<bool, StoreError> {
        let link = self.root.join(alias);
        if std::fs::read_link(&link).is_ok_and(|target| target == Path::new(name)) {
            return Ok(true);
        }
        let put = || -> io::Result<()> {
            let folder = link.parent().unwrap_or(&self.root);
            std::fs::create_dir_all(folder)?;
            let draft = tempfile::Builder::new()
                .prefix(".")
                .make_in(folder, |path| symlink(name, path))?;
            if link.symlink_metadata().is_ok_and(|found| found.is_dir()) {
                // The folder of a suite that is gone and had this name changes places with the link, and goes.
                let here = rustix::fs::CWD;
                rustix::fs::renameat_with(
                    here,
                    draft.path(),
                    here,
                    &link,
                    rustix::fs::RenameFlags::EXCHANGE,
                )?;
                let (_, gone) = draft.keep().map_err(|error| error.error)?;
                return std::fs::remove_dir_all(gone);
            }
            draft.persist(&link).map_err(|error| error.error)
        };
        put().map_err(|error| self.failed("link", alias, error))?;
        Ok(true)
    }

    fn links(&self, folder: &str) -> Result<Vec<(String, String)>, StoreError> {
        let read = || -> io::Result<Vec<(String, String)>> {
            let mut links = Vec::new();
            for entry in std::fs::read_dir(self.root.join(folder))? {
                let entry = entry?;
                if entry.file_type()?.is_symlink() {
                    let target = std::fs::read_link(entry.path())?;
                    let (name, target) = (entry.file_name(), target.to_string_lossy().into_owned());
                    links.push((name.to_string_lossy().into_owned(), target));
                }
            }
            links.sort();
            Ok(links)
        };
        match read() {
            Err(error) if is_missing(&error) => Ok(Vec::new()),
            read => read.map_err(|error| self.failed("list", folder, error)),
        }
    }

    fn list(&self, folder: &str) -> Result<BTreeMap<String, FileHead>, StoreError> {
        let mut files = BTreeMap::new();
        self.walk(folder, |path, entry| {
            if entry.file_type().is_file() {
                files.insert(path.to_owned(), head(&entry.metadata()?));
            }
            Ok(())
        })?;
        Ok(files)
    }

    fn irregular_files(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let mut irregular = Vec::new();
        self.walk(folder, |path, entry| {
            let kind = entry.file_type();
            // A pool may lie elsewhere: what a folder itself leads to is no concern here.
            if entry.depth() > 0 && !kind.is_file() && !kind.is_dir() {
                irregular.push(path.to_owned());
            }
            Ok(())
        })?;
        irregular.sort();
        Ok(irregular)
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        self.entries(folder, std::fs::FileType::is_file)
    }

    fn folders(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        self.entries(folder, std::fs::FileType::is_dir)
    }

    fn delete(&self, path: &str) -> Result<(), StoreError> {
        let target = self.root.join(path);
        match std::fs::remove_file(&target) {
            Err(error) if !is_missing(&error) => return Err(self.failed("delete", path, error)),
            _ => {}
        }
        for folder in target
            .ancestors()
            .skip(1)
            .take_while(|folder| *folder != self.root && folder.parent() != Some(&self.root))
        {
            // Fails, as it should, where something is left in it.
            if std::fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// Says whether a path is a link to a folder beside it: an alias, which gives way to a suite that takes its name.
pub fn is_alias(path: &Path) -> bool {
    let target = std::fs::read_link(path);
    target.is_ok_and(|target| target.file_name() == Some(target.as_os_str()))
}

fn head(found: &Metadata) -> FileHead {
    let modified = found.modified().ok();
    let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    FileHead {
        size: found.len(),
        modified: since.map_or(0, |span| i64::try_from(span.as_secs()).unwrap_or(i64::MAX)),
        tag: None,
        version: None,
    }
}

/// Returns now, or a second after the time of the file that is there.
///
/// apt asks by If-Modified-Since, which has seconds only: of two files of one second it would take the first for the newest.
fn later_than(file: &Path) -> io::Result<SystemTime> {
    let now = SystemTime::now();
    match file.metadata() {
        Ok(found) => Ok(now.max(found.modified()? + Duration::from_secs(1))),
        Err(error) if is_missing(&error) => Ok(now),
        Err(error) => Err(error),
    }
}

/// Has everybody read a file, as those that are written here: it may have come with other rights, from a copy say.
fn serve(file: &Path) -> io::Result<()> {
    let mode = file.metadata()?.permissions().mode();
    match mode & 0o444 {
        0o444 => Ok(()),
        _ => std::fs::set_permissions(file, Permissions::from_mode(mode | 0o444)),
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
