//! A namespace in which programs of a generation make files for it: indexes, caches, formats.
//!
//! The files of the generation lie over the host's as ever, and what is written there goes to a folder of its own. All else is read-only
//! or hidden, there is no network, and every process in it ends with the first one.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::mount::{MountFlags, mount, mount_bind, mount_remount};
use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::{CapabilitySet, UnshareFlags, remove_capability_from_bounding_set};

use super::{LAID, Who, is_state, lay, layers, places_below, separate, unescaped};

/// The command of `cpkgs` that starts a program in a workshop: GENERATION WHO SECONDS PROGRAM ARGUMENT…
pub const MAKE_COMMAND: &str = "make-in-generation";
/// The command of `cpkgs` that becomes a program which ends when its parent does: PROGRAM ARGUMENT…
pub const TIED_COMMAND: &str = "exec-tied";
/// Where dpkg looks for its database, from the root.
const DATABASE: &str = "var/lib/dpkg";
/// Where files lie that were made, in the folder of a generation.
const MADE: &str = "made";
/// Where the kernel has its own files for that.
const WORK: &str = "work";
/// Folders in whose folders a program writes all anew: what the host has there is root's, and in the way.
const WRITTEN_ANEW: [&str; 1] = ["usr/share/mime"];
/// How often is looked whether a program ended.
const LOOK: Duration = Duration::from_millis(5);

/// Runs a program in a workshop for the generation in a folder, for so long at most; returns whether it succeeded.
///
/// The process, which must have one thread only, is in the workshop afterwards.
///
/// # Errors
///
/// When there can be no workshop, and when the program takes too long.
pub fn make(generation: &Path, who: Who, limit: Duration, command: &[OsString]) -> io::Result<bool> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    enter(generation, who)?;
    let mut child = Command::new("/proc/self/exe")
        .arg(TIED_COMMAND)
        .args(command)
        .current_dir("/tmp")
        .spawn()?;
    // The first process of a namespace takes all others along.
    Ok(wait(&mut child, limit)?.success())
}

/// Waits for a process, and ends it when it takes too long.
///
/// # Errors
///
/// When it takes too long.
pub fn wait(child: &mut Child, limit: Duration) -> io::Result<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            let message = format!("took longer than {} seconds", limit.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        std::thread::sleep(LOOK);
    }
}

/// Has this process end when its parent does, and takes from what it becomes the rights to mount, and to look into its parent, which
/// may mount.
///
/// # Errors
///
/// When the kernel does not let it.
pub fn tie() -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    for right in [CapabilitySet::SYS_ADMIN, CapabilitySet::SYS_PTRACE] {
        match remove_capability_from_bounding_set(right) {
            // Who is not root in there has no such rights.
            Err(Errno::PERM) => {}
            done => done?,
        }
    }
    Ok(())
}

fn enter(generation: &Path, who: Who) -> io::Result<()> {
    separate(
        who,
        UnshareFlags::NEWNET | UnshareFlags::NEWPID | UnshareFlags::NEWIPC,
    )?;
    let others = mounts()?;
    let nothing = generation.join(WORK).join("nothing");
    fs::create_dir_all(&nothing)?;
    let mut left = Vec::new();
    for (over, mut from) in layers(generation) {
        // Where the host has no such folder, nobody but root can make one.
        if !over.is_dir() {
            continue;
        }
        // The generation has nothing there, and the kernel does not let a user hide what is mounted below.
        if from.len() < 2 && !is_state(over) && !places_below(over)?.is_empty() {
            left.push(over);
            continue;
        }
        // No program here needs what the host has there, and where something is mounted below, it cannot be laid over.
        if is_state(over) {
            from.retain(|folder| folder != over);
            from.push(nothing.clone());
        }
        let name = over.strip_prefix("/").unwrap_or(over);
        let upper = generation.join(MADE).join(name);
        let work = generation.join(WORK).join(name);
        fs::create_dir_all(&upper)?;
        own_folders(generation, over)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&work)?;
        lay(over, &from, Some((&upper, &work)))?;
    }
    for other in others {
        let is_hidden = LAID.iter().any(|laid| other.path.starts_with(laid));
        if !is_hidden || left.iter().any(|left| other.path.starts_with(left)) {
            other.protect()?;
        }
    }
    let database = generation.join("dpkg");
    if Path::new("/var/lib").is_dir() {
        fs::create_dir_all(Path::new("/").join(DATABASE))?;
        mount_bind(database, Path::new("/").join(DATABASE))?;
    }
    for folder in ["/tmp", "/var/tmp", "/run", "/dev/shm"] {
        if Path::new(folder).is_dir() {
            let flags = MountFlags::NOSUID | MountFlags::NODEV;
            mount("tmpfs", folder, "tmpfs", flags, Some(c"mode=1777"))?;
        }
    }
    Ok(())
}

/// Lays folders of our own over those that the host has where programs write all anew: whose folder it is may delete what is in it.
fn own_folders(generation: &Path, over: &Path) -> io::Result<()> {
    for name in WRITTEN_ANEW {
        let folder = Path::new("/").join(name);
        if !folder.starts_with(over) || !folder.is_dir() || !generation.join("root").join(name).is_dir() {
            continue;
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::create_dir_all(generation.join(MADE).join(name).join(entry.file_name()))?;
            }
        }
    }
    Ok(())
}

/// Something that is mounted.
struct Mounted {
    path: PathBuf,
    flags: MountFlags,
}

