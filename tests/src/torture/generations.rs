//! Many generations of signatures, each one checked by gpgv.

use super::Account;
use crate::{Run, TestArchive};
use debian_archive::archive::Archive;
use debian_archive::location::ArchiveLocation;
use debian_archive::publish::{Clock, PublishMode, PublishOutcome};
use debian_archive::sign::KeyFiles;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A clock that goes on when it is told to: Dates are a second apart at least, and nobody wants to wait for a thousand.
struct Manual(AtomicI64);

impl Clock for Manual {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn wait(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// Publishes `count` generations, and has gpgv check InRelease and Release.gpg of each.
pub fn generations(count: usize) -> Account {
    let mut account = Account::default();
    // Made that long ago that all generations lie between its key and today, as gpgv wants them to.
    let seconds = count as i64 * 2 + 60;
    let archive = TestArchive::empty();
    let ago = format!("-{seconds}s");
    archive.repogen_at(&ago, &["init"]).ok();
    let root = archive.root();
    let opened = Archive::open(&ArchiveLocation::folder(&root)).unwrap();
    let signer = KeyFiles::open(&root.join("keys/archive.pgp"), &[]).unwrap();
    let suite = &opened.config().suites[0];
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let clock = Manual(AtomicI64::new(today - seconds + 30));
    let mut last = 0;
    for _ in 0..count {
        clock.wait(1);
        match opened
            .publish(suite, PublishMode::Forced, &signer, &clock)
            .unwrap()
        {
            PublishOutcome::Published(_) => account.count("generations"),
            PublishOutcome::Unchanged => account.fault("a forced publish was left out"),
        }
        check(&archive, &mut account);
        let date = date(&root.join("dists/stable"));
        if date <= last {
            account.fault(format!("Date {date} comes after {last}"));
        }
        last = date;
    }
    account
}

fn check(archive: &TestArchive, account: &mut Account) {
    for files in [&["InRelease"][..], &["Release.gpg", "Release"]] {
        let mut command = archive.tool("gpgv");
        command
            .arg("--keyring")
            .arg(archive.root().join("archive-keyring.pgp"))
            .args(files)
            .current_dir(archive.root().join("dists/stable"));
        let run = Run::of(&mut command);
        let good = run.stderr.contains("Good signature");
        if run.code == 0 && good && !run.stderr.to_lowercase().contains("warning") {
            account.count("signatures that gpgv calls good");
        } else {
            account.fault(format!("gpgv is not content\n{}", run.report()));
        }
    }
}

fn date(suite: &Path) -> i64 {
    let text = fs::read_to_string(suite.join("Release")).unwrap();
    let release = debian_control::release::Release::parse(&text).unwrap();
    release.date.expect("a Release has a Date")
}
