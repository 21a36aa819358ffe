//! Runs a program with the files of a generation at the paths that they were made for.
//!
//! In a user and mount namespace of its own, the folders of a generation are laid over the host's `/usr`, `/opt` and `/etc`,
//! read-only. Not every kernel and not every container lets that happen, so that nothing may depend on it.
//!
//! Source: user_namespaces(7), mount_namespaces(7), and the kernel's documentation of overlayfs.

#[cfg(target_arch = "x86_64")]
pub mod confined;
#[cfg(not(target_arch = "x86_64"))]
mod elsewhere;
#[cfg(target_arch = "x86_64")]
pub mod tracer;
pub mod union;
mod workshop;

use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{CWD, StatVfsMountFlags};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, mount, mount_bind, mount_change,
    mount_remount,
};
use rustix::thread::UnshareFlags;

#[cfg(not(target_arch = "x86_64"))]
pub use self::elsewhere::{confined, tracer};
pub use self::workshop::{MAKE_COMMAND, TIED_COMMAND, clear, collect, make, tie, wait};

/// Folders of the root that those of a generation are laid over.
const LAID: [&str; 7] = [
    "/usr",
    "/opt",
    "/etc",
    "/var/lib",
    "/var/cache",
    "/var/opt",
    "/srv",
];
/// Those of them in which users may have folders of their own.
const STATE: [&str; 2] = ["/var", "/srv"];

/// How long it may take to try whether programs start: what is tried is the shell of a package.
const LONGEST_TRIAL: Duration = Duration::from_secs(60);

/// The variable that names, inside, the generation whose files lie over the host's.
pub const GENERATION_VARIABLE: &str = "CPKGS_WITHIN";

/// The variable that tells the launcher the name that a program is to be called by, where that is not its path.
pub const NAME_VARIABLE: &str = "CPKGS_CALLED";

/// Where configuration files of packages lie, in the folder of a generation that is being built: those that generations share come last.
pub const PRISTINE: &str = "pristine";

/// The command of `cpkgs` that starts a program with a generation laid over the host.
pub const EXEC_COMMAND: &str = "exec-in-generation";

