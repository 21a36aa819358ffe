//! Whom to show which password. Source: apt_auth.conf(5).

use std::io;
use std::path::Path;

use debian_control::stanza::index_text;

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
    below: Below,
    login: String,
    password: String,
    /// Who says so, in words.
    from: String,
}

/// Which paths are below one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    /// Those that have it as their first parts.
    Parts,
    /// Those that begin as it does: what a file says of `/deb` is for `/debian`, too. Source: apt_auth.conf(5).
    Letters,
}

/// Passwords for archives. They are never printed.
#[derive(Clone, Default)]
pub struct Credentials {
    known: Vec<Credential>,
    /// Which files cannot be read, and why.
    unreadable: Vec<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Credentials({})", self.known.len())
    }
}

impl Credentials {
    /// Adds what a file in the form of apt's `auth.conf`, or of `.netrc`, has for this user; one that cannot be read has nothing.
    pub fn with_file(mut self, path: &Path) -> Self {
        match read_file(path) {
            Ok(text) => self.known.extend(parse(&text, &format!("`{}`", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self
                .unreadable
                .push(format!("`{}` cannot be read: {error}", path.display())),
        }
        self
    }

    /// Adds what a folder such as `/etc/apt/auth.conf.d` has for this user; files that cannot be read are passed over.
    pub fn with_folder(self, folder: &Path) -> Self {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return self;
        };
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_none_or(|end| end == "conf"));
        paths.sort();
        paths
            .iter()
            .fold(self, |credentials, path| credentials.with_file(path))
    }

    /// Adds a name and a password that count for an archive.
    pub fn with_password(mut self, root: &Location, login: &str, password: &str) -> Self {
        let url = root.url();
        if let Some(host) = url.host_str() {
            self.known.push(Credential {
                scheme: Some(url.scheme().to_owned()),
                host: host.to_owned(),
                port: url.port_or_known_default(),
                path: url.path().trim_end_matches('/').to_owned(),
                below: Below::Parts,
                login: login.to_owned(),
                password: password.to_owned(),
                from: "the source's entry".to_owned(),
            });
        }
        self
    }

    /// Adds a token that counts for one origin.
    pub fn with_token(mut self, origin: &Location, token: &str) -> Self {
        let url = origin.url();
        if let Some(host) = url.host_str() {
            self.known.push(Credential {
                scheme: Some(url.scheme().to_owned()),
                host: host.to_owned(),
                port: url.port_or_known_default(),
                path: String::new(),
                below: Below::Parts,
                login: "cpkgs".to_owned(),
                password: token.to_owned(),
                from: "the registry's token".to_owned(),
            });
        }
        self
    }

    /// Returns the name and the password for an address, where there are any.
    pub(super) fn for_url(&self, url: &reqwest::Url) -> Option<(&str, &str)> {
        let found = self.credential(url)?;
        Some((&found.login, &found.password))
    }

    fn credential(&self, url: &reqwest::Url) -> Option<&Credential> {
        let mut known = self.known.iter();
        known.find(|known| known.is_of_scheme(url) && known.is_of_place(url))
    }

    /// Says why what is known did not help where a server refused an address; `None` where nothing is known.
    pub(super) fn why_refused(&self, url: &reqwest::Url) -> Option<String> {
        if let Some(used) = self.credential(url) {
            return Some(format!("the login of {} was refused", used.from));
        }
        let insecure = self.known.iter().find(|known| known.is_of_place(url));
        let insecure = insecure.map(|known| {
            let (from, host, scheme) = (&known.from, &known.host, url.scheme());
            match known.scheme {
                None => format!(
                    "{from} has a login for `{host}`, which is for https only: write `{scheme}://{host}` for {scheme}"
                ),
                Some(_) => format!("{from} has a login for `{host}`, which is not for {scheme}"),
            }
        });
        insecure.or_else(|| self.unreadable.first().cloned())
    }
}

impl Credential {
    fn is_of_scheme(&self, url: &reqwest::Url) -> bool {
        match &self.scheme {
            Some(scheme) => scheme == url.scheme(),
            None => url.scheme() == "https",
        }
    }

