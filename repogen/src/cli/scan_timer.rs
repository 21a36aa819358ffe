//! Scans for vulnerabilities while `repogen watch` runs.

use std::sync::Weak;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use debian_archive::archive::Archive;
use debian_archive::config::{Config, VulnerabilitySettings};
use debian_archive::location::ArchiveLocation;

use super::exit::Failure;
use super::scan_vulnerabilities::scan;

/// How often the settings are read, and whether a scan is due is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How soon a scan that failed is tried again; each further failure doubles it, up to the interval of the settings.
const RETRY: Duration = Duration::from_secs(60);

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

/// The last scan.
struct LastScan {
    at: Instant,
    settings: VulnerabilitySettings,
    /// How many have failed in a row.
    failures: u32,
}

impl LastScan {
    /// Says whether the next one is due, by the settings of now.
    fn is_over(&self, settings: &VulnerabilitySettings, every: Duration, now: Instant) -> bool {
        let wait = match self.failures {
            0 => every,
            failures => RETRY.saturating_mul(1 << (failures - 1).min(16)).min(every),
        };
        *settings != self.settings || now.duration_since(self.at) >= wait
    }
}

/// Starts scanning as often as the settings say. Ends with the program, in the middle of a download if need be.
pub(super) fn start<T: From<Scanned> + Send + 'static>(
    location: ArchiveLocation,
    reports: Weak<SyncSender<T>>,
) -> std::io::Result<()> {
    let run = move || {
        let mut last = None;
        loop {
            let scanned = round(&location, &mut last);
            // Whoever prints has ended.
            let Some(sender) = reports.upgrade() else { return };
            if let Some(scanned) = scanned {
                let _ = sender.send(scanned.into());
            }
            drop(sender);
            thread::sleep(LOOK_EVERY);
        }
    };
    thread::Builder::new()
        .name("vulnerabilities".into())
        .spawn(run)
        .map(drop)
}

/// Scans if the settings want it now.
fn round(location: &ArchiveLocation, last: &mut Option<LastScan>) -> Option<Scanned> {
    // Read anew: they may have changed. Where they cannot be read, the watch says so.
    let settings = Config::read(&location.home).ok()?.vulnerabilities?;
    let every = Duration::from_secs(settings.every?.seconds().unsigned_abs());
    let is_due = |last: &LastScan| last.is_over(&settings, every, Instant::now());
    if !last.as_ref().is_none_or(is_due) {
        return None;
    }
    let scanned = scan_all(location, &settings);
    let before = last.take().map_or(0, |last| last.failures);
    *last = Some(LastScan {
        at: Instant::now(),
        settings,
        failures: match &scanned {
            Ok(_) => 0,
            Err(_) => before.saturating_add(1),
        },
    });
    Some(scanned)
}

fn scan_all(location: &ArchiveLocation, settings: &VulnerabilitySettings) -> Scanned {
    let archive = Archive::open(location)?;
    let suites: Vec<_> = archive.config().suites.iter().collect();
    let reports = scan(&archive, &suites, &settings.source)?.into_iter();
    let summary = reports.map(|(suite, report)| ScannedSuite {
        codename: suite.codename.to_string(),
        serious: report
            .affected
            .iter()
            .filter(|affected| affected.is_serious())
            .count(),
        checked: report.checked,
        known: report.known,
    });
    Ok(summary.collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_failed_scan_is_tried_again_soon_and_changed_settings_count_at_once() {
        let settings = |source: &str| {
            let text = format!(
                "[[suite]]\ncodename = \"stable\"\n[vulnerabilities]\nsource = \"{source}\"\nevery = \"1d\"\n"
            );
            let config = Config::parse(&text, Path::new("repogen.toml")).unwrap();
            config.vulnerabilities.unwrap()
        };
        let (now, day) = (Instant::now(), Duration::from_secs(86_400));
        let last = |failures| LastScan {
            at: now,
            settings: settings("a.json"),
            failures,
        };
        let waits = |failures, seconds| {
            let later = now + Duration::from_secs(seconds);
            !last(failures).is_over(&settings("a.json"), day, later)
        };
        assert!(waits(0, 86_399) && !waits(0, 86_400));
        assert!(waits(1, 59) && !waits(1, 60));
        assert!(waits(2, 119) && !waits(2, 120));
        assert!(waits(40, 86_399) && !waits(40, 86_400));
        assert!(last(0).is_over(&settings("b.json"), day, now));
    }
}
