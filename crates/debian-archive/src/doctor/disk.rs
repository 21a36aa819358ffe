//! Files of this machine: who may read them, and how much room there is.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

use super::diagnosis::{Area, Report};
use super::keys::KEYRING;
use crate::archive::Archive;
use crate::config::Suite;

/// Less than this, in bytes, and a publish may not fit.
const LEAST_BYTES: u64 = 64 << 20;
/// Less than this part of a disk is worth a warning, in percent.
const LEAST_PERCENT: u64 = 5;

pub(super) fn diagnose(archive: &Archive, suites: &[&Suite], report: &mut Report) {
    private_files(archive, report);
    let Some(root) = archive.files().folder() else {
        report.skip(
            Area::Permissions,
            archive.files().address(),
            "the files are in a bucket: its policy says who reads them",
        );
        space(archive.local(), report);
        return;
    };
    let mut files = vec![root.join(KEYRING)];
    files.extend(
        suites
            .iter()
            .map(|suite| root.join(archive.dists(suite)).join("InRelease")),
    );
    files.extend(a_package(root));
    served_files(&files, report);
    space(root, report);
}

/// Keys, catalog and state are their owner's alone.
fn private_files(archive: &Archive, report: &mut Report) {
    let home = archive.home();
    let signing = &archive.config().signing;
    let mut paths: Vec<PathBuf> = ["keys", "catalog.db", "state"].map(|name| home.join(name)).into();
    paths.extend(signing.key.iter().chain(&signing.also).map(|key| home.join(key)));
    let before = report.findings();
    let mut looked = 0;
    for path in paths {
        let shown = path.display().to_string();
        match fs::metadata(&path) {
            Ok(found) if found.permissions().mode() & 0o077 != 0 => report.error(
                Area::Permissions,
                &shown,
                format!(
                    "others than its owner have rights to it: mode {:o}",
                    found.permissions().mode() & 0o7777
                ),
                "remove them: `chmod go= FILE`",
            ),
            Ok(_) => looked += 1,
            // A catalog in a database, a signer that is a command.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => report.error(
                Area::Permissions,
                &shown,
                error.to_string(),
                "let the archive's user read it",
            ),
        }
    }
    if report.findings() == before {
        let home = home.display().to_string();
        report.ok(
            Area::Permissions,
            &home,
            format!("{looked} private files and folders are their owner's alone"),
        );
    }
}

/// What is served has to be readable, and every folder above it open, for the web server's user.
fn served_files(files: &[PathBuf], report: &mut Report) {
    let before = report.findings();
    let mut checked = Vec::new();
    for file in files {
        let Ok(file) = file.canonicalize() else {
            // Not published: found before.
            continue;
        };
        for (path, needed, what) in file.ancestors().enumerate().map(|(at, path)| {
            (
                path,
                if at == 0 { 0o4 } else { 0o1 },
                if at == 0 { "read" } else { "entered" },
            )
        }) {
            if checked.iter().any(|known: &PathBuf| known == path) {
                continue;
            }
            checked.push(path.to_owned());
            let Ok(found) = fs::metadata(path) else { continue };
            let mode = found.permissions().mode();
            if mode & needed != 0 {
                continue;
            }
            let shown = path.display().to_string();
            let found = format!("cannot be {what} by every user: mode {:o}", mode & 0o7777);
            // A web server in the file's group is a common arrangement, and nothing here says who is in it.
            if mode & (needed << 3) != 0 {
                report.warning(
                    Area::Permissions,
                    &shown,
                    found,
                    "see that the web server's user is in its group",
                );
            } else {
                report.error(
                    Area::Permissions,
                    &shown,
                    found,
                    "let the web server's user through: `chmod o+rX`",
                );
            }
        }
    }
    if report.findings() == before {
        report.ok(
            Area::Permissions,
            "dists, pool",
            "the web server's user can read what is served",
        );
    }
}

/// Returns the first package of the pool that is come across.
fn a_package(root: &Path) -> Option<PathBuf> {
    let pool = walkdir::WalkDir::new(root.join("pool"));
    let mut files = pool.into_iter().filter_map(Result::ok);
    files
        .find(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
}

fn space(folder: &Path, report: &mut Report) {
    let place = folder.display().to_string();
    let found = match statvfs(folder) {
        Ok(found) => found,
        Err(error) => {
            report.error(
                Area::Space,
                &place,
                error.to_string(),
                "see that the disk is mounted",
            );
            return;
        }
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let percent = |part: u64, whole: u64| part.saturating_mul(100).checked_div(whole);
    let bytes = percent(found.f_bavail, found.f_blocks).unwrap_or(100);
    // File systems that count no inodes say 0 of 0.
    let inodes = percent(found.f_favail, found.f_files).unwrap_or(100);
    let text = format!(
        "{} MiB ({bytes} %) and {inodes} % of the inodes are free",
        free >> 20
    );
    let advice = "free space: `repogen prune --dry-run` shows what retention would delete";
    if free < LEAST_BYTES || inodes == 0 {
        report.error(Area::Space, &place, text, advice);
    } else if bytes < LEAST_PERCENT || inodes < LEAST_PERCENT {
        report.warning(Area::Space, &place, text, advice);
    } else {
        report.ok(Area::Space, &place, text);
    }
}
