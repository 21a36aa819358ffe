//! The folders of a watch, and how often it polls them.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder that packages are dropped into, below the root.
pub const INCOMING: &str = "incoming";
/// The folder below it for what was refused.
pub const REJECTED: &str = "rejected";

/// How often the folders and the configuration are looked at when nothing is heard: the system is silent on network
/// file systems, and may lose count. A look lists a few folders.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Returns the folder for dropped packages of an archive.
pub(super) fn incoming_folder(root: &Path) -> PathBuf {
    root.join(INCOMING)
}
