//! What the environment says.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use debian_archive::config::{Span, UrlProblem, check_url};
use debian_archive::location::ArchiveLocation;
use ipnet::IpNet;

use crate::outbound::{Addresses, Ports, Reach};
use crate::rate_limits::{Rate, Rates};

/// Largest `.deb` that is taken when nothing else is said: 2 GiB.
const MAX_UPLOAD_BYTES: u64 = 2 << 30;
/// How long access tokens live when nothing else is said.
const TOKEN_TTL: Duration = Duration::from_secs(3_600);
/// How long whoever uploads may send nothing, and take in all, when nothing else is said.
const UPLOAD_IDLE: Duration = Duration::from_secs(30);
const UPLOAD_TOTAL: Duration = Duration::from_secs(3_600);
/// How long a webhook has to answer when nothing else is said, and at most: a delivery is held for a minute by who sends it.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_WEBHOOK_TIMEOUT: Duration = Duration::from_secs(30);
/// The shortest secret that signs access tokens, in bytes.
const MIN_SECRET_BYTES: usize = 32;

/// How often one account, or one address, may read and upload when nothing else is said: far above what a build farm does at once.
const READ_RATE: &str = "1000:20000";
const UPLOAD_RATE: &str = "500:20000";

/// A variable that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("invalid {name} `{value}`: {expected}")]
pub(crate) struct SettingError {
    name: &'static str,
    value: String,
    expected: &'static str,
}

/// Whether strangers may make accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registration {
    Open,
    Closed,
}

/// Who publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublisherMode {
    /// A thread of this process.
    Inline,
    /// Somebody else, such as `repogen watch`.
    Off,
}

/// Which pages of browsers may read answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origins {
    Any,
    These(Vec<String>),
}

/// How the server runs.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) location: ArchiveLocation,
    pub(crate) address: SocketAddr,
    /// `None`: made once and kept in `keys/`.
    pub(crate) jwt_secret: Option<String>,
    /// The client secret at the sign-in provider.
    pub(crate) sign_in_secret: Option<String>,
    /// Seconds.
    pub(crate) token_ttl: i64,
    /// How long API tokens may live, in seconds; `None`: for ever.
    pub(crate) token_max_life: Option<i64>,
    pub(crate) origins: Origins,
    pub(crate) registration: Registration,
    pub(crate) max_upload_bytes: u64,
    /// How long whoever uploads may send nothing.
    pub(crate) upload_idle: Duration,
    /// How long an upload may take in all.
    pub(crate) upload_total: Duration,
    pub(crate) publisher: PublisherMode,
    /// Without a slash at its end.
    pub(crate) public_url: Option<String>,
    pub(crate) trusted_proxies: Vec<IpAddr>,
    pub(crate) rates: Rates,
    pub(crate) webhooks: WebhookSettings,
}

/// How events are sent.
#[derive(Debug, Clone)]
pub(crate) struct WebhookSettings {
    pub(crate) reach: Reach,
    /// How long a receiver has to answer.
    pub(crate) timeout: Duration,
}

