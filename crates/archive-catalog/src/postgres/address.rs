//! From a URL to a connection.
//!
//! Beside what the URL says, these variables of libpq count where the URL is silent: `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`,
//! `PGPASSFILE`, `PGSSLMODE`, `PGSSLROOTCERT` (PostgreSQL manual, 34.15), and so do the file of passwords `~/.pgpass` (34.16) and that of
//! authorities `~/.postgresql/root.crt` (34.19).

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::config::Host;
use postgres::{Client, Config};

use super::tls::{self, Verification};
use crate::postgres_url::PostgresUrl;
use crate::sql::{Sql, SqlError};

/// How long a connection may take to come about, where the URL does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server may be silent that owes an answer.
const DEAD_AFTER: Duration = Duration::from_secs(30);

/// Where a server of this machine listens, where nothing names a host.
const SOCKETS: &str = "/var/run/postgresql";

/// What a URL says, with what the environment adds.
struct Address {
    config: Config,
    verification: Verification,
    /// A file of passwords that does not count, since others may read it.
    open_file: Option<PathBuf>,
}

/// Looks up a variable of the environment; one that is empty counts as not set.
type Variables<'v> = &'v dyn Fn(&str) -> Option<String>;

/// Says what is wrong with a URL.
pub(crate) fn check(url: &PostgresUrl) -> Result<(), String> {
    let address = parse(url, &|_| None)?;
    match address.config.get_dbname() {
        Some(_) => Ok(()),
        None => Err("no database is named after the host".to_owned()),
    }
}

/// Connects to the server.
pub(super) fn connect(url: &PostgresUrl) -> Sql<Client> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let address = parse(url, &variable).map_err(SqlError::Setting)?;
    let connector = tls::connector(&address.verification).map_err(SqlError::Setting)?;
    match (address.config.connect(connector), address.open_file) {
        (Err(error), Some(file)) if address.config.get_password().is_none() && asks_for_password(&error) => {
            Err(SqlError::Setting(format!(
                "the server asks for a password, and `{}` does not count, since others may read or write it: `chmod 0600` makes it count",
                file.display()
            )))
        }
        (connected, _) => Ok(connected?),
    }
}

/// Says whether the server asked for a password, and there was none.
fn asks_for_password(error: &postgres::Error) -> bool {
    // The driver has no other word for it.
    std::error::Error::source(error).is_some_and(|cause| cause.to_string() == "password missing")
}

fn parse(url: &PostgresUrl, variable: Variables<'_>) -> Result<Address, String> {
    let (address, query) = url.secret().split_once('?').unwrap_or((url.secret(), ""));
    let mut mode = None;
    let mut roots = None;
    let mut passwords = None;
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => roots = Some(percent_decoded(value)?),
            Some(("passfile", value)) => passwords = Some(percent_decoded(value)?),
            _ => rest.push(pair),
        }
    }
    let mode = mode.or_else(|| variable("PGSSLMODE"));
    let roots = roots.or_else(|| variable("PGSSLROOTCERT"));
    let (driver_mode, verification) = encryption(mode.as_deref(), roots.as_deref(), variable)?;
    let mode = format!("sslmode={driver_mode}");
    rest.push(&mode);
    let mut config: Config =
        format!("{address}?{}", rest.join("&"))
            .parse()
            .map_err(|error: postgres::Error| {
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
            })?;
    complete(&mut config, variable)?;
    let mut open_file = None;
    if config.get_password().is_none() {
        if let Some(password) = variable("PGPASSWORD") {
            config.password(password);
        } else {
            open_file = add_password_of_file(&mut config, passwords, variable)?;
        }
    }
    Ok(Address {
        config,
        verification,
        open_file,
    })
}

