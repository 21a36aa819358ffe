//! Where a catalog is: `DATABASE_URL`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::postgres_url::PostgresUrl;

/// A SQLite file, or a database of a PostgreSQL server.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`.
    Sqlite(PathBuf),
    /// `postgres://USER[:PASSWORD]@HOST[:PORT]/DB[?PARAMETERS]`.
    Postgres(PostgresUrl),
}

/// A text that is no address of a database.
///
/// It does not repeat the text, which may have a password in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid database URL: {0}; expected `sqlite:PATH` or `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE`"
)]
pub struct InvalidDatabaseUrl(String);

impl DatabaseUrl {
    /// Reads the value of `DATABASE_URL` where it is given; else the catalog of an archive is `ROOT/catalog.db`.
    pub fn of_archive(root: &Path, variable: Option<&str>) -> Result<Self, InvalidDatabaseUrl> {
        match variable {
            None | Some("") => Ok(Self::Sqlite(root.join("catalog.db"))),
            Some(url) => url.parse(),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            // `sqlite:///srv/a.db` is an absolute path, `sqlite://a.db` and `sqlite:a.db` are relative.
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(InvalidDatabaseUrl("no path after `sqlite:`".to_owned())),
                path => Ok(Self::Sqlite(path.into())),
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            if text
                .split_once('?')
                .is_some_and(|(_, parameters)| parameters.contains('@'))
            {
                let reason = "a `?` or `@` of a password has to be written as `%3F` or `%40`";
                return Err(InvalidDatabaseUrl(reason.to_owned()));
            }
            let url = PostgresUrl::new(text);
            return match crate::postgres::check(&url) {
                Ok(()) => Ok(Self::Postgres(url)),
                Err(reason) => Err(InvalidDatabaseUrl(reason)),
            };
        }
        let scheme = text.split(':').next().filter(|scheme| scheme.len() < text.len());
        Err(InvalidDatabaseUrl(match scheme {
            Some(scheme) => format!("unknown scheme `{}`", scheme.escape_debug()),
            None => "no scheme".to_owned(),
        }))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(formatter),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        for text in [
            "postgres://me:secret@db.example.org:5432/archive?sslmode=require",
            "postgresql://me:se@cret@db.example.org/archive?password=secret",
        ] {
            let Ok(url) = text.parse::<DatabaseUrl>() else {
                continue;
            };
            let printed = format!("{url} {url:?}");
            assert!(
                !printed.contains("secret") && !printed.contains("cret@"),
                "{printed}"
            );
        }
        let wrong = "mysql://me:secret@host/db".parse::<DatabaseUrl>().unwrap_err();
        assert!(!wrong.to_string().contains("secret"), "{wrong}");
    }

    #[test]
    fn paths_of_sqlite_are_read_with_and_without_slashes() {
        for (text, path) in [
            ("sqlite:a.db", "a.db"),
            ("sqlite:/srv/a.db", "/srv/a.db"),
            ("sqlite:///srv/a.db", "/srv/a.db"),
            ("sqlite://a.db", "a.db"),
        ] {
            assert_eq!(text.parse(), Ok(DatabaseUrl::Sqlite(path.into())), "{text}");
        }
        for text in [
            "",
            "sqlite:",
            "sqlite://",
            "catalog.db",
            "mysql://host/db",
            "postgres://h:port/db",
        ] {
            assert!(text.parse::<DatabaseUrl>().is_err(), "{text}");
        }
    }
}