/// Why the files of a generation cannot be laid over the host's.
#[derive(Debug, thiserror::Error)]
pub enum OverlayError {
    /// The kernel does not let this user have namespaces.
    #[error("this kernel does not let you have a namespace of your own")]
    Namespace(#[source] io::Error),
    /// It does not let them be laid over a folder.
    #[error("the files of the generation cannot be laid over `{}`", path.display())]
    Mount {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Says whether a launcher, which is `cpkgs`, can start programs of a generation in its folder, and those of the host besides them.
///
/// It is tried: whether the host's programs run with another C library over theirs cannot be told otherwise.
pub fn works(launcher: &Path, generation: &Path) -> bool {
    let mut command = Command::new(launcher);
    command
        .arg(EXEC_COMMAND)
        .arg(generation)
        .args(["/bin/sh", "/bin/false", "-c", ":"]);
    let silent = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let tried = silent
        .spawn()
        .and_then(|mut child| wait(&mut child, LONGEST_TRIAL));
    tried.is_ok_and(|status| status.success())
}

/// Says whether a folder of the root is one that a generation's is laid over.
pub fn lays(folder: &[u8]) -> bool {
    Path::new("/").join(OsStr::from_bytes(folder)).is_dir()
}

/// Says whether what lies at a path of a generation, from the root, lies in a folder that is laid over one of this machine.
pub fn is_laid(path: &[u8]) -> bool {
    let path = Path::new("/").join(OsStr::from_bytes(path));
    let over = LAID.iter().find(|over| path.starts_with(over));
    over.is_some_and(|over| Path::new(over).is_dir())
}

/// Says whether users may have folders of their own in one that is laid over.
fn is_state(over: &Path) -> bool {
    STATE.iter().any(|folder| over.starts_with(folder))
}

/// Moves this process, which must have one thread only, into a namespace where the files of a generation lie over the host's.
///
/// # Errors
///
/// When the kernel does not let it. The process may be in a namespace then, without the files; not where it can be told before.
pub fn enter(generation: &Path) -> Result<(), OverlayError> {
    let mut layers = layers(generation);
    // Where the host has no such folder, nobody but root can make one.
    layers.retain(|(over, from)| from.len() > 1 && over.is_dir());
    // Asked before: who is in a namespace cannot be followed from outside instead.
    for (over, _) in &layers {
        refuse_to_hide_mounts(over).map_err(|source| OverlayError::Mount {
            path: over.to_path_buf(),
            source,
        })?;
    }
    separate(Who::Same, UnshareFlags::empty()).map_err(OverlayError::Namespace)?;
    for (over, from) in layers {
        let mount = || {
            let mut kept = MountedTree::below(over)?;
            if is_state(over) {
                kept.extend(MountedTree::writable(over, &from)?);
            }
            match (lay(over, &from, None), from.first()) {
                // Something is mounted below the host's that the kernel does not let a user hide, such as a container's files.
                (Err(error), Some(own))
                    if is_state(over) && Errno::from_io_error(&error) == Some(Errno::INVAL) =>
                {
                    show(own, over)?;
                }
                (done, _) => done?,
            }
            kept.iter().try_for_each(MountedTree::put_back)
        };
        mount().map_err(|source| OverlayError::Mount {
            path: over.to_owned(),
            source,
        })?;
    }
    Ok(())
}

/// Refuses to lay files over a folder below which something is mounted: the kernel does not let a user hide that. Where users may have
/// folders of their own, the generation's are shown in the place of the host's.
fn refuse_to_hide_mounts(over: &Path) -> io::Result<()> {
    if is_state(over) {
        return Ok(());
    }
    match places_below(over)?.first() {
        Some(place) => Err(io::Error::other(format!(
            "`{}` is mounted below it, which the kernel does not let you hide",
            place.display()
        ))),
        None => Ok(()),
    }
}

/// Returns where something is mounted below a folder, what lies deeper last.
///
/// Source: proc_pid_mountinfo(5): the fifth field is the place, with octal escapes.
fn places_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let table = fs::read("/proc/self/mountinfo")?;
    let lines = table.split(|byte| *byte == b'\n');
    let places = lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4).map(unescaped));
    let places = places.map(|place| PathBuf::from(OsString::from_vec(place)));
    Ok(places
        .filter(|path| path.starts_with(folder) && path != folder)
        .collect())
}

/// Returns the folders that are laid over, each with its layers: overlayfs takes a file from the first that has it.
fn layers(generation: &Path) -> Vec<(&'static Path, Vec<PathBuf>)> {
    let root = generation.join("root");
    // `gen/<n>` lies in the install folder, and so does the configuration that generations share: links to it from their root
    // would lead to themselves here. What the user has there comes before what packages have.
    let install = generation.parent().and_then(Path::parent);
    let configuration = install.map(|install| install.join("etc"));
    let layers = LAID.map(|over| {
        let own = root.join(over.trim_start_matches('/'));
        let mut from = Vec::new();
        if over == "/etc" {
            from.extend(configuration.clone());
            from.push(generation.join(PRISTINE).join("etc"));
        }
        from.push(own);
        let has_files =
            |folder: &PathBuf| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
        from.retain(has_files);
        // The lowest layer: what the generation does not have is the host's.
        from.push(PathBuf::from(over));
        (Path::new(over), from)
    });
    layers.into()
}

/// Something that is mounted below a folder that is laid over: a container's `/etc/resolv.conf`.
struct MountedTree {
    path: PathBuf,
    tree: OwnedFd,
}

impl MountedTree {
    /// Takes hold of all that is mounted below a folder, what lies deeper last.
    fn below(folder: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for path in places_below(folder)? {
            let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
            let flags = flags | OpenTreeFlags::AT_RECURSIVE;
            let tree = rustix::mount::open_tree(CWD, &path, flags)?;
            found.push(Self { path, tree });
        }
        Ok(found)
    }

