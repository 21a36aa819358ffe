//! A server that is killed while it takes packages.

use super::large::{staged, writers};
use super::{Findings, Served, at_once, package, rate};
use crate::Uploader;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct Killed {
    /// Clients at once.
    pub clients: usize,
    /// Packages that are sent.
    pub uploads: usize,
    /// The server is killed when so many were acknowledged.
    pub kill_at: usize,
}

/// Kills a server by SIGKILL, starts another, and looks for each package that was acknowledged.
pub fn killed(counts: Killed) -> Findings {
    let served = Served::fresh();
    let acknowledged = Mutex::new(BTreeSet::new());
    at_once(counts.clients, counts.uploads, |number| {
        let name = format!("package-{number}");
        // The killed server answers nothing, or cuts its answer off.
        let sent = served.try_upload(&package(&name, 40_000), "");
        if sent.ok() == Some(201) {
            let mut acknowledged = acknowledged.lock().unwrap();
            acknowledged.insert(name);
            if acknowledged.len() == counts.kill_at {
                served.server.signal("KILL");
            }
        }
    });
    let Served {
        archive,
        server,
        token,
    } = served;
    server.kill();
    let left = staged(&archive.root());
    let folders = writers(&archive.root());
    let served = Served {
        server: Uploader::start(&archive),
        archive,
        token,
    };
    // The next server stages files of its own by now.
    let kept: Vec<_> = folders.iter().filter(|folder| folder.exists()).collect();
    assert!(
        kept.is_empty(),
        "staging is swept by the next server, and {kept:?} is there"
    );
    let (acknowledged, listed) = (acknowledged.into_inner().unwrap(), rate::listed(&served));
    for name in &acknowledged {
        let filename = listed
            .get(name)
            .unwrap_or_else(|| panic!("`{name}` was acknowledged"));
        let fetched = served.server.get(&format!("/{filename}"), None);
        assert!(fetched.body == package(name, 40_000), "{filename}");
    }
    let (status, _) = served.upload(&package("last", 1), "?wait=published");
    assert_eq!(status, 201);
    let archive = served.archive;
    served.server.stop();
    // What was linked and has no row yet is nobody's.
    archive.repogen(&["prune"]).ok();
    archive.repogen(&["verify"]).ok();
    let mut findings = Findings::default();
    findings.note("uploads sent", counts.uploads);
    findings.note(
        "acknowledged before the kill, and all there after it",
        acknowledged.len(),
    );
    findings.note("staged files that it left, swept by the next server", left);
    findings.note("findings of `repogen verify`", 0);
    findings
}
