//! A disk that fills in the middle of a publish, at one place after the other.

use super::{Account, Churn, Clients, owner};
use crate::{Nginx, TestArchive, apt};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct FullDisks {
    /// Bytes by which the room that is left grows each time, from none at all until a publish fits.
    pub step: u64,
    /// Clients that read all the while.
    pub clients: usize,
    /// Packages at the start.
    pub packages: usize,
    /// Decides the changes and what is downloaded.
    pub seed: u64,
}

/// Publishes on disks that fill up; `None` where nobody may mount in a namespace of one's own.
pub fn full_disks(counts: FullDisks) -> Option<Account> {
    let disk = SmallDisk::new()?;
    let mut account = Account::default();
    let archive = TestArchive::empty_beside(disk.holder.id(), &disk.folder.path().join("archive"));
    let nginx = Nginx::serve(&archive.root());
    let filler = archive.root().with_file_name("filler");
    let architecture = apt::native_architecture();
    archive
        .repogen(&["init", "--url", &nginx.url(), "--architecture", &architecture])
        .ok();
    let mut churn = Churn::fill(&archive, counts.packages, counts.seed);
    owner::publish(&archive, &mut account);
    let clients = Clients::start(&archive.read("stable.sources"), counts.clients, counts.seed);
    let mut left = 0;
    loop {
        churn.step(&mut account);
        fill(&filler, left);
        let run = owner::repogen(&archive, &["publish"]);
        fs::remove_file(&filler).unwrap();
        let said = run.stderr.to_lowercase();
        match run.code {
            0 => account.count("publishes that fitted"),
            3 if said.contains("no space") || said.contains("disk is full") => {
                account.count("publishes on a full disk");
            }
            _ => account.fault(format!("{left} bytes were left\n{}", run.report())),
        }
        owner::publish(&archive, &mut account);
        owner::inspect(&archive, &mut account);
        if account.counted("publishes that fitted") == 2 || account.faults() > 10 {
            break;
        }
        left += counts.step;
    }
    account.merge(clients.finish());
    Some(account)
}

/// Fills the disk of a file but for so many bytes.
fn fill(filler: &Path, left: u64) {
    let chunk = [0; 4096];
    let mut file = File::create(filler).unwrap();
    while file.write_all(&chunk).is_ok() {}
    let size = file.metadata().unwrap().len();
    file.set_len(size.saturating_sub(left)).unwrap();
}

/// A small file system in memory, mounted where only a program sees it that lives as long as this.
struct SmallDisk {
    holder: Child,
    folder: TempDir,
}

impl SmallDisk {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let script = "mount -t tmpfs -o size=64m,mode=755 tmpfs \"$1\" && mkdir \"$1/archive\" && echo mounted && read end";
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
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
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The mount goes with the last program of its namespace.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
