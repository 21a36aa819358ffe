//! Runs a program with the files of a generation at the paths that they were made for.
//!
//! In a user and mount namespace of its own, the folders of a generation are laid over the host's `/usr` and `/etc`,
//! read-only. Not every kernel and not every container lets that happen, so that nothing may depend on it.
//!
//! Source: user_namespaces(7), mount_namespaces(7), and the kernel's documentation of overlayfs.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::UnshareFlags;

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

/// Moves this process, which must have one thread only, into a namespace where the files of a generation lie over the host's.
///
/// # Errors
///
/// When the kernel does not let it. The process may be in a namespace then, without the files.
pub fn enter(install: &Path, generation: &Path) -> Result<(), OverlayError> {
    separate().map_err(OverlayError::Namespace)?;
    let root = generation.join("root");
    let layers = [
        ("/usr", vec![root.join("usr")]),
        // Configuration is shared by generations; links to it from their root would lead to themselves here.
        ("/etc", vec![install.join("etc"), root.join("etc")]),
    ];
    for (over, mut from) in layers {
        from.retain(|folder| folder.is_dir());
        if from.is_empty() {
            continue;
        }
        from.push(PathBuf::from(over));
        lay(Path::new(over), &from).map_err(|source| OverlayError::Mount {
            path: PathBuf::from(over),
            source,
        })?;
    }
    Ok(())
}

#[expect(
    deprecated,
    reason = "the other one is unsafe because of file tables, which are not unshared here"
)]
fn separate() -> io::Result<()> {
    let (user, group) = (
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw(),
    );
    rustix::thread::unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1\n"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1\n"))?;
    Ok(mount_change(
        "/",
        MountPropagationFlags::REC | MountPropagationFlags::PRIVATE,
    )?)
}

fn lay(over: &Path, from: &[PathBuf]) -> io::Result<()> {
    let mut option = b"lowerdir=".to_vec();
    for (index, folder) in from.iter().enumerate() {
        if index > 0 {
            option.push(b':');
        }
        for byte in folder.as_os_str().as_bytes() {
            if matches!(byte, b':' | b',' | b'\\') {
                option.push(b'\\');
            }
            option.push(*byte);
        }
    }
    let option = CString::new(option)?;
    Ok(mount(
        "overlay",
        over,
        "overlay",
        MountFlags::RDONLY,
        Some(option.as_c_str()),
    )?)
}
