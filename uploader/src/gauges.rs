//! What Prometheus is told of the archive as a whole, read anew for each scrape: the catalog, the disk, how far each suite is
//! published, and how long the keys sign.
//!
//! All of it is read from what the machines share, so one uploader tells of every publisher, `repogen watch` included.

use archive_catalog::Progress;
use debian_archive::sign::keys;
use metrics::gauge;

use crate::app::App;
use crate::clock::now;
use crate::receive::free_bytes;

/// Sets the gauges. Blocking.
///
/// A gauge of what could not be read keeps its last value: `archive_catalog_up` and `archive_storage_up` say that it is old.
pub(crate) fn measure(app: &App) {
    let progress = app.archive.catalog().progress();
    gauge!("archive_catalog_up").set(up(progress.is_ok()));
    for suite in progress.iter().flatten() {
        measure_suite(suite);
    }
    measure_waiting(app, progress.as_deref().unwrap_or_default());
    let keyring = app.archive.files().read("archive-keyring.pgp");
    gauge!("archive_storage_up").set(up(app.staging.create().is_ok() && keyring.is_ok()));
    if let Ok(free) = free_bytes(app) {
        gauge!("archive_storage_free_bytes").set(as_number(free));
    }
    if let Ok(Some(keyring)) = keyring {
        measure_keys(&keyring);
    }
    if let Ok(outbox) = app.archive.outbox().outbox_usage() {
        let oldest = outbox
            .oldest_due
            .map_or(0, |due| now().saturating_sub(due).max(0));
        gauge!("webhook_deliveries_waiting").set(as_number(outbox.waiting));
        gauge!("webhook_oldest_due_seconds").set(seconds(oldest));
        gauge!("webhooks_paused", "paused_by" => "server").set(as_number(outbox.paused_by_server));
        gauge!("webhooks_paused", "paused_by" => "people").set(as_number(outbox.paused_by_people));
    }
    if let Ok(waiting) = app.archive.queue_usage() {
        let oldest = waiting.oldest.map_or(0, |since| now().saturating_sub(since));
        gauge!("upload_queue_files").set(as_number(waiting.files));
        gauge!("upload_queue_oldest_seconds").set(seconds(oldest));
    }
}

fn measure_suite(progress: &Progress) {
    let suite = || progress.suite.to_string();
    gauge!("archive_suite_revision", "suite" => suite()).set(seconds(progress.revision));
    let Some(publication) = &progress.publication else {
        return;
    };
    gauge!("archive_suite_published_revision", "suite" => suite()).set(seconds(publication.revision));
    gauge!("archive_suite_packages", "suite" => suite()).set(as_number(publication.packages));
    gauge!("archive_suite_date_timestamp_seconds", "suite" => suite()).set(seconds(publication.date));
    if let Some(until) = publication.valid_until {
        gauge!("archive_suite_valid_until_timestamp_seconds", "suite" => suite()).set(seconds(until));
    }
}

/// Measures how long changes have waited to be published, and who is at it.
fn measure_waiting(app: &App, suites: &[Progress]) {
    let catalog = app.archive.catalog();
    if let Ok(unpublished) = catalog.unpublished_since() {
        for progress in suites {
            let since = unpublished.iter().find(|(suite, _)| *suite == progress.suite);
            let age = since.map_or(0, |(_, since)| now().saturating_sub(*since).max(0));
            let suite = progress.suite.to_string();
            gauge!("archive_suite_oldest_unpublished_seconds", "suite" => suite).set(seconds(age));
        }
    }
    for lease in catalog.leases().into_iter().flatten() {
        let suite = || lease.suite.to_string();
        gauge!("publish_lease_held", "suite" => suite()).set(up(lease.held_for.is_some()));
        gauge!("publish_lease_epoch", "suite" => suite()).set(seconds(lease.epoch));
        gauge!("publish_lease_age_seconds", "suite" => suite()).set(seconds(lease.held_for.unwrap_or(0)));
    }
}

/// Measures how long each key of the published keyring signs. A key without an end has no gauge.
fn measure_keys(keyring: &[u8]) {
    for key in keys::describe(keyring, now()).into_iter().flatten() {
        let fingerprint = key.fingerprint.to_string();
        gauge!("archive_key_usable", "fingerprint" => fingerprint.clone()).set(up(key.signing.is_ok()));
        if let Some(end) = key.expires {
            gauge!("archive_key_expiry_timestamp_seconds", "fingerprint" => fingerprint).set(seconds(end));
        }
    }
}

fn up(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// Returns a count as Prometheus has it; above 2^53 the last digits are rounded.
fn as_number(count: u64) -> f64 {
    count as f64
}

/// Returns a time or a revision as Prometheus has it.
fn seconds(value: i64) -> f64 {
    value as f64
}
