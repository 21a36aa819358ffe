//! The file that says where people sign in, and what their groups may do.

use archive_catalog::accounts::Role;
use debian_archive::config::{self, Config, Suite, UrlProblem};
use serde::{Deserialize, Deserializer};

use crate::id_tokens::{check_url, shown};
use crate::watched_file::FileContent;

/// How many groups the file may name.
const MAX_GROUPS: usize = 1000;
/// The group that everybody is in.
pub(super) const EVERYBODY: &str = "*";

/// What the file says; without it, people sign in by password alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInSettings {
    /// Whether passwords are taken.
    #[serde(default = "yes")]
    pub(crate) passwords: bool,
    pub(crate) provider: Option<Provider>,
    #[serde(default, rename = "group")]
    pub(super) groups: Vec<GroupRights>,
}

/// Where people sign in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    /// What its button says.
    pub(crate) name: String,
    /// Its `iss`, to the letter.
    pub(crate) issuer: String,
    pub(super) client_id: String,
    /// A file with the client's secret, below the root unless its path is absolute.
    pub(super) client_secret_file: Option<String>,
    /// Where browsers find this server, without a path.
    pub(super) console_url: String,
    #[serde(default = "default_scopes")]
    pub(super) scopes: Vec<String>,
    #[serde(default = "default_groups_claim")]
    pub(super) groups_claim: String,
    #[serde(default = "default_username_claim")]
    pub(super) username_claim: String,
    /// The `prompt` by which the provider asks again who somebody is.
    #[serde(default = "default_confirm_prompt")]
    pub(super) confirm_prompt: String,
    /// Whose verified addresses may sign in; empty: whoever is in a group.
    #[serde(default)]
    pub(super) email_domains: Vec<String>,
    /// Whether whoever has no account gets one.
    #[serde(default = "yes")]
    pub(crate) create_accounts: bool,
}

/// What the members of a group may do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupRights {
    /// As the provider has it; `*`: everybody.
    pub(super) name: String,
    #[serde(deserialize_with = "role")]
    pub(super) role: Role,
    /// Codenames or aliases; left out: all for a maintainer, none for a user.
    pub(super) suites: Option<Vec<String>>,
}

impl GroupRights {
    /// Returns a suite of the group; an error says that the archive does not have it.
    pub(super) fn suite<'c>(&self, name: &str, config: &'c Config) -> Result<&'c Suite, String> {
        config.suite(name).ok_or_else(|| {
            let (group, name) = (shown(&self.name), shown(name));
            format!("group `{group}` has the suite `{name}`, which repogen.toml does not have")
        })
    }
}

impl SignInSettings {
    /// Checks that the archive has the suites of the groups.
    pub(super) fn check_suites(&self, config: &Config) -> Result<(), String> {
        let of_group = |group: &GroupRights| {
            let mut names = group.suites.iter().flatten();
            names.try_for_each(|name| group.suite(name, config).map(drop))
        };
        self.groups.iter().try_for_each(of_group)
    }
}

impl Default for SignInSettings {
    fn default() -> Self {
        Self {
            passwords: true,
            provider: None,
            groups: Vec::new(),
        }
    }
}

impl FileContent for SignInSettings {
    fn check(&self) -> Result<(), String> {
        let Some(provider) = &self.provider else {
            return match (self.passwords, self.groups.is_empty()) {
                (true, true) => Ok(()),
                (false, _) => Err("`passwords = false` without a [provider]: nobody could sign in".into()),
                (true, false) => Err("there are groups, but no [provider] that names them".into()),
            };
        };
        provider.check()?;
        if self.groups.is_empty() || self.groups.len() > MAX_GROUPS {
            return Err(format!(
                "expected 1 to {MAX_GROUPS} [[group]] tables: whoever is in none of them cannot sign in"
            ));
        }
        for (at, group) in self.groups.iter().enumerate() {
            let name = shown(&group.name);
            if self.groups.iter().take(at).any(|other| other.name == group.name) {
                return Err(format!("group `{name}` occurs twice"));
            }
            if group.role == Role::Admin && group.suites.is_some() {
                return Err(format!(
                    "group `{name}` has `suites`: administrators have all of them"
                ));
            }
            if group.role == Role::Admin && group.name == EVERYBODY {
                return Err("the group `*` has the role `admin`: not everybody is an administrator".into());
            }
        }
        Ok(())
    }
}

