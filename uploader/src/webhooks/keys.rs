//! Telling receivers of keys that stop signing soon.

use archive_catalog::CatalogError;
use debian_archive::archive::Archive;
use debian_archive::error_text::with_causes;
use debian_archive::sign::days_until;
use debian_archive::sign::keys::{self, KeyInfo};
use debian_control::release::format_iso;
use serde_json::json;

/// So many days before its end a key is told of, each time once; beginning at the one from which `GET /api/keys` tells of it, too.
const THRESHOLDS: [i64; 5] = [1, 7, 14, 30, 90];

/// Tells of the keys of the published keyring that stop signing soon. Blocking.
pub(super) fn announce(archive: &Archive, now: i64) -> Result<(), CatalogError> {
    let keyring = match archive.files().read("archive-keyring.pgp") {
        Ok(Some(keyring)) => keyring,
        Ok(None) => return Ok(()),
        Err(error) => {
            tracing::warn!(error = %with_causes(&error), "cannot read the keyring to see which keys end");
            return Ok(());
        }
    };
    for key in keys::describe(&keyring, now).into_iter().flatten() {
        let Some((end, threshold)) = ending(&key, now) else {
            continue;
        };
        // With the end: a key that was prolonged is told of again.
        let subject = format!("key {} {end} {threshold}", key.fingerprint);
        let data = json!({
            "fingerprint": key.fingerprint.to_string(),
            "user_id": key.user_ids.first(),
            "algorithm": key.algorithm.to_string(),
            "expires_at": format_iso(end),
            "days": days_until(end, now),
            "threshold": threshold,
        });
        archive.outbox().announce_key(&subject, &data, now)?;
    }
    Ok(())
}

/// Returns when a key ends, and the threshold that this is below; `None` where that is far off.
fn ending(key: &KeyInfo, now: i64) -> Option<(i64, i64)> {
    let end = key.expires?;
    let threshold = THRESHOLDS
        .into_iter()
        .find(|threshold| days_until(end, now) < *threshold)?;
    Some((end, threshold))
}