/// Returns the mode of the driver, and what is asked of the server's certificate.
fn encryption(
    mode: Option<&str>,
    roots: Option<&str>,
    variable: Variables<'_>,
) -> Result<(&'static str, Verification), String> {
    if roots == Some("system") {
        return match mode {
            None | Some("verify-full") => Ok(("require", Verification::Full(None))),
            Some(mode) => Err(format!(
                "sslmode `{}` is too weak for sslrootcert `system`: use verify-full",
                mode.escape_debug()
            )),
        };
    }
    let roots = roots.map(PathBuf::from).or_else(|| {
        let file = Path::new(&variable("HOME")?).join(".postgresql/root.crt");
        file.is_file().then_some(file)
    });
    match (mode.unwrap_or("prefer"), roots) {
        ("disable", _) => Ok(("disable", Verification::None)),
        ("prefer", _) => Ok(("prefer", Verification::None)),
        ("require", None) => Ok(("require", Verification::None)),
        // Who names authorities wants them asked, as libpq has it.
        ("require" | "verify-ca", roots) => Ok(("require", Verification::Authority(roots))),
        ("verify-full", roots) => Ok(("require", Verification::Full(roots))),
        (other, _) => Err(format!(
            "unknown sslmode `{}`: use disable, prefer, require, verify-ca or verify-full",
            other.escape_debug()
        )),
    }
}

/// Adds what the URL does not say.
fn complete(config: &mut Config, variable: Variables<'_>) -> Result<(), String> {
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        config.host(variable("PGHOST").as_deref().unwrap_or(SOCKETS));
    }
    if config.get_ports().is_empty()
        && let Some(port) = variable("PGPORT")
    {
        let wrong = |_| format!("PGPORT `{}` is no port", port.escape_debug());
        config.port(port.parse().map_err(wrong)?);
    }
    if config.get_user().is_none()
        && let Some(user) = variable("PGUSER")
    {
        config.user(&user);
    }
    let is_socket = |host: &Host| matches!(host, Host::Unix(_));
    if !config.get_hosts().is_empty() && config.get_hosts().iter().all(is_socket) {
        // A socket of this machine is not encrypted, whatever the mode, as libpq has it.
        config.ssl_mode(postgres::config::SslMode::Disable);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    // A server that is gone without a word is noticed in half a minute, not in hours.
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(DEAD_AFTER);
    }
    config.keepalives_idle(DEAD_AFTER);
    if config.get_application_name().is_none() {
        config.application_name("debian-archive");
    }
    Ok(())
}

/// Adds the password that a file has: one that the URL names, or a variable, or `~/.pgpass`.
///
/// Returns a file in the home that others may read or write, which libpq passes over. One that is named counts whoever may: files
/// that are mounted into containers belong to a group.
fn add_password_of_file(
    config: &mut Config,
    named: Option<String>,
    variable: Variables<'_>,
) -> Result<Option<PathBuf>, String> {
    let file = match named.or_else(|| variable("PGPASSFILE")) {
        Some(file) => PathBuf::from(file),
        None => {
            let Some(home) = variable("HOME") else {
                return Ok(None);
            };
            let file = Path::new(&home).join(".pgpass");
            match file.metadata() {
                Ok(metadata) if !metadata.is_file() => return Ok(None),
                Ok(metadata) if metadata.mode() & 0o077 != 0 => return Ok(Some(file)),
                Ok(_) => file,
                Err(_) => return Ok(None),
            }
        }
    };
    let lines = std::fs::read_to_string(&file)
        .map_err(|error| format!("cannot read the file of passwords `{}`: {error}", file.display()))?;
    let user = config.get_user().map(str::to_owned);
    // Who says no name is known to the server by that of the account.
    let user = user.or_else(|| variable("USER"));
    if let Some(password) = password_for(config, user.as_deref(), &lines) {
        config.password(password);
    }
    Ok(None)
}