impl Provider {
    fn check(&self) -> Result<(), String> {
        check_url(&self.issuer)?;
        let console = &self.console_url;
        let has_path = console
            .split_once("://")
            .is_some_and(|(_, rest)| rest.contains('/'));
        match config::check_url(console) {
            Ok(()) if !has_path => {}
            Err(UrlProblem::Credentials) => return Err("the `console_url` has a password".into()),
            _ => {
                let found = shown(console);
                return Err(format!(
                    "expected a `console_url` such as `https://apt.example.org`, found `{found}`"
                ));
            }
        }
        for (name, value) in [
            ("name", &self.name),
            ("client_id", &self.client_id),
            ("groups_claim", &self.groups_claim),
            ("username_claim", &self.username_claim),
            ("confirm_prompt", &self.confirm_prompt),
        ] {
            if value.is_empty() || value.chars().any(char::is_control) {
                return Err(format!("expected a `{name}` without control characters"));
            }
        }
        if !self.scopes.iter().any(|scope| scope == "openid") {
            return Err("the `scopes` lack `openid`: the provider would not say who signs in".into());
        }
        let is_domain = |domain: &String| {
            !domain.is_empty()
                && domain
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        };
        match self.email_domains.iter().find(|domain| !is_domain(domain)) {
            Some(wrong) => Err(format!(
                "expected `email_domains` such as `example.org`, found `{}`",
                shown(wrong)
            )),
            None => Ok(()),
        }
    }

    /// Returns where the provider sends people back to.
    pub(super) fn redirect_uri(&self) -> String {
        format!("{}/console/sign-in/answer", self.console_url)
    }
}

fn yes() -> bool {
    true
}

fn default_scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(String::from).into()
}

fn default_confirm_prompt() -> String {
    "login".into()
}

fn default_groups_claim() -> String {
    "groups".into()
}

fn default_username_claim() -> String {
    "preferred_username".into()
}

fn role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const WHOLE: &str = "[provider]\nname = \"Example\"\nissuer = \"https://id.example.org\"\nclient_id = \"archive\"\n\
        console_url = \"https://apt.example.org\"\n[[group]]\nname = \"staff\"\nrole = \"user\"\n";

    fn parse(text: &str) -> Result<SignInSettings, String> {
        SignInSettings::parse(text, Path::new("single-sign-on.toml")).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            format!("{error} {}", cause.unwrap_or_default())
        })
    }

    #[test]
    fn a_missing_file_takes_passwords_and_nothing_else() {
        let none = SignInSettings::read(Path::new("/nonexistent/single-sign-on.toml")).unwrap();
        assert!(none.passwords && none.provider.is_none());
        let whole = parse(WHOLE).unwrap();
        assert!(whole.passwords && whole.provider.unwrap().create_accounts);
    }

    #[test]
    fn settings_by_which_nobody_or_everybody_could_enter_are_refused() {
        for (found, instead, words) in [
            (WHOLE, "passwords = false", "nobody could sign in"),
            (WHOLE, "[[group]]\nname = \"a\"\nrole = \"user\"", "no [provider]"),
            ("[[group]]\nname = \"staff\"\nrole = \"user\"\n", "", "[[group]]"),
            (
                "role = \"user\"",
                "role = \"user\"\n[[group]]\nname = \"staff\"\nrole = \"user\"",
                "twice",
            ),
            (
                "name = \"staff\"\nrole = \"user\"",
                "name = \"*\"\nrole = \"admin\"",
                "not everybody",
            ),
            (
                "role = \"user\"",
                "role = \"admin\"\nsuites = [\"stable\"]",
                "all of them",
            ),
            ("role = \"user\"", "role = \"root\"", "expected `admin`"),
            ("https://id.example.org", "http://id.example.org", "https://"),
            (
                "https://apt.example.org",
                "https://apt.example.org/x",
                "console_url",
            ),
            ("https://apt.example.org", "apt.example.org", "console_url"),
            ("[[group]]", "scopes = [\"profile\"]\n[[group]]", "lack `openid`"),
            (
                "[[group]]",
                "email_domains = [\"@example.org\"]\n[[group]]",
                "email_domains",
            ),
            (
                "[[group]]",
                "client_secret = \"in the open\"\n[[group]]",
                "unknown field",
            ),
        ] {
            let error = parse(&WHOLE.replacen(found, instead, 1)).unwrap_err();
            assert!(error.contains(words), "{instead}: {error}");
        }
    }
}