impl Settings {
    /// Reads the variables that `variable` returns. An empty one counts as left out.
    pub(crate) fn read(root: &Path, variable: impl Fn(&str) -> Option<OsString>) -> anyhow::Result<Self> {
        let variable = |name: &'static str| match variable(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            // One that cannot be read does not count as left out: its default may be less strict.
            // It is not shown: some variables hold passwords.
            Some(value) => {
                let text = value.into_string().map(Some);
                text.map_err(|_| wrong(name, "...", "expected UTF-8"))
            }
        };
        let host = variable("API_HOST")?.unwrap_or_else(|| "0.0.0.0".to_owned());
        let ip = parsed("API_HOST", &host, "expected an IP address")?;
        let port =
            variable("API_PORT")?.map_or(Ok(3000), |port| parsed("API_PORT", &port, "expected a port"))?;
        Ok(Self {
            location: ArchiveLocation::new(
                root,
                bucket_storage::open_named(variable("STORAGE_URL")?.as_deref(), std::env::vars_os())?,
                variable("DATABASE_URL")?.as_deref(),
            )?,
            address: SocketAddr::new(ip, port),
            jwt_secret: variable("JWT_SECRET")?.map(secret).transpose()?,
            sign_in_secret: variable("SIGN_IN_CLIENT_SECRET")?,
            token_ttl: seconds(span("TOKEN_TTL", variable("TOKEN_TTL")?, TOKEN_TTL)?),
            token_max_life: variable("TOKEN_MAX_LIFE")?
                .map(|text| span("TOKEN_MAX_LIFE", Some(text), TOKEN_TTL).map(seconds))
                .transpose()?,
            origins: variable("CORS_ORIGINS")?.map_or(Ok(Origins::Any), |text| origins(&text))?,
            registration: one_of(
                "REGISTRATION",
                variable("REGISTRATION")?,
                [("open", Registration::Open), ("closed", Registration::Closed)],
                "expected `open` or `closed`",
            )?,
            max_upload_bytes: variable("MAX_UPLOAD_BYTES")?.map_or(Ok(MAX_UPLOAD_BYTES), |text| {
                parsed("MAX_UPLOAD_BYTES", &text, "expected a number of bytes")
            })?,
            upload_idle: span("UPLOAD_IDLE", variable("UPLOAD_IDLE")?, UPLOAD_IDLE)?,
            upload_total: span("UPLOAD_TOTAL", variable("UPLOAD_TOTAL")?, UPLOAD_TOTAL)?,
            publisher: one_of(
                "PUBLISHER",
                variable("PUBLISHER")?,
                [("inline", PublisherMode::Inline), ("off", PublisherMode::Off)],
                "expected `inline` or `off`",
            )?,
            public_url: variable("PUBLIC_URL")?.map(|url| public_url(&url)).transpose()?,
            rates: Rates {
                reads: rate("READ_RATE", variable("READ_RATE")?, READ_RATE)?,
                writes: rate("UPLOAD_RATE", variable("UPLOAD_RATE")?, UPLOAD_RATE)?,
            },
            webhooks: webhooks(&variable)?,
            trusted_proxies: variable("TRUSTED_PROXIES")?.map_or(Ok(Vec::new()), |text| {
                text.split(',')
                    .map(|one| {
                        parsed(
                            "TRUSTED_PROXIES",
                            one.trim(),
                            "expected IP addresses, separated by commas",
                        )
                    })
                    .collect()
            })?,
        })
    }
}

/// Reads where webhooks may be, and how long they have.
fn webhooks(
    variable: &impl Fn(&'static str) -> Result<Option<String>, SettingError>,
) -> Result<WebhookSettings, SettingError> {
    let networks: Vec<IpNet> = variable("WEBHOOK_NETWORKS")?.map_or(Ok(Vec::new()), |text| {
        let expected = "expected networks such as `10.1.0.0/16`, separated by commas";
        let networks = text.split(',');
        networks
            .map(|one| parsed("WEBHOOK_NETWORKS", one.trim(), expected))
            .collect()
    })?;
    let ports = match variable("WEBHOOK_PORTS")? {
        None => Ports::OfScheme,
        Some(text) if text == "any" => Ports::Any,
        Some(text) => {
            let expected = "expected ports such as `8443`, separated by commas, or `any`";
            let ports = text
                .split(',')
                .map(|one| parsed("WEBHOOK_PORTS", one.trim(), expected));
            Ports::These(ports.collect::<Result<_, _>>()?)
        }
    };
    let plain_http = one_of(
        "WEBHOOK_HTTP",
        variable("WEBHOOK_HTTP")?,
        [("refuse", false), ("allow", true)],
        "expected `refuse` or `allow`",
    )?;
    let timeout = span("WEBHOOK_TIMEOUT", variable("WEBHOOK_TIMEOUT")?, WEBHOOK_TIMEOUT)?;
    if timeout > MAX_WEBHOOK_TIMEOUT {
        let text = format!("{}s", timeout.as_secs());
        return Err(wrong("WEBHOOK_TIMEOUT", &text, "expected at most `30s`"));
    }
    Ok(WebhookSettings {
        reach: Reach {
            addresses: Addresses::public_and(&networks),
            plain_http,
            ports,
        },
        timeout,
    })
}

fn parsed<T: std::str::FromStr>(
    name: &'static str,
    value: &str,
    expected: &'static str,
) -> Result<T, SettingError> {
    value.parse().map_err(|_| wrong(name, value, expected))
}

fn wrong(name: &'static str, value: &str, expected: &'static str) -> SettingError {
    SettingError {
        name,
        value: value.escape_debug().to_string(),
        expected,
    }
}

/// Returns what a word stands for; left out, the first.
fn one_of<T: Copy>(
    name: &'static str,
    value: Option<String>,
    words: [(&str, T); 2],
    expected: &'static str,
) -> Result<T, SettingError> {
    let [(_, default), _] = words;
    let Some(value) = value else { return Ok(default) };
    words
        .into_iter()
        .find(|(word, _)| *word == value)
        .map(|(_, meaning)| meaning)
        .ok_or_else(|| wrong(name, &value, expected))
}

fn secret(text: String) -> Result<String, SettingError> {
    if text.len() < MIN_SECRET_BYTES {
        // Not shown: it is a secret, if a short one.
        return Err(wrong("JWT_SECRET", "...", "expected at least 32 bytes"));
    }
    Ok(text)
}

/// Returns a span of time that is not nothing.
fn span(name: &'static str, text: Option<String>, default: Duration) -> Result<Duration, SettingError> {
    let Some(text) = text else { return Ok(default) };
    let expected = "expected a time such as `30s`, `15m` or `1h`";
    let span: Span = parsed(name, &text, expected)?;
    match u64::try_from(span.seconds()) {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err(wrong(name, &text, "expected at least one second")),
    }
}

/// Reads `PER_SECOND:BURST`, or `off`.
fn rate(name: &'static str, text: Option<String>, default: &str) -> Result<Option<Rate>, SettingError> {
    let text = text.unwrap_or_else(|| default.to_owned());
    if text == "off" {
        return Ok(None);
    }
    let read = || {
        let (per_second, burst) = text.split_once(':')?;
        Some(Rate {
            per_second: per_second.parse().ok()?,
            burst: burst.parse().ok()?,
        })
    };
    let expected = "expected RATE:BURST in requests, such as `500:20000`, or `off`";
    read().map(Some).ok_or_else(|| wrong(name, &text, expected))
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).expect("a span of time has 32 bits")
}

