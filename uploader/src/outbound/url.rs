//! Which URLs a webhook may have.

use std::net::IpAddr;

use reqwest::Url;

use super::addresses::Addresses;
use super::resolver::NotPublic;

/// The longest URL, in bytes.
const MAX_URL: usize = 2000;

/// Which ports a webhook may be at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ports {
    /// The one of its scheme.
    OfScheme,
    /// These too.
    These(Vec<u16>),
    /// Whichever.
    Any,
}

/// Where webhooks may be.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// At which addresses.
    pub(crate) addresses: Addresses,
    /// Whether deliveries may be sent without encryption.
    pub(crate) plain_http: bool,
    /// At which ports.
    pub(crate) ports: Ports,
}

/// Reads the URL of a webhook, or says what is wrong with it, for people.
///
/// What a name stands for is checked for each connection: it may change at any time.
pub(crate) fn checked_url(text: &str, reach: &Reach) -> Result<Url, String> {
    if text.len() > MAX_URL {
        return Err(format!("the URL has more than {MAX_URL} bytes"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the URL has blanks, or letters that are not ASCII: percent-encode them".to_owned());
    }
    let url: Url = text.parse().map_err(|_| "it is not a URL".to_owned())?;
    match url.scheme() {
        "https" => {}
        "http" if reach.plain_http => {}
        "http" => return Err("the URL begins with http://: use https, or set WEBHOOK_HTTP=allow".to_owned()),
        _ => return Err("the URL should begin with https://".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() || has_user(text) {
        return Err(
            "the URL has a user name or a password: receivers check the signature instead".to_owned(),
        );
    }
    if url.fragment().is_some() {
        return Err("the URL has a fragment, which is never sent".to_owned());
    }
    check_port(&url, reach)?;
    check_host(&url, reach)?;
    Ok(url)
}

/// Says whether a URL has a user, be it an empty one.
fn has_user(text: &str) -> bool {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    let end = authority.find(['/', '?', '#', '\\']).unwrap_or(authority.len());
    authority
        .get(..end)
        .is_some_and(|authority| authority.contains('@'))
}

fn check_port(url: &Url, reach: &Reach) -> Result<(), String> {
    let is_allowed = match (url.port(), &reach.ports) {
        (None, _) | (Some(_), Ports::Any) => true,
        (Some(_), Ports::OfScheme) => false,
        (Some(port), Ports::These(ports)) => ports.contains(&port),
    };
    if is_allowed {
        return Ok(());
    }
    Err("the URL has a port that is not allowed: see WEBHOOK_PORTS".to_owned())
}

fn check_host(url: &Url, reach: &Reach) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    let is_name = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let is_allowed = match address {
        Ok(address) => reach.addresses.allow(address),
        Err(_) if host == "localhost" || host.ends_with(".localhost") => {
            reach.addresses.allow(IpAddr::from([127, 0, 0, 1]))
        }
        Err(_) if host.len() <= 253 && host.split('.').all(is_name) => true,
        Err(_) => return Err("the URL has no host that can be looked up".to_owned()),
    };
    if is_allowed {
        return Ok(());
    }
    let refused = NotPublic {
        host: host.to_owned(),
    };
    Err(format!(
        "{refused}: WEBHOOK_NETWORKS names others that are allowed"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reach: &Reach, url: &str) -> Result<String, String> {
        checked_url(url, reach).map(|url| url.to_string())
    }

    fn strict() -> Reach {
        Reach {
            addresses: Addresses::default(),
            plain_http: false,
            ports: Ports::OfScheme,
        }
    }

    #[test]
    fn what_leads_inward_or_shows_oddities_is_refused() {
        for url in [
            "",
            "example.org",
            "ftp://example.org/",
            "file:///etc/passwd",
            "gopher://example.org/",
            "http://example.org/",
            "https://example.org:8443/",
            "https://example.org:22/",
            "https://user@example.org/",
            "https://user:password@example.org/",
            "https://:password@example.org/",
            "https://@example.org/",
            "https://example.org/#fragment",
            "https://example.org/a b",
            "https://exämple.org/",
            "https://localhost/",
            "https://LOCALHOST/",
            "https://a.localhost/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://0/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fe80::1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://10.0.0.1/",
            "https://example..org/",
            "https://example.org./",
            "https://-example.org/",
            "https://exa$mple.org/",
        ] {
            assert!(check(&strict(), url).is_err(), "{url}");
        }
        assert!(check(&strict(), &format!("https://example.org/{}", "x".repeat(2000))).is_err());
    }

    #[test]
    fn public_hosts_are_taken_as_they_are() {
        for url in [
            "https://example.org/",
            "https://hooks.example.org:443/a?token=b@c",
            "https://1.1.1.1/x",
            "https://[2606:4700::1111]/",
            "https://xn--exmple-cua.org/",
        ] {
            assert!(check(&strict(), url).is_ok(), "{url}");
        }
    }

    #[test]
    fn settings_allow_more() {
        let open = Reach {
            addresses: Addresses::public_and(&["127.0.0.0/8".parse().unwrap()]),
            plain_http: true,
            ports: Ports::These(vec![8080]),
        };
        for url in [
            "http://localhost:8080/",
            "http://127.0.0.1/",
            "http://[::ffff:127.0.0.1]:8080/",
        ] {
            assert!(check(&open, url).is_ok(), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://localhost:8081/", "http://[::1]/"] {
            assert!(check(&open, url).is_err(), "{url}");
        }
        let any = Reach {
            ports: Ports::Any,
            ..open
        };
        assert!(check(&any, "http://127.0.0.1:1/").is_ok());
    }
}
