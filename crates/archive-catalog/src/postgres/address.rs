//! From a URL to a connection.
//!
//! Beside what the URL says, these variables of libpq count where the URL is silent: `PGPASSWORD`, `PGPASSFILE`, `PGSSLMODE`,
//! `PGSSLROOTCERT` (PostgreSQL manual, 34.15). The file of passwords is that of 34.16.

use std::path::PathBuf;
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

/// What a URL says, with what the environment adds.
struct Address {
    config: Config,
    verification: Verification,
}

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
    let address = parse(url, &|name| std::env::var(name).ok()).map_err(SqlError::Setting)?;
    let connector = tls::connector(&address.verification).map_err(SqlError::Setting)?;
    Ok(address.config.connect(connector)?)
}

fn parse(url: &PostgresUrl, variable: &dyn Fn(&str) -> Option<String>) -> Result<Address, String> {
    let (address, query) = url.secret().split_once('?').unwrap_or((url.secret(), ""));
    let mut mode = variable("PGSSLMODE");
    let mut roots = variable("PGSSLROOTCERT").map(PathBuf::from);
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => roots = Some(percent_decoded(value)?.into()),
            _ => rest.push(pair),
        }
    }
    let mode = mode.unwrap_or_else(|| "prefer".to_owned());
    let (driver_mode, verification) = match mode.as_str() {
        "disable" | "prefer" | "require" => (mode.as_str(), Verification::None),
        // As the manual has it: `verify-ca` is taken for the stricter mode here, which a proper certificate passes.
        "verify-ca" | "verify-full" => ("require", Verification::Full(roots)),
        other => {
            return Err(format!(
                "unknown sslmode `{}`: use disable, prefer, require or verify-full",
                other.escape_debug()
            ));
        }
    };
    let mode = format!("sslmode={driver_mode}");
    rest.push(&mode);
    let mut config: Config =
        format!("{address}?{}", rest.join("&"))
            .parse()
            .map_err(|error: postgres::Error| {
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
            })?;
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
    if config.get_password().is_none() {
        if let Some(password) = variable("PGPASSWORD") {
            config.password(password);
        } else if let Some(file) = variable("PGPASSFILE") {
            let lines = std::fs::read_to_string(&file)
                .map_err(|error| format!("cannot read PGPASSFILE `{file}`: {error}"))?;
            if let Some(password) = password_for(&config, &lines) {
                config.password(password);
            }
        }
    }
    Ok(Address { config, verification })
}

/// Returns the password that a file of passwords has for a server: `host:port:database:user:password`, `*` for any.
fn password_for(config: &Config, lines: &str) -> Option<String> {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        // A socket in a folder counts as this machine.
        _ => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let wanted = [
        host.as_str(),
        port.as_str(),
        config.get_dbname().unwrap_or("*"),
        config.get_user().unwrap_or("*"),
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
    use super::*;

    fn config(url: &str) -> Config {
        let Ok(crate::DatabaseUrl::Postgres(url)) = url.parse() else {
            panic!("{url} is an address");
        };
        parse(&url, &|_| None).unwrap().config
    }

    #[test]
    fn a_file_of_passwords_is_read_as_libpq_reads_it() {
        let lines =
            "# comment\nother:5432:*:*:no\ndb.example.org:*:archive:me:pass\\:word:end\n*:*:*:*:last\n";
        let archive = config("postgres://me@db.example.org/archive");
        assert_eq!(password_for(&archive, lines).as_deref(), Some("pass:word:end"));
        let other = config("postgres://you@db.example.org/archive");
        assert_eq!(password_for(&other, lines).as_deref(), Some("last"));
        assert_eq!(password_for(&other, "short:line\n"), None);
    }

    #[test]
    fn modes_of_tls_are_those_of_libpq() {
        for (mode, verifies) in [
            ("disable", false),
            ("prefer", false),
            ("require", false),
            ("verify-full", true),
        ] {
            let url = format!("postgres://me@db.example.org/archive?sslmode={mode}");
            let Ok(crate::DatabaseUrl::Postgres(url)) = url.parse() else {
                panic!("{mode} is a mode");
            };
            let address = parse(&url, &|_| None).unwrap();
            assert_eq!(
                matches!(address.verification, Verification::Full(_)),
                verifies,
                "{mode}"
            );
        }
        assert!(
            "postgres://me@db.example.org/archive?sslmode=no"
                .parse::<crate::DatabaseUrl>()
                .is_err()
        );
    }
}