fn origins(text: &str) -> Result<Origins, SettingError> {
    if text == "*" {
        return Ok(Origins::Any);
    }
    let origins: Vec<String> = text.split(',').map(|origin| origin.trim().to_owned()).collect();
    let right =
        |origin: &String| origin.contains("://") && origin.bytes().all(|byte| byte.is_ascii_graphic());
    if !origins.iter().all(right) {
        return Err(wrong(
            "CORS_ORIGINS",
            text,
            "expected `*`, or origins such as `https://example.org`",
        ));
    }
    Ok(Origins::These(origins))
}

fn public_url(url: &str) -> Result<String, SettingError> {
    match check_url(url) {
        Ok(()) => {}
        Err(UrlProblem::Credentials) => {
            return Err(wrong(
                "PUBLIC_URL",
                "a URL with a password",
                "expected a URL without credentials: clients are redirected to it",
            ));
        }
        Err(_) => {
            return Err(wrong(
                "PUBLIC_URL",
                url,
                "expected an http:// or https:// URL without a query",
            ));
        }
    }
    Ok(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Settings, String> {
        let variable = |asked: &str| (asked == name).then(|| value.into());
        Settings::read(Path::new("/srv/archive"), variable).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_has_its_default() {
        let settings = read("", "").unwrap();
        assert_eq!(settings.address.to_string(), "0.0.0.0:3000");
        assert_eq!(settings.token_ttl, 3600);
        assert_eq!(settings.origins, Origins::Any);
        assert_eq!(settings.registration, Registration::Open);
        assert_eq!(settings.max_upload_bytes, 2 << 30);
        assert_eq!(settings.publisher, PublisherMode::Inline);
        assert_eq!(
            format!("{:?}", settings.location),
            format!("{:?}", ArchiveLocation::folder(Path::new("/srv/archive")))
        );
    }

    #[test]
    fn a_wrong_value_is_named_with_what_would_be_right() {
        for (name, value) in [
            ("API_PORT", "http"),
            ("TOKEN_TTL", "0s"),
            ("UPLOAD_IDLE", "0s"),
            ("UPLOAD_RATE", "0:5"),
            ("READ_RATE", "100"),
            ("UPLOAD_TOTAL", "an hour"),
            ("REGISTRATION", "no"),
            ("PUBLISHER", "on"),
            ("MAX_UPLOAD_BYTES", "2 GiB"),
            ("CORS_ORIGINS", "example.org"),
            ("PUBLIC_URL", "example.org"),
            ("TRUSTED_PROXIES", "10.0.0.0/8"),
            ("WEBHOOK_NETWORKS", "10.0.0.1"),
            ("WEBHOOK_HTTP", "yes"),
            ("WEBHOOK_PORTS", "https"),
            ("WEBHOOK_TIMEOUT", "31s"),
        ] {
            let error = read(name, value).unwrap_err();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn a_variable_that_is_no_text_is_refused_and_not_left_out() {
        use std::os::unix::ffi::OsStringExt as _;
        let variable =
            |asked: &str| (asked == "REGISTRATION").then(|| OsString::from_vec(b"clos\xe9d".into()));
        let error = Settings::read(Path::new("/srv/archive"), variable).unwrap_err();
        assert_eq!(error.to_string(), "invalid REGISTRATION `...`: expected UTF-8");
    }

    #[test]
    fn a_short_secret_is_refused_and_not_shown() {
        let error = read("JWT_SECRET", "swordfish").unwrap_err();
        assert!(
            error.contains("32 bytes") && !error.contains("swordfish"),
            "{error}"
        );
    }
}
