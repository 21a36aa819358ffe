//! Whom to show which password. Source: apt_auth.conf(5).

use std::path::Path;

use super::Location;

/// Most bytes of a file with passwords that are read.
const MAX_BYTES: u64 = 1 << 20;

/// A name and a password, and where they may be shown.
#[derive(Clone)]
struct Credential {
    /// `http`, `https`, or any safe one when left out.
    scheme: Option<String>,
    host: String,
    /// Every port when left out: "If no port is given the token matches for all ports", says apt_auth.conf(5).
    port: Option<u16>,
    path: String,
    login: String,
    password: String,
}

/// Passwords for archives. They are never printed.
#[derive(Clone, Default)]
pub struct Credentials(Vec<Credential>);

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Credentials({})", self.0.len())
    }
}

impl Credentials {
    /// Reads what a folder such as `/etc/apt/auth.conf.d` has for this user; files that cannot be read are passed over.
    fn read_folder(folder: &Path) -> Self {
        let mut credentials = Self::default();
        let Ok(entries) = std::fs::read_dir(folder) else {
            return credentials;
        };
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            if path.extension().is_none_or(|end| end == "conf") {
                credentials.0.extend(read_file(&path));
            }
        }
        credentials
    }

    /// Adds what a file in the form of apt's `auth.conf`, or of `.netrc`, has for this user; one that cannot be read has nothing.
    pub fn with_file(mut self, path: &Path) -> Self {
        self.0.extend(read_file(path));
        self
    }

    /// Adds what a folder such as `/etc/apt/auth.conf.d` has.
    pub fn with_folder(mut self, folder: &Path) -> Self {
        self.0.extend(Self::read_folder(folder).0);
        self
    }

    /// Adds a name and a password that count for an archive.
    pub fn with_password(mut self, root: &Location, login: &str, password: &str) -> Self {
        let url = root.url();
        if let Some(host) = url.host_str() {
            self.0.push(Credential {
                scheme: Some(url.scheme().to_owned()),
                host: host.to_owned(),
                port: url.port_or_known_default(),
                path: url.path().trim_end_matches('/').to_owned(),
                login: login.to_owned(),
                password: password.to_owned(),
            });
        }
        self
    }

    /// Adds a token that counts for one origin.
    pub fn with_token(mut self, origin: &Location, token: &str) -> Self {
        let url = origin.url();
        if let Some(host) = url.host_str() {
            self.0.push(Credential {
                scheme: Some(url.scheme().to_owned()),
                host: host.to_owned(),
                port: url.port_or_known_default(),
                path: String::new(),
                login: "cpkgs".to_owned(),
                password: token.to_owned(),
            });
        }
        self
    }

    /// Returns the name and the password for an address, where there are any.
    pub(super) fn for_url(&self, url: &reqwest::Url) -> Option<(&str, &str)> {
        let fits = |found: &&Credential| {
            let scheme = match &found.scheme {
                Some(scheme) => scheme == url.scheme(),
                None => url.scheme() == "https",
            };
            let path = url.path().strip_prefix(found.path.as_str());
            let below = path.is_some_and(|rest| {
                found.path.is_empty() || found.path.ends_with('/') || rest.is_empty() || rest.starts_with('/')
            });
            let is_port = found.port.is_none() || found.port == url.port_or_known_default();
            scheme && below && is_port && url.host_str() == Some(found.host.as_str())
        };
        let found = self.0.iter().find(fits)?;
        Some((&found.login, &found.password))
    }
}

fn read_file(path: &Path) -> Vec<Credential> {
    let is_small = std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() <= MAX_BYTES);
    let text = is_small.then(|| std::fs::read_to_string(path).ok()).flatten();
    text.map_or_else(Vec::new, |text| parse(&text))
}

fn parse(text: &str) -> Vec<Credential> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut words = lines.flat_map(str::split_ascii_whitespace).peekable();
    let mut found = Vec::new();
    let mut open: Option<Credential> = None;
    while let Some(word) = words.next() {
        match word {
            "machine" => {
                found.extend(open.take());
                open = words.next().and_then(machine);
            }
            "login" | "password" | "account" => {
                let value = words.next().unwrap_or_default().to_owned();
                match (&mut open, word) {
                    (Some(open), "login") => open.login = value,
                    (Some(open), "password") => open.password = value,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    found.extend(open);
    found
}

fn machine(text: &str) -> Option<Credential> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_owned()), rest),
        None => (None, text),
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (authority, None),
    };
    Some(Credential {
        scheme,
        host: host.to_owned(),
        port,
        path: path.to_owned(),
        login: String::new(),
        password: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(conf: &str, url: &str) -> Option<(String, String)> {
        let credentials = Credentials(parse(conf));
        let (login, password) = credentials.for_url(&url.parse().unwrap())?;
        Some((login.to_owned(), password.to_owned()))
    }

    #[test]
    fn a_password_without_a_scheme_is_for_https_only() {
        let conf = "machine h login a password b";
        assert_eq!(shown(conf, "http://h/x"), None);
        assert_eq!(shown(conf, "https://h/x"), Some(("a".into(), "b".into())));
    }

    #[test]
    fn a_password_without_a_port_is_for_all_ports() {
        let conf = "machine http://h login a password b machine https://i:443 login c password d";
        for url in ["http://h/x", "http://h:80/x", "http://h:8080/x", "https://i/x"] {
            assert!(shown(conf, url).is_some(), "{url}");
        }
        assert_eq!(shown(conf, "https://i:8443/x"), None);
    }

    #[test]
    fn a_password_is_shown_below_its_path_and_on_its_port_only() {
        let conf = "# comment\nmachine http://h:81/private\n  login a\n  password b\nmachine other login c password d";
        assert!(shown(conf, "http://h:81/private/x").is_some());
        assert!(shown(conf, "http://h:81/private").is_some());
        for url in [
            "http://h:81/privateer",
            "http://h/private/x",
            "https://h:81/private/x",
            "http://i:81/private",
        ] {
            assert_eq!(shown(conf, url), None, "{url}");
        }
    }

    #[test]
    fn the_password_of_an_archive_is_for_what_is_below_its_root() {
        let credentials = Credentials::default().with_password(&"https://h/a/".parse().unwrap(), "u", "p");
        let shown = |url: &str| credentials.for_url(&url.parse().unwrap());
        assert_eq!(shown("https://h/a/dists/x"), Some(("u", "p")));
        for url in [
            "https://h/ab",
            "http://h/a/x",
            "https://i/a/x",
            "https://h:81/a/x",
        ] {
            assert_eq!(shown(url), None, "{url}");
        }
    }

    #[test]
    fn a_token_is_for_its_origin() {
        let credentials = Credentials::default().with_token(&"http://h:3000/x".parse().unwrap(), "t");
        assert!(
            credentials
                .for_url(&"http://h:3000/private/a".parse().unwrap())
                .is_some()
        );
        assert!(credentials.for_url(&"http://h:3001/".parse().unwrap()).is_none());
    }
}