/// Returns the password that a file of passwords has for a server: `host:port:database:user:password`, `*` for any.
fn password_for(config: &Config, user: Option<&str>, lines: &str) -> Option<String> {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        // A socket in another folder than the usual one has the name of the folder.
        Some(Host::Unix(folder)) if folder != Path::new(SOCKETS) => folder.display().to_string(),
        Some(Host::Unix(_)) => "localhost".to_owned(),
        None => config.get_hostaddrs().first()?.to_string(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let wanted = [
        host.as_str(),
        port.as_str(),
        config.get_dbname().unwrap_or("*"),
        user.unwrap_or("*"),
    ];
    lines
        .lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let fields = fields(line);
            let [host, port, database, user, password] = fields.as_slice() else {
                return None;
            };
            let fits = [host, port, database, user]
                .into_iter()
                .zip(wanted)
                .all(|(pattern, value)| pattern == "*" || pattern == value);
            fits.then(|| password.clone())
        })
}

/// Splits a line at its colons; a backslash takes the meaning from the letter after it, and the password is all of the rest.
fn fields(line: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => field.extend(letters.next()),
            ':' if fields.len() < 4 => fields.push(std::mem::take(&mut field)),
            _ => field.push(letter),
        }
    }
    fields.push(field);
    fields
}

