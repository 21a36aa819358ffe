//! Scans for vulnerabilities while `repogen watch` runs.

use std::sync::Weak;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use debian_archive::archive::Archive;
use debian_archive::location::ArchiveLocation;

use super::exit::Failure;
use super::scan_vulnerabilities::scan;

/// How long until the settings are read again where they ask for no scans, or cannot be read.
const SETTINGS_AGAIN: Duration = Duration::from_secs(600);

/// What came of a scan.
pub(super) type Scanned = Result<Vec<ScannedSuite>, Failure>;

/// How a suite stands.
#[derive(Debug)]
pub(super) struct ScannedSuite {
    pub(super) codename: String,
    pub(super) serious: usize,
    pub(super) checked: usize,
    pub(super) known: usize,
}

/// Starts scanning as often as the settings say. Ends with the program, in the middle of a download if need be.
pub(super) fn start<T: From<Scanned> + Send + 'static>(
    location: ArchiveLocation,
    reports: Weak<SyncSender<T>>,
) -> std::io::Result<()> {
    let run = move || {
        loop {
            let (wait, scanned) = round(&location);
            // Whoever prints has ended.
            let Some(sender) = reports.upgrade() else { return };
            if let Some(scanned) = scanned {
                let _ = sender.send(scanned.into());
            }
            drop(sender);
            thread::sleep(wait);
        }
    };
    thread::Builder::new()
        .name("vulnerabilities".into())
        .spawn(run)
        .map(drop)
}

/// Scans once if the settings want it, and says when to come again.
fn round(location: &ArchiveLocation) -> (Duration, Option<Scanned>) {
    // Opened anew: the settings may have changed. Where they cannot be read, the watch says so.
    let Ok(archive) = Archive::open(location) else {
        return (SETTINGS_AGAIN, None);
    };
    let settings = archive.config().vulnerabilities.clone();
    let every = settings.as_ref().and_then(|settings| settings.every);
    let (Some(settings), Some(every)) = (settings, every) else {
        return (SETTINGS_AGAIN, None);
    };
    let suites: Vec<_> = archive.config().suites.iter().collect();
    let scanned = scan(&archive, &suites, &settings.source).map(|reports| {
        let summary = reports.into_iter().map(|(suite, report)| ScannedSuite {
            codename: suite.codename.to_string(),
            serious: report
                .affected
                .iter()
                .filter(|affected| affected.is_serious())
                .count(),
            checked: report.checked,
            known: report.known,
        });
        summary.collect()
    });
    (Duration::from_secs(every.seconds().unsigned_abs()), Some(scanned))
}
