//! What is published of a suite, as it lies in the store.

use std::collections::BTreeSet;

use debian_control::release::{Release, by_hash_path, format_date};
use openpgp_policy::{Keyring, verify_inrelease};

use super::diagnosis::{Area, Report};
use super::keys::KEYRING;
use crate::archive::Archive;
use crate::config::Suite;
use crate::verify::{ArchiveVerifyError, Finding, is_served, signed_release};

/// How far ahead of the clock apt lets a Date be, in seconds.
const APT_CLOCK_GRACE: i64 = 10;
/// How late a Release may be signed again before somebody should look, in seconds: a timer of an hour is common.
const RENEWAL_GRACE: i64 = 2 * 3_600;

/// Examines a suite, and returns its signed Release.
pub(super) fn diagnose(
    archive: &Archive,
    suite: &Suite,
    now: i64,
    report: &mut Report,
) -> Result<Option<Release>, ArchiveVerifyError> {
    let inrelease = format!("{}/InRelease", archive.dists(suite));
    if archive.files().head(&inrelease)?.is_none() {
        report.error(
            Area::Signature,
            &inrelease,
            "no such file",
            "run `repogen publish`",
        );
        return Ok(None);
    }
    let mut findings = Vec::new();
    let release = signed_release(archive, suite, now, &mut findings);
    let whole = findings.is_empty();
    for Finding { path, detail, .. } in findings {
        report.error(Area::Signature, &path, detail, "run `repogen publish --force`");
    }
    let Some(release) = release else {
        return Ok(None);
    };
    if whole {
        signers(archive, &inrelease, now, report)?;
    }
    dates(suite, &inrelease, &release, now, report);
    by_hash(archive, suite, &release, report)?;
    Ok(Some(release))
}

/// Says which of the archive's keys signed; `signed_release` checked that one did, with a digest of SHA-256 or stronger.
fn signers(archive: &Archive, path: &str, now: i64, report: &mut Report) -> Result<(), ArchiveVerifyError> {
    let (bytes, keyring) = (archive.files().read(path)?, archive.files().read(KEYRING)?);
    let (Some(bytes), Some(keyring)) = (bytes, keyring) else {
        return Ok(());
    };
    // What cannot be read was found before.
    let Ok(keyring) = Keyring::read(&keyring) else {
        return Ok(());
    };
    let Ok(verified) = verify_inrelease(&bytes, &keyring, now) else {
        return Ok(());
    };
    let signed: BTreeSet<String> = verified.signers.iter().map(ToString::to_string).collect();
    let keys: BTreeSet<String> = keyring.fingerprints().iter().map(ToString::to_string).collect();
    let missing: Vec<&String> = keys.difference(&signed).collect();
    match missing.first() {
        None => report.ok(
            Area::Signature,
            path,
            match keys.len() {
                1 => "signed by the key of the keyring, with SHA-256 or stronger".to_owned(),
                many => format!("signed by all {many} keys of the keyring, with SHA-256 or stronger"),
            },
        ),
        Some(key) => report.warning(
            Area::Signature,
            path,
            format!("not signed by {key}, which clients are given"),
            "run `repogen publish`, and see that the key has not expired",
        ),
    }
    Ok(())
}

fn dates(suite: &Suite, path: &str, release: &Release, now: i64, report: &mut Report) {
    let Some(date) = release.date else {
        report.error(
            Area::Validity,
            path,
            "has no Date",
            "run `repogen publish --force`",
        );
        return;
    };
    if date > now + APT_CLOCK_GRACE {
        report.error(
            Area::Clock,
            path,
            format!(
                "its Date, {}, is {} seconds ahead of this machine's clock",
                format_date(date),
                date - now
            ),
            "apt refuses more than 10: set the clock by NTP",
        );
    } else {
        report.ok(Area::Clock, path, "its Date is not ahead of this machine's clock");
    }
    validity(suite, path, (date, release.valid_until), now, report);
}

fn validity(suite: &Suite, path: &str, (date, until): (i64, Option<i64>), now: i64, report: &mut Report) {
    let Some(until) = until else {
        report.ok(Area::Validity, path, "no Valid-Until: never expires");
        return;
    };
    let renews = "let `repogen watch`, the uploader or a timer publish: half of `valid_for` after Date is when it is due";
    let renewed_by = suite
        .valid_for
        .map(|span| date + span.seconds() / 2 + RENEWAL_GRACE);
    if until <= now {
        report.error(
            Area::Validity,
            path,
            format!("expired at {}", format_date(until)),
            renews,
        );
    } else if renewed_by.is_some_and(|at| at < now) {
        let found = format!("expires at {}, and was not re-signed in time", format_date(until));
        report.warning(Area::Validity, path, found, renews);
    } else {
        report.ok(
            Area::Validity,
            path,
            format!("valid until {}", format_date(until)),
        );
    }
}

fn by_hash(
    archive: &Archive,
    suite: &Suite,
    release: &Release,
    report: &mut Report,
) -> Result<(), ArchiveVerifyError> {
    let folder = archive.dists(suite);
    if !release.acquire_by_hash {
        let path = format!("{folder}/InRelease");
        let advice = "run `repogen publish --force`: without it clients meet indexes of two publishes";
        report.error(Area::ByHash, &path, "does not say `Acquire-By-Hash: yes`", advice);
        return Ok(());
    }
    let before = report.findings();
    let mut count = 0;
    for file in release.sha256.iter().filter(|file| is_served(&file.path)) {
        let path = format!("{folder}/{}", by_hash_path(&file.path, &file.sha256));
        let head = archive.files().head(&path)?;
        count += 1;
        if head.is_none_or(|head| head.size != file.size) {
            let found = format!("missing, or not of the {} bytes that Release lists", file.size);
            report.error(
                Area::ByHash,
                &path,
                found,
                "run `repogen verify`, then `repogen publish --force`",
            );
        }
    }
    if report.findings() == before {
        report.ok(
            Area::ByHash,
            &folder,
            format!("all {count} indexes exist under their digests"),
        );
    }
    Ok(())
}