    /// Says whether it is for a host, a port and a path.
    fn is_of_place(&self, url: &reqwest::Url) -> bool {
        let path = url.path().strip_prefix(self.path.as_str());
        let is_whole = |rest: &str| {
            self.path.is_empty() || self.path.ends_with('/') || rest.is_empty() || rest.starts_with('/')
        };
        let below = path.is_some_and(|rest| self.below == Below::Letters || is_whole(rest));
        let is_port = self.port.is_none() || self.port == url.port_or_known_default();
        below && is_port && url.host_str() == Some(self.host.as_str())
    }
}

/// Reads a file as apt does: bytes that are no text, in a comment say, are no fault.
fn read_file(path: &Path) -> io::Result<String> {
    let found = std::fs::metadata(path)?;
    if !found.is_file() || found.len() > MAX_BYTES {
        return Err(io::Error::other("it is not a file of at most 1 MiB"));
    }
    Ok(index_text(std::fs::read(path)?))
}

fn parse(text: &str, from: &str) -> Vec<Credential> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut words = lines.flat_map(str::split_ascii_whitespace).peekable();
    let mut found = Vec::new();
    let mut open: Option<Credential> = None;
    while let Some(word) = words.next() {
        match word {
            "machine" => {
                found.extend(open.take());
                open = words.next().and_then(|text| machine(text, from));
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

fn machine(text: &str, from: &str) -> Option<Credential> {
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
        below: Below::Letters,
        login: String::new(),
        password: String::new(),
        from: from.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(conf: &str) -> Credentials {
        Credentials {
            known: parse(conf, "`auth.conf`"),
            unreadable: vec!["`other` cannot be read: no".to_owned()],
        }
    }

    fn shown(conf: &str, url: &str) -> Option<(String, String)> {
        let credentials = of(conf);
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
    fn a_password_of_a_file_is_shown_where_paths_begin_as_its_own_and_on_its_port_only() {
        let conf = "# comment\nmachine http://h:81/private\n  login a\n  password b\nmachine other login c password d";
        assert!(shown(conf, "http://h:81/private/x").is_some());
        assert!(shown(conf, "http://h:81/private").is_some());
        assert!(shown(conf, "http://h:81/privateer").is_some());
        for url in [
            "http://h:81/public",
            "http://h/private/x",
            "https://h:81/private/x",
            "http://i:81/private",
        ] {
            assert_eq!(shown(conf, url), None, "{url}");
        }
    }

    #[test]
    fn what_did_not_help_is_said() {
        let conf = "machine h login a password b machine https://i login c password d";
        let why = |url: &str| of(conf).why_refused(&url.parse().unwrap()).unwrap();
        assert_eq!(why("https://h/x"), "the login of `auth.conf` was refused");
        assert_eq!(
            why("http://h/x"),
            "`auth.conf` has a login for `h`, which is for https only: write `http://h` for http"
        );
        assert_eq!(
            why("http://i/x"),
            "`auth.conf` has a login for `i`, which is not for http"
        );
        assert_eq!(why("http://j/x"), "`other` cannot be read: no");
    }

    #[test]
    fn a_file_is_read_whatever_bytes_its_comments_have() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b.conf")).unwrap();
        std::fs::write(
            folder.path().join("a.conf"),
            b"# \xe9\nmachine h login a password b\n",
        )
        .unwrap();
        let read = Credentials::default().with_folder(folder.path());
        assert!(read.for_url(&"https://h/".parse().unwrap()).is_some());
        let why = read.why_refused(&"https://i/".parse().unwrap()).unwrap();
        assert!(why.contains("b.conf` cannot be read: "), "{why}");
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