fn percent_decoded(text: &str) -> Result<String, String> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| format!("`{}` is not UTF-8", text.escape_debug()))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn address_with(url: &str, variables: &[(&str, &str)]) -> Result<Address, String> {
        let variable = |name: &str| {
            let mut variables = variables.iter();
            variables.find_map(|(known, value)| (*known == name).then(|| (*value).to_owned()))
        };
        parse(&PostgresUrl::new(url), &variable)
    }

    fn config(url: &str) -> Config {
        address_with(url, &[]).unwrap().config
    }

    fn password_of(address: &Address) -> Option<&str> {
        address
            .config
            .get_password()
            .map(|password| std::str::from_utf8(password).unwrap())
    }

    #[test]
    fn a_file_of_passwords_is_read_as_libpq_reads_it() {
        let lines =
            "# comment\nother:5432:*:*:no\ndb.example.org:*:archive:me:pass\\:word:end\n*:*:*:*:last\n";
        let found = |url: &str, lines: &str| {
            let config = config(url);
            password_for(&config, config.get_user(), lines)
        };
        let archive = "postgres://me@db.example.org/archive";
        assert_eq!(found(archive, lines).as_deref(), Some("pass:word:end"));
        let other = "postgres://you@db.example.org/archive";
        assert_eq!(found(other, lines).as_deref(), Some("last"));
        assert_eq!(found(other, "short:line\n"), None);
        let lines = "localhost:*:*:*:usual\n/srv/sockets:5433:*:*:elsewhere\n";
        let usual = "postgres://me@%2Fvar%2Frun%2Fpostgresql/archive";
        assert_eq!(found(usual, lines).as_deref(), Some("usual"));
        let elsewhere = "postgres://me@/archive?host=/srv/sockets&port=5433";
        assert_eq!(found(elsewhere, lines).as_deref(), Some("elsewhere"));
    }

    #[test]
    fn passwords_come_from_the_nearest_place_that_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, password: &str, mode: u32| {
            let path = folder.path().join(name);
            std::fs::write(&path, format!("*:*:*:me:{password}\n")).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let home = folder.path().to_str().unwrap().to_owned();
        let url = "postgres://me@db.example.org/archive";
        let in_home = [("HOME", home.as_str())];
        assert_eq!(password_of(&address_with(url, &in_home).unwrap()), None);
        let dotted = write(".pgpass", "of-home", 0o600);
        assert_eq!(
            password_of(&address_with(url, &in_home).unwrap()),
            Some("of-home")
        );
        let of_account = [("HOME", home.as_str()), ("USER", "me")];
        let nameless = address_with("postgres://db.example.org/archive", &of_account).unwrap();
        assert_eq!(password_of(&nameless), Some("of-home"));
        // One that is mounted into a container is its group's.
        let named = write("named", "of-file", 0o640);
        let with_file = [("HOME", home.as_str()), ("PGPASSFILE", named.as_str())];
        assert_eq!(
            password_of(&address_with(url, &with_file).unwrap()),
            Some("of-file")
        );
        let in_url = format!("{url}?passfile={named}");
        assert_eq!(
            password_of(&address_with(&in_url, &in_home).unwrap()),
            Some("of-file")
        );
        let with_both = [("PGPASSWORD", "of-variable"), ("PGPASSFILE", named.as_str())];
        assert_eq!(
            password_of(&address_with(url, &with_both).unwrap()),
            Some("of-variable")
        );
        let url = "postgres://me:of-url@db.example.org/archive";
        assert_eq!(
            password_of(&address_with(url, &with_both).unwrap()),
            Some("of-url")
        );
        let gone = format!("{named}-gone");
        let missing = address_with("postgres://me@db.example.org/archive", &[("PGPASSFILE", &gone)]);
        assert!(missing.err().unwrap().contains(&gone));
        write(".pgpass", "of-home", 0o644);
        let open = address_with("postgres://me@db.example.org/archive", &in_home).unwrap();
        assert_eq!(password_of(&open), None);
        assert_eq!(open.open_file, Some(PathBuf::from(dotted)));
    }

    #[test]
    fn modes_of_tls_are_those_of_libpq() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let verification = |parameters: &str| {
            let url = format!("postgres://me@db.example.org/archive?{parameters}");
            let address = address_with(&url, &[("HOME", home)]);
            address.map(|address| match address.verification {
                Verification::None => "none".to_owned(),
                Verification::Authority(roots) => format!("authority {roots:?}"),
                Verification::Full(roots) => format!("full {roots:?}"),
            })
        };
        for (parameters, expected) in [
            ("", "none"),
            ("sslmode=disable", "none"),
            ("sslmode=prefer&sslrootcert=/a", "none"),
            ("sslmode=require", "none"),
            ("sslmode=require&sslrootcert=/a%20b", "authority Some(\"/a b\")"),
            ("sslmode=verify-ca", "authority None"),
            ("sslmode=verify-full", "full None"),
            ("sslmode=verify-full&sslrootcert=/a", "full Some(\"/a\")"),
            ("sslrootcert=system", "full None"),
        ] {
            assert_eq!(verification(parameters).as_deref(), Ok(expected), "{parameters}");
        }
        for (parameters, wrong) in [
            ("sslmode=no", "unknown sslmode `no`"),
            ("sslmode=require&sslrootcert=system", "too weak"),
            ("sslcert=/a", "sslcert"),
        ] {
            let refused = verification(parameters).unwrap_err();
            assert!(refused.contains(wrong), "{parameters}: {refused}");
        }
        std::fs::create_dir(folder.path().join(".postgresql")).unwrap();
        let roots = folder.path().join(".postgresql/root.crt");
        std::fs::write(&roots, "").unwrap();
        let of_home = Ok(format!("authority {:?}", Some(&roots)));
        assert_eq!(verification("sslmode=require"), of_home);
        assert_eq!(verification("sslmode=disable").as_deref(), Ok("none"));
    }

    #[test]
    fn what_the_url_leaves_out_comes_from_variables_and_sockets_are_not_encrypted() {
        let address = address_with("postgres:///archive?sslmode=verify-full", &[]).unwrap();
        assert_eq!(address.config.get_hosts(), [Host::Unix(SOCKETS.into())]);
        assert_eq!(address.config.get_ssl_mode(), postgres::config::SslMode::Disable);
        let variables = [("PGHOST", "db.example.org"), ("PGPORT", "6432"), ("PGUSER", "me")];
        let config = address_with("postgres:///archive?sslmode=require", &variables)
            .unwrap()
            .config;
        assert_eq!(config.get_hosts(), [Host::Tcp("db.example.org".to_owned())]);
        assert_eq!(
            (config.get_ports(), config.get_user()),
            ([6432].as_slice(), Some("me"))
        );
        assert_eq!(config.get_ssl_mode(), postgres::config::SslMode::Require);
        let wrong = address_with("postgres:///archive", &[("PGPORT", "many")]);
        assert!(wrong.err().unwrap().contains("PGPORT"));
    }
}
