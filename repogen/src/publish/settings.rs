//! Digests of the settings that a publish depends on, so that a changed configuration is published too.

use std::fmt::Write as _;

use crate::config::{Config, Suite};
use crate::sign::Signer;

/// Returns the digest of all that a Release and its signatures depend on besides the packages.
pub(super) fn digest(config: &Config, suite: &Suite, signer: &dyn Signer) -> String {
    let mut text = records_text(suite);
    let _ = write!(
        text,
        "{:?}",
        (
            (&config.origin, &config.label, &config.url),
            (
                &suite.alias,
                &suite.components,
                &suite.architectures,
                &suite.valid_for,
                &suite.contents
            ),
            (suite.private, suite.not_automatic, suite.but_automatic_upgrades),
            signer.keyring().fingerprints(),
        )
    );
    super::digest(text.as_bytes()).to_string()
}

/// Returns the digest of what the records of indexes depend on besides the packages.
pub(super) fn records_digest(suite: &Suite) -> String {
    super::digest(records_text(suite).as_bytes()).to_string()
}

fn records_text(suite: &Suite) -> String {
    format!("{:?}", (&suite.overrides, suite.translations))
}
