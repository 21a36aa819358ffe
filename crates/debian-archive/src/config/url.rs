//! The address at which an archive is served.
//!
//! It is copied into files that everybody reads and that apt acts on, so what apt would refuse, or what nobody else may
//! know, is refused here.

/// Why an archive cannot be served at an address. No message shows a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    /// It does not begin as one.
    #[error("`{0}` does not begin with `http://` or `https://`, in lower case")]
    Scheme(String),
    /// It has a user or a password.
    #[error(
        "it contains a user name or a password, which would be written to files that everybody can read: leave it out; \
         clients keep passwords in `/etc/apt/auth.conf.d/`"
    )]
    Credentials,
    /// There is no host, or one that cannot be.
    #[error("`{0}` is not a host: expected a name such as `apt.example.org`, or an address")]
    Host(String),
    /// The port cannot be.
    #[error("`{0}` is not a port: expected a number from 1 to 65535")]
    Port(String),
    /// There is something after the path.
    #[error("it has a `{0}`: expected a path and nothing after it")]
    AfterPath(char),
    /// A character that is not allowed in an address.
    #[error("it has a {}: write it percent-encoded", name_of(*.0))]
    Character(char),
    /// A percent sign that begins no escape, or one of a character that no path may have.
    #[error(
        "`{0}` is not a valid percent-encoding: expected `%` and two hexadecimal digits of a printable character"
    )]
    Escape(String),
    /// A step of the path that leads elsewhere.
    #[error("its path has a segment `{0}`: write the resolved path")]
    Step(String),
}

fn name_of(character: char) -> String {
    match character {
        ' ' => "blank".to_owned(),
        other if other.is_control() => "control character".to_owned(),
        other => format!("`{other}`"),
    }
}

/// Checks an address: `http://` or `https://`, a host, perhaps a port, and a path.
///
/// # Errors
/// When it is something else; the text says what is wrong, and shows no password.
pub fn check_url(url: &str) -> Result<(), UrlProblem> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest else {
        // Only what stands before the colon: the rest may hold a password.
        let scheme = url.split(['/', '@', '?']).next().unwrap_or(url);
        let scheme = if url.contains('@') {
            scheme.split(':').next().unwrap_or(scheme)
        } else {
            scheme
        };
        return Err(UrlProblem::Scheme(scheme.escape_debug().to_string()));
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // Before anything is shown. An `@` in a path is only that.
    if authority.contains('@') {
        return Err(UrlProblem::Credentials);
    }
    if let Some(sign) = path.chars().find(|character| matches!(character, '?' | '#')) {
        return Err(UrlProblem::AfterPath(sign));
    }
    let odd = |character: &char| !character.is_ascii_graphic() || r#""<>\^`{|}"#.contains(*character);
    if let Some(character) = rest.chars().find(odd) {
        return Err(UrlProblem::Character(character));
    }
    check_authority(authority)?;
    check_escapes(path)?;
    let is_dots = |step: &&str| matches!(step.replace("%2e", ".").replace("%2E", ".").as_str(), "." | "..");
    match path.split('/').find(is_dots) {
        Some(step) => Err(UrlProblem::Step(step.to_owned())),
        None => Ok(()),
    }
}

fn check_authority(authority: &str) -> Result<(), UrlProblem> {
    let no_host = || UrlProblem::Host(authority.to_owned());
    let (host, port) = if let Some(inner) = authority.strip_prefix('[') {
        let (address, after) = inner.split_once(']').ok_or_else(no_host)?;
        address.parse::<std::net::Ipv6Addr>().map_err(|_| no_host())?;
        match after.strip_prefix(':') {
            Some(port) => (None, Some(port)),
            None if after.is_empty() => (None, None),
            None => return Err(no_host()),
        }
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(authority), None),
        }
    };
    if host.is_some_and(|host| !is_host(host)) {
        return Err(no_host());
    }
    match port {
        Some(port) if !is_port(port) => Err(UrlProblem::Port(port.to_owned())),
        _ => Ok(()),
    }
}

/// Returns whether a host is a name of the DNS, or an address of IPv4 in its usual form.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // What ends in a number is read as an address everywhere.
    let numeric = host
        .rsplit('.')
        .next()
        .is_some_and(|last| !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()));
    host.len() <= 253
        && host.split('.').all(is_label)
        && (!numeric || host.parse::<std::net::Ipv4Addr>().is_ok())
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn check_escapes(path: &str) -> Result<(), UrlProblem> {
    for after in path.split('%').skip(1) {
        let digits = after.get(..2).unwrap_or(after);
        let value = (digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| u8::from_str_radix(digits, 16).ok())
            .flatten();
        // A control character, or a slash that is not one, means something else to each server.
        if !value.is_some_and(|value| value >= 0x20 && value != 0x7f && value != b'/') {
            return Err(UrlProblem::Escape(format!("%{digits}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_can_be_are_taken() {
        for url in [
            "http://localhost:3000",
            "https://apt.example.org/",
            "https://apt.example.org/debian/my%20repo",
            "https://h/a%2Bb+c~d@e",
            "https://h_1.example/x",
            "http://127.0.0.1:8080/x",
            "http://[::1]:8080/x",
            "https://h/%C3%A4",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn addresses_that_cannot_be_are_refused_with_the_reason() {
        use UrlProblem::{AfterPath, Character, Escape, Host, Port, Scheme, Step};
        for (url, problem) in [
            ("ftp://h/x", Scheme("ftp:".into())),
            ("HTTPS://h/x", Scheme("HTTPS:".into())),
            ("apt.example.org", Scheme("apt.example.org".into())),
            ("https://h:99999", Port("99999".into())),
            ("https://h:0/", Port("0".into())),
            ("https://h:/", Port(String::new())),
            ("https://h:+80/", Port("+80".into())),
            ("https://h:80:80/", Port("80:80".into())),
            ("https:///x", Host(String::new())),
            ("https://a..b/", Host("a..b".into())),
            ("https://-a/", Host("-a".into())),
            ("https://a%20b/", Host("a%20b".into())),
            ("https://1.2.3.400/", Host("1.2.3.400".into())),
            ("https://[::1", Host("[::1".into())),
            ("https://[::g]/", Host("[::g]".into())),
            ("https://h/x?y", AfterPath('?')),
            ("https://h#y", AfterPath('#')),
            ("https://h/a b", Character(' ')),
            ("https://h/a\tb", Character('\t')),
            ("https://h/\u{e4}", Character('\u{e4}')),
            ("https://h/a\\b", Character('\\')),
            ("https://h/%zz", Escape("%zz".into())),
            ("https://h/%2", Escape("%2".into())),
            ("https://h/%", Escape("%".into())),
            ("https://h/a%0Ab", Escape("%0A".into())),
            ("https://h/a%2fb", Escape("%2f".into())),
            ("https://h/a/../b", Step("..".into())),
            ("https://h/%2e%2E/b", Step("%2e%2E".into())),
        ] {
            assert_eq!(check_url(url), Err(problem), "{url}");
        }
    }

    #[test]
    fn a_password_is_refused_and_never_shown() {
        for url in [
            "https://user:secret@apt.example.org",
            "https://secret@h/x",
            "http://user:secret@h:99999/%zz?x",
            "https://user:sec ret@h",
            "user:secret@h/x",
            "ftp://user:secret@h/x",
        ] {
            let text = check_url(url).unwrap_err().to_string();
            assert!(!text.contains("sec"), "{url}: {text}");
        }
    }
}
