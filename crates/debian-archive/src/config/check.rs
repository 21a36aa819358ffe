//! What the values of a configuration must be besides well formed.

use std::collections::HashMap;

use debian_control::architecture::Architecture;
use debian_control::name::{PackageName, SuiteName};

use super::{Config, Signing, Suite, check_url};

impl Config {
    /// Returns what does not fit together, and what would be right.
    pub(super) fn check(&self) -> Result<(), String> {
        for (key, value) in [("origin", &self.origin), ("label", &self.label)] {
            check_line(key, value)?;
        }
        if let Some(url) = &self.url {
            check_url(url).map_err(|problem| format!("invalid `url`: {problem}"))?;
        }
        let site = self.site.as_ref();
        for (key, value) in [
            ("title", site.and_then(|site| site.title.as_ref())),
            ("description", site.and_then(|site| site.description.as_ref())),
        ] {
            if let Some(value) = value {
                check_line(key, value)?;
            }
        }
        self.signing.check()?;
        if let Some(settings) = &self.vulnerabilities {
            settings.check(self)?;
        }
        if self.suites.is_empty() {
            return Err("no [[suite]]: an archive needs at least one".into());
        }
        let mut owners: HashMap<&str, &SuiteName> = HashMap::new();
        for suite in &self.suites {
            for name in std::iter::once(&suite.codename)
                .chain(suite.alias.as_ref().filter(|alias| **alias != suite.codename))
            {
                if let Some(other) = owners.insert(name.as_str(), &suite.codename) {
                    return Err(format!(
                        "`{name}` stands for two suites, `{other}` and `{}`: a codename or alias names one suite",
                        suite.codename
                    ));
                }
            }
            suite
                .check()
                .map_err(|message| format!("suite `{}`: {message}", suite.codename))?;
        }
        Ok(())
    }
}

impl Signing {
    fn check(&self) -> Result<(), String> {
        match (&self.key, &self.command) {
            (Some(_), Some(_)) => Err("[signing] has both `key` and `command`: expected one of them".into()),
            (None, None) => Err("[signing] has neither `key` nor `command`: expected one of them".into()),
            (None, Some(command)) if command.is_empty() => {
                Err("[signing] `command` is empty: expected a program and its arguments".into())
            }
            _ => Ok(()),
        }
    }
}

impl Suite {
    fn check(&self) -> Result<(), String> {
        if self.components.is_empty() {
            return Err("`components` is empty: expected at least one".into());
        }
        if self.architectures.is_empty() {
            return Err("`architectures` is empty: expected at least one".into());
        }
        if let Some(component) = twice(&self.components) {
            return Err(format!("component `{component}` is listed twice"));
        }
        if self.compressions.is_empty() {
            return Err(
                "`compressions` is empty: expected at least one of \"xz\", \"gz\" and \"zst\"".into(),
            );
        }
        if let Some(form) = twice(&self.compressions) {
            let name = form.extension().trim_start_matches('.');
            return Err(format!("compression `{name}` is listed twice"));
        }
        if let Some(architecture) = twice(&self.architectures) {
            return Err(format!("architecture `{architecture}` is listed twice"));
        }
        if self.architectures.iter().any(Architecture::is_all) {
            return Err("`all` is listed in `architectures`: it always fits, leave it out".into());
        }
        if self.keep_versions == Some(0) {
            return Err("`keep_versions` is 0: expected 1 or more, or leave it out to keep all".into());
        }
        if self.valid_for.is_some_and(|span| span.seconds() == 0) {
            return Err("`valid_for` is 0: expected a time such as \"14d\", or leave it out".into());
        }
        for (name, values) in &self.overrides {
            name.parse::<PackageName>()
                .map_err(|error| format!("overrides: {error}"))?;
            for (key, value) in [("section", &values.section), ("priority", &values.priority)] {
                if let Some(value) = value {
                    check_line(key, value).map_err(|error| format!("overrides of `{name}`: {error}"))?;
                    if value.contains([' ', '\t']) {
                        return Err(format!(
                            "overrides of `{name}`: `{key}` `{value}` has a blank in it"
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

pub(super) fn check_line(key: &str, value: &str) -> Result<(), String> {
    if value.is_empty() || value.chars().any(char::is_control) || value.trim() != value {
        return Err(format!(
            "invalid `{key}` `{}`: expected one line of text, no blanks around it",
            value.escape_debug()
        ));
    }
    Ok(())
}

fn twice<T: PartialEq>(items: &[T]) -> Option<&T> {
    items
        .iter()
        .enumerate()
        .find(|(at, item)| items.iter().take(*at).any(|other| other == *item))
        .map(|(_, item)| item)
}
