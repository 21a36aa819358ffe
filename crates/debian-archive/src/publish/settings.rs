//! Digests of the settings that a publish depends on, so that a changed configuration is published too.
//!
//! Each setting is written by name, as in `repogen.toml`: what a type or a field is called
//! in this program must not decide whether every archive is republished.

use std::fmt::Write as _;

use debian_control::digest::Sha256;
use openpgp_policy::Keyring;

use crate::config::{Config, ContentsPolicy, Suite};
use archive_index::Form;

/// Returns the digest of all that a Release and its signatures depend on besides the packages.
pub(super) fn digest(config: &Config, suite: &Suite, keyring: &Keyring) -> String {
    let fingerprints = keyring.fingerprints();
    let fingerprints: Vec<String> = fingerprints.iter().map(ToString::to_string).collect();
    Sha256::of(release_settings_text(config, suite, &fingerprints).as_bytes()).to_string()
}

/// Returns the digest of what the records of indexes depend on besides the packages.
pub(super) fn records_digest(suite: &Suite) -> String {
    Sha256::of(records_text(suite).as_bytes()).to_string()
}

fn release_settings_text(config: &Config, suite: &Suite, fingerprints: &[String]) -> String {
    let mut text = SettingsText(records_text(suite));
    text.line("origin", Some(&config.origin));
    text.line("label", Some(&config.label));
    text.line("url", config.url.as_deref());
    text.line("suite", suite.alias.as_ref().map(|alias| alias.as_str()));
    for component in &suite.components {
        text.line("component", Some(component.as_str()));
    }
    for architecture in &suite.architectures {
        text.line("architecture", Some(architecture.as_str()));
    }
    for form in Form::COMPRESSED {
        if suite.compressions.contains(&form) {
            text.line("compression", Some(form.extension().trim_start_matches('.')));
        }
    }
    let valid_for = suite.valid_for.map(|span| span.seconds().to_string());
    text.line("valid_for", valid_for.as_deref());
    let contents = match suite.contents {
        ContentsPolicy::Always => "always".to_owned(),
        ContentsPolicy::Off => "off".to_owned(),
        ContentsPolicy::After(span) => span.seconds().to_string(),
    };
    text.line("contents", Some(&contents));
    for (name, value) in [
        ("private", suite.private),
        ("not_automatic", suite.not_automatic),
        ("but_automatic_upgrades", suite.but_automatic_upgrades),
    ] {
        text.line(name, Some(if value { "true" } else { "false" }));
    }
    // It says what the site is to show of the suite, which is written with a publish.
    if let Some(site) = config.site.as_ref().filter(|site| site.enabled && !suite.private) {
        text.line("site", site.title.as_deref());
        text.line("description", site.description.as_deref());
    }
    if suite.shows_downloads {
        text.line("downloads", Some("true"));
    }
    for fingerprint in fingerprints {
        text.line("key", Some(fingerprint));
    }
    text.0
}

fn records_text(suite: &Suite) -> String {
    let mut text = SettingsText(String::new());
    let translations = if suite.translations { "true" } else { "false" };
    text.line("translations", Some(translations));
    for (name, values) in &suite.overrides {
        text.line("override", Some(name));
        text.line("section", values.section.as_deref());
        text.line("priority", values.priority.as_deref());
    }
    text.0
}

/// Lines of a name and a value; no value has a line end in it, which the configuration refuses.
struct SettingsText(String);

impl SettingsText {
    /// Adds a line; a setting that is left out differs from an empty one.
    fn line(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => writeln!(self.0, "{name}={value}"),
            None => writeln!(self.0, "{name}"),
        }
        .expect("writing to a string");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn text(settings: &str) -> String {
        let config = format!("[[suite]]\ncodename = \"s\"\n{settings}");
        let config = Config::parse(&config, Path::new("repogen.toml")).unwrap();
        release_settings_text(&config, &config.suites[0], &["F".to_owned()])
    }

    #[test]
    fn the_text_is_this_and_changes_only_with_a_setting() {
        // A change of this text publishes every suite of every archive once more.
        assert_eq!(
            text("suite = \"t\"\noverrides.aa = { section = \"x\" }"),
            "translations=false\noverride=aa\nsection=x\npriority\norigin=Archive\nlabel=Archive\nurl\nsuite=t\n\
             component=main\narchitecture=amd64\narchitecture=arm64\ncompression=xz\ncompression=zst\ncompression=gz\nvalid_for\ncontents=3600\nprivate=false\n\
             not_automatic=false\nbut_automatic_upgrades=false\nkey=F\n"
        );
        for settings in [
            "private = true",
            "valid_for = \"1d\"",
            "contents = \"off\"",
            "components = [\"x\"]",
            "architectures = [\"i386\"]",
            "translations = true",
            "compressions = [\"xz\"]",
            "not_automatic = true",
            "overrides.aa = { priority = \"x\" }",
        ] {
            assert_ne!(text(settings), text(""), "{settings}");
        }
        assert_eq!(text("keep_versions = 3"), text(""));
        assert_eq!(text("compressions = [\"gz\", \"zst\", \"xz\"]"), text(""));
    }
}
