//! The keys that sign, and those that clients are given.

use openpgp_policy::Keyring;

use super::KEY_NOTICE_DAYS;
use super::diagnosis::{Area, Report};
use crate::archive::Archive;
use crate::error_text::with_causes;
use crate::sign::{KeyNoticeKind, SignError, Signer, key_notices};
use crate::verify::ArchiveVerifyError;
use debian_control::release::format_iso;

/// The keyring that clients fetch.
pub(super) const KEYRING: &str = "archive-keyring.pgp";

pub(super) fn diagnose(
    archive: &Archive,
    signer: Result<&dyn Signer, &SignError>,
    now: i64,
    report: &mut Report,
) -> Result<(), ArchiveVerifyError> {
    let signer = match signer {
        Ok(signer) => signer,
        Err(error) => {
            unable(error, report);
            return Ok(());
        }
    };
    for problem in signer.problems(now) {
        // That is said below, of its certificate.
        if !matches!(problem, SignError::Unusable { .. }) {
            unable(&problem, report);
        }
    }
    let keyring = signer.keyring();
    for certificate in keyring.certificates() {
        certificate_of(keyring, certificate, now, report);
    }
    let published = archive.files().read(KEYRING)?;
    let published = published.and_then(|bytes| Keyring::read(&bytes).ok());
    if published.is_some_and(|published| published.fingerprints() == keyring.fingerprints()) {
        report.ok(Area::Key, KEYRING, "has the keys that sign");
    } else {
        report.error(
            Area::Key,
            KEYRING,
            "has other keys than those that sign, or cannot be read",
            "run `repogen publish`",
        );
    }
    Ok(())
}

/// Reports why a key that is to sign does not.
fn unable(error: &SignError, report: &mut Report) {
    let advice = error
        .hint()
        .unwrap_or_else(|| "nothing can be published until it is mended".into());
    report.error(Area::Key, "repogen.toml: [signing]", with_causes(error), &advice);
}

/// What the rules of apt say of one certificate.
///
/// `openpgp-policy` knows what both verifiers of apt refuse today, gpgv of 2.6 and sqv of 3.0, and what the policy of sqv
/// refuses from a day that is announced.
fn certificate_of(
    keyring: &Keyring,
    certificate: &openpgp_policy::Certificate,
    now: i64,
    report: &mut Report,
) {
    let fingerprint = certificate.fingerprint();
    let place = fingerprint.to_string();
    let notices = key_notices(keyring, now, KEY_NOTICE_DAYS);
    let mut fine = true;
    for notice in notices
        .into_iter()
        .filter(|notice| notice.fingerprint == fingerprint)
    {
        fine = false;
        let found = notice.kind.to_string();
        match notice.kind {
            KeyNoticeKind::Unusable(_) => report.error(Area::Key, &place, found, notice.kind.hint()),
            KeyNoticeKind::EndsIn { .. } | KeyNoticeKind::Ending(_) => {
                report.warning(Area::Key, &place, found, notice.kind.hint());
            }
        }
    }
    if fine {
        let end = match certificate.signs_until(now).ok().flatten() {
            Some(end) => format!("expires at {}", format_iso(end)),
            None => "never expires".to_owned(),
        };
        let algorithm = certificate.algorithm();
        report.ok(
            Area::Key,
            &place,
            format!("{algorithm}, {end}: accepted by apt 2.6, by apt 3.0, and under the policy announced until 2030"),
        );
    }
}
