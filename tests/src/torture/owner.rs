//! What the owner of an archive does and asks between the blows, with every wait bounded.

use super::Account;
use crate::{Run, TestArchive};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, SystemTime};

/// How long a command may take, in seconds: far more than it needs on a loaded machine, and no more than a lock left behind.
const PATIENCE: &str = "100";

/// Runs `repogen`; one that waits for ever is ended, with the exit code 124.
pub(super) fn repogen(archive: &TestArchive, arguments: &[&str]) -> Run {
    let program = crate::archive::repogen();
    Run::of(archive.tool("timeout").arg(PATIENCE).arg(program).args(arguments))
}

/// Publishes, and notes it when that fails.
pub(super) fn publish(archive: &TestArchive, account: &mut Account) {
    let run = repogen(archive, &["publish"]);
    if run.code == 0 {
        account.count("publishes");
    } else {
        account.fault(format!("publish failed\n{}", run.report()));
    }
}

/// Notes what `repogen verify` finds, and what killed programs left behind.
pub(super) fn inspect(archive: &TestArchive, account: &mut Account) {
    let run = repogen(archive, &["verify"]);
    account.count("verifications");
    if run.code != 0 || !run.stdout.is_empty() {
        account.fault(format!("verify is not content\n{}", run.report()));
    }
    for path in leftovers(&archive.root()) {
        account.fault(format!("left behind: {}", path.display()));
    }
}

/// Returns name and version of each package of a suite.
pub(super) fn listed(archive: &TestArchive) -> BTreeSet<(String, String)> {
    let run = repogen(archive, &["list", "--json"]).ok();
    run.stdout
        .lines()
        .map(|line| {
            let package: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
            (text("name"), text("version"))
        })
        .collect()
}

/// Returns once the clock has reached the Date of what is published, so that the next publish need not wait for its own.
pub(super) fn wait_for_date(archive: &TestArchive) {
    let file = archive.root().join("dists/stable/InRelease");
    let date = std::fs::metadata(file)
        .and_then(|found| found.modified())
        .unwrap();
    if let Ok(ahead) = date.duration_since(SystemTime::now()) {
        std::thread::sleep(ahead);
    }
}

/// Sends a signal to a program.
pub(super) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    Run::of(std::process::Command::new("kill").args(["-s", name, &id])).ok();
}

/// Looks again and again until `seen`; says whether it came to that within a time that is ample.
pub(super) fn comes_true(mut seen: impl FnMut() -> bool) -> bool {
    let end = std::time::Instant::now() + Duration::from_secs(100);
    while !seen() {
        if std::time::Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Returns the files that are neither served nor kept: staged ones and temporary ones.
fn leftovers(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![root.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let temporary = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(".tmp"));
            if temporary || folder.ends_with("state/staging") {
                found.push(path);
            } else if path.is_dir() && !path.is_symlink() {
                todo.push(path);
            }
        }
    }
    found
}