impl Mounted {
    /// Makes it read-only.
    fn protect(&self) -> io::Result<()> {
        let flags = self.flags | MountFlags::BIND | MountFlags::RDONLY;
        // Who cannot reach it cannot write to it either; the kernel protects its own file systems.
        let is_kernels = ["/proc", "/sys", "/dev"]
            .iter()
            .any(|folder| self.path.starts_with(folder));
        match mount_remount(&self.path, flags, "") {
            Err(_) if is_kernels || !self.path.exists() => Ok(()),
            done => Ok(done?),
        }
    }
}

/// Returns all that is mounted, with the flags that must not be lost. Source: proc_pid_mountinfo(5).
fn mounts() -> io::Result<Vec<Mounted>> {
    let table = fs::read("/proc/self/mountinfo")?;
    let lines = table.split(|byte| *byte == b'\n');
    let read = |line: &[u8]| {
        let mut fields = line.split(|byte| *byte == b' ').skip(4);
        let path = PathBuf::from(OsString::from_vec(unescaped(fields.next()?)));
        let options = fields.next()?.split(|byte| *byte == b',');
        let flags = options.fold(MountFlags::empty(), |flags, option| {
            flags
                | match option {
                    b"nosuid" => MountFlags::NOSUID,
                    b"nodev" => MountFlags::NODEV,
                    b"noexec" => MountFlags::NOEXEC,
                    b"noatime" => MountFlags::NOATIME,
                    b"nodiratime" => MountFlags::NODIRATIME,
                    b"relatime" => MountFlags::RELATIME,
                    _ => MountFlags::empty(),
                }
        });
        Some(Mounted { path, flags })
    };
    Ok(lines.filter_map(read).collect())
}

/// Moves what was made into the tree of a generation, and removes what the kernel left. Returns the paths, from the root.
///
/// # Errors
///
/// When the disk fails.
pub fn collect(generation: &Path) -> io::Result<Vec<Vec<u8>>> {
    let (made, root) = (generation.join(MADE), generation.join("root"));
    let mut paths = Vec::new();
    if made.is_dir() {
        match fs::remove_dir(made.join(DATABASE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        adopt(&made, &root, Links::Come, &mut paths)?;
        fs::remove_dir_all(&made)?;
    }
    clear(generation)?;
    Ok(within(&root, &paths))
}

/// Returns paths as they are from the root.
pub(super) fn within(root: &Path, paths: &[PathBuf]) -> Vec<Vec<u8>> {
    let paths = paths.iter().filter_map(|path| path.strip_prefix(root).ok());
    paths.map(|path| path.as_os_str().as_bytes().to_vec()).collect()
}

/// What becomes of symbolic links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// They were made, and come along.
    Come,
    /// They were there before.
    Stay,
}

/// Removes what the kernel has for a workshop: folders that not even their owner may read.
///
/// # Errors
///
/// When it cannot be removed.
pub fn clear(generation: &Path) -> io::Result<()> {
    for folder in LAID {
        let inner = generation
            .join(WORK)
            .join(folder.trim_start_matches('/'))
            .join("work");
        match fs::remove_dir(inner) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    match fs::remove_dir_all(generation.join(WORK)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// How deep folders may lie.
const MAX_DEPTH: usize = 64;

/// Takes the permission to write to a file.
fn close(path: &Path) -> io::Result<()> {
    let mut permissions = fs::symlink_metadata(path)?.permissions();
    let mode = if permissions.mode() & 0o111 == 0 {
        0o444
    } else {
        0o555
    };
    permissions.set_mode(mode);
    fs::set_permissions(path, permissions)
}

/// Moves files from one tree to another.
pub(super) fn adopt(from: &Path, to: &Path, links: Links, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut pending = vec![(from.to_owned(), to.to_owned(), 0)];
    while let Some((from, to, depth)) = pending.pop() {
        if depth > MAX_DEPTH {
            return Err(io::Error::other("folders lie too deep"));
        }
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
            let known = fs::symlink_metadata(&target).ok();
            // Links are the configuration that generations share, or a package's own.
            let is_taken = |known: &fs::Metadata| known.is_symlink() || known.is_dir() != kind.is_dir();
            if known.as_ref().is_some_and(is_taken) {
                continue;
            }
            if kind.is_dir() {
                if known.is_none() {
                    fs::create_dir(&target)?;
                }
                pending.push((entry.path(), target, depth + 1));
            } else if kind.is_file() {
                close(&entry.path())?;
                fs::rename(entry.path(), &target)?;
                paths.push(target);
            } else if kind.is_symlink() && known.is_none() && links == Links::Come {
                let leads = fs::read_link(entry.path())?;
                std::os::unix::fs::symlink(relative(&leads, depth), &target)?;
                paths.push(target);
            }
            // What else there is stands for something that was deleted: packages keep their files.
        }
    }
    Ok(())
}

/// Returns where a link leads from where it stands, in a tree that is not the root.
fn relative(leads: &Path, depth: usize) -> PathBuf {
    match leads.strip_prefix("/") {
        Ok(rest) => Path::new(&"../".repeat(depth)).join(rest),
        Err(_) => Path::new(OsStr::new(leads)).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_takes_too_long_is_ended() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let error = wait(&mut child, Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(child.try_wait().unwrap().is_some());
        let mut child = Command::new("true").spawn().unwrap();
        assert!(wait(&mut child, Duration::MAX).unwrap().success());
    }
}