    /// Takes hold of what lies right in a folder and is the user's to write, unless the generation has files there.
    fn writable(folder: &Path, layers: &[PathBuf]) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let mut own = layers.iter().filter(|layer| *layer != folder);
            let is_full =
                |folder: &Path| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
            if own.any(|layer| is_full(&layer.join(entry.file_name()))) {
                continue;
            }
            let is_ours = rustix::fs::access(&path, rustix::fs::Access::WRITE_OK).is_ok();
            if is_ours && path.is_dir() && !path.is_symlink() {
                let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
                let flags = flags | OpenTreeFlags::AT_RECURSIVE;
                let tree = rustix::mount::open_tree(CWD, &path, flags)?;
                found.push(Self { path, tree });
            }
        }
        Ok(found)
    }

    fn put_back(&self) -> io::Result<()> {
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        match rustix::mount::move_mount(&self.tree, "", CWD, &self.path, flags) {
            // What it lay on was hidden before, too, or a package has something else there.
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            moved => Ok(moved?),
        }
    }
}

/// Takes the octal escapes out of a field.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if *first == b'\\' => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// Who a user is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The same as outside.
    Same,
    /// Root, who may write to all files of the user's, whatever their permissions.
    Root,
    /// The user `man`, whose index of all manuals nobody else may make; with the permissions of the same as outside.
    Man,
}

impl Who {
    /// Returns what stands for it in a command.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Root => "root",
            Self::Man => "man",
        }
    }

    /// Reads that.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Same, Self::Root, Self::Man]
            .into_iter()
            .find(|who| who.word() == word)
    }
}

#[expect(
    deprecated,
    reason = "the other one is unsafe because of file tables, which are not unshared here"
)]
fn separate(inside: Who, more: UnshareFlags) -> io::Result<()> {
    let (user, group) = (
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw(),
    );
    rustix::thread::unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS | more)?;
    // Without root the map of groups can be written only after setgroups is given up. Source: user_namespaces(7).
    fs::write("/proc/self/setgroups", "deny")?;
    let (own_user, own_group) = match inside {
        Who::Same => (user, group),
        Who::Root => (0, 0),
        // Debian has these everywhere. Source: /usr/share/base-passwd/passwd.master and group.master.
        Who::Man => (6, 12),
    };
    fs::write("/proc/self/uid_map", format!("{own_user} {user} 1\n"))?;
    fs::write("/proc/self/gid_map", format!("{own_group} {group} 1\n"))?;
    // Otherwise what is mounted here would appear on the host as well.
    Ok(mount_change(
        "/",
        MountPropagationFlags::REC | MountPropagationFlags::PRIVATE,
    )?)
}

/// Lays folders over one, read-only; or with a folder above them that takes what is written, and one for the kernel.
fn lay(over: &Path, from: &[PathBuf], upper: Option<(&Path, &Path)>) -> io::Result<()> {
    let mut option = b"lowerdir=".to_vec();
    for (index, folder) in from.iter().enumerate() {
        if index > 0 {
            option.push(b':');
        }
        option.extend(escaped(folder));
    }
    let mut flags = MountFlags::RDONLY;
    if let Some((upper, work)) = upper {
        flags = MountFlags::empty();
        option.extend(
            [
                b",upperdir=".as_slice(),
                &escaped(upper),
                b",workdir=",
                &escaped(work),
                b",userxattr",
            ]
            .concat(),
        );
    }
    let option = CString::new(option)?;
    Ok(mount("overlay", over, "overlay", flags, Some(option.as_c_str()))?)
}

/// Puts a folder in place of another, read-only.
fn show(own: &Path, over: &Path) -> io::Result<()> {
    // What the file system does not allow must not be allowed here.
    let known = rustix::fs::statvfs(own)?.f_flag;
    let all = [
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ];
    let kept = all.into_iter().filter(|(flag, _)| known.contains(*flag));
    let flags = MountFlags::BIND | MountFlags::RDONLY;
    let flags = kept.fold(flags, |flags, (_, flag)| flags | flag);
    mount_bind(own, over)?;
    Ok(mount_remount(over, flags, "")?)
}

/// Returns a path as an option of a mount has it: the kernel splits options at commas, and values at colons.
fn escaped(path: &Path) -> Vec<u8> {
    let mut escaped = Vec::new();
    for byte in path.as_os_str().as_bytes() {
        if matches!(byte, b':' | b',' | b'\\') {
            escaped.push(b'\\');
        }
        escaped.push(*byte);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_the_table_of_mounts_are_taken_out() {
        assert_eq!(unescaped(br"/etc/a\040b\134c"), b"/etc/a b\\c");
        assert_eq!(unescaped(br"/x\9"), br"/x\9");
    }
}
