//! A disk that can be filled.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A small file system in memory, mounted where only a program sees it that lives as long as this.
pub struct SmallDisk {
    holder: Child,
    folder: TempDir,
}

impl SmallDisk {
    /// Makes one for a test, which is skipped where nobody may mount: `None` then.
    #[track_caller]
    pub fn for_test(mebibytes: u32) -> Option<Self> {
        let disk = Self::new(mebibytes);
        if disk.is_none() {
            crate::skip("mounts in a user namespace");
        }
        disk
    }

    /// Makes one of so many MiB; `None` where nobody may mount in a namespace of one's own.
    pub fn new(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "mount -t tmpfs -o size={mebibytes}m,mode=755 tmpfs \"$1\" && mkdir \"$1/archive\" && echo mounted && read end"
        );
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let said = holder.stdout.take().expect("it was asked for");
        BufReader::new(said).read_line(&mut line).unwrap();
        let disk = Self { holder, folder };
        (line == "mounted\n").then_some(disk)
    }

    /// Returns the program that sees it.
    pub(crate) fn holder(&self) -> u32 {
        self.holder.id()
    }

    /// Returns its empty folder, as that program sees it.
    pub(crate) fn archive(&self) -> PathBuf {
        self.folder.path().join("archive")
    }

    /// Fills it but for so many bytes.
    pub fn fill(&self, left: u64) {
        let chunk = [0; 4096];
        let mut file = File::create(self.filler()).unwrap();
        while file.write_all(&chunk).is_ok() {}
        let size = file.metadata().unwrap().len();
        file.set_len(size.saturating_sub(left)).unwrap();
    }

    /// Ends that.
    pub fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        let inside = self.folder.path().join("filler");
        let inside = inside.strip_prefix("/").expect("a temporary folder is absolute");
        Path::new("/proc")
            .join(self.holder().to_string())
            .join("root")
            .join(inside)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The mount goes with the last program of its namespace.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
