//! What the settings and the keys say of the site.

use archive_site::{Site, SiteKey, SiteSuite};

use crate::config::{Config, Suite};
use crate::publish::client_setup::{SignedBy, sources_entry};
use crate::sign::Signer;

/// Returns the site that the settings ask for; `None` where there is to be none.
pub(crate) fn site_of(config: &Config, signer: &dyn Signer, now: i64) -> Option<Site> {
    let settings = config.site.as_ref().filter(|site| site.enabled)?;
    let keyring = signer.keyring();
    let armoured = keyring.to_armored();
    let key = |certificate: &openpgp_policy::Certificate| SiteKey {
        fingerprint: certificate.fingerprint().to_string(),
        // One that no longer signs has no end to look forward to; `repogen key` says what is wrong with it.
        expires: certificate.signs_until(now).ok().flatten(),
    };
    // A private suite is nobody's business who may not read it.
    let public = config.suites.iter().filter(|suite| !suite.private);
    let suite = |suite: &Suite| SiteSuite {
        codename: suite.codename.to_string(),
        alias: suite.alias.as_ref().map(ToString::to_string),
        components: suite.components.iter().map(ToString::to_string).collect(),
        architectures: suite.architectures.iter().map(ToString::to_string).collect(),
        sources: config
            .tree_url(suite)
            .map(|url| sources_entry(&url, suite, SignedBy::Keys(&armoured))),
        shows_downloads: suite.shows_downloads,
    };
    Some(Site {
        title: settings.title.clone().unwrap_or_else(|| config.label.clone()),
        description: settings.description.clone(),
        url: config
            .url
            .as_ref()
            .map(|url| url.trim_end_matches('/').to_owned()),
        keys: keyring.certificates().iter().map(key).collect(),
        suites: public.map(suite).collect(),
    })
}
