//! Every row of one catalog into another, whichever databases they are on.
//!
//! This is how a catalog moves, how one on PostgreSQL is backed up, and how what SQLite wrote is read by PostgreSQL.

use std::path::Path;

use crate::database_url::DatabaseUrl;
use crate::error::CatalogError;
use crate::postgres::PostgresServer;
use crate::sql::{Db, Dialect, Param, Row, Sql, SqlError};
use crate::sql_catalog::{Backend, Reader, SqlCatalog};
use crate::sqlite::SqliteFile;

/// A table and its columns, in an order in which every row comes after those that it refers to.
struct CatalogTable {
    name: &'static str,
    columns: &'static [&'static str],
    /// Whether its key is counted up, so that the next one is to be higher than all.
    counts: bool,
    /// What orders its rows.
    order: &'static str,
}

const fn table(name: &'static str, order: &'static str, columns: &'static [&'static str]) -> CatalogTable {
    CatalogTable {
        name,
        columns,
        counts: false,
        order,
    }
}

const fn counted(name: &'static str, columns: &'static [&'static str]) -> CatalogTable {
    CatalogTable {
        name,
        columns,
        counts: true,
        order: "id",
    }
}

/// All tables but those that are derived, since what search looks at is filled in again behind the packages, and what is about the files of one store.
const TABLES: &[CatalogTable] = &[
    counted(
        "suite",
        &[
            "id",
            "codename",
            "revision",
            "last_date",
            "max_bytes",
            "max_packages",
        ],
    ),
    counted(
        "content",
        &[
            "id",
            "sha256",
            "size",
            "name",
            "version",
            "version_key",
            "architecture",
            "source",
            "control",
            "paths",
            "created_at",
        ],
    ),
    table("pool_file", "tree, path", &["tree", "path", "content_id"]),
    table(
        "identity",
        "suite_id, name, architecture, version_key",
        &[
            "suite_id",
            "name",
            "architecture",
            "version_key",
            "version",
            "sha256",
        ],
    ),
    counted(
        "placement",
        &[
            "id",
            "suite_id",
            "component",
            "content_id",
            "cluster",
            "name",
            "architecture",
            "version_key",
            "added_revision",
            "added_at",
            "removed_revision",
            "removed_at",
            "section",
            "priority",
            "author",
            "yanked",
            "placed_after",
        ],
    ),
    counted(
        "publication",
        &[
            "id",
            "suite_id",
            "revision",
            "packages",
            "date",
            "superseded_at",
            "settings",
            "inrelease_sha256",
            "valid_until",
            "contents_at",
            "contents_revision",
        ],
    ),
    table(
        "publication_file",
        "publication_id, path",
        &["publication_id", "path", "sha256", "size"],
    ),
    table(
        "pinned",
        "id, suite_id",
        &["id", "suite_id", "revision", "date", "created_at"],
    ),
    table(
        "account",
        "id",
        &[
            "id",
            "username",
            "email",
            "password",
            "role",
            "all_suites",
            "epoch",
            "created_at",
            "deleted_at",
            "disabled",
            "max_bytes",
            "max_packages",
        ],
    ),
    table("account_suite", "account_id, suite", &["account_id", "suite"]),
    table(
        "api_token",
        "id",
        &[
            "id",
            "account_id",
            "name",
            "hash",
            "scopes",
            "created_at",
            "expires_at",
            "last_used_at",
            "job",
        ],
    ),
    table("ended_session", "id", &["id", "expires_at"]),
    table(
        "session",
        "id",
        &[
            "id",
            "account_id",
            "epoch",
            "created_at",
            "expires_at",
            "address",
            "agent",
        ],
    ),
    table(
        "trusted_publisher",
        "id",
        &[
            "id",
            "issuer",
            "repository",
            "owner_id",
            "workflow",
            "environment",
            "ref",
            "event",
            "account",
            "suite",
            "packages",
            "created_at",
            "created_by",
        ],
    ),
    table("publisher_use", "publisher", &["publisher", "at"]),
    table(
        "external_identity",
        "id",
        &["id", "account_id", "issuer", "subject", "linked_at"],
    ),
    table("used_assertion", "issuer, id", &["issuer", "id", "expires_at"]),
    table(
        "audit",
        "id",
        &[
            "id", "at", "actor", "address", "request", "action", "subject", "detail", "hash",
        ],
    ),
    table("audit_end", "one", &["one", "id", "hash"]),
    table(
        "webhook",
        "id",
        &[
            "id",
            "name",
            "url",
            "events",
            "suites",
            "secret",
            "old_secret",
            "old_secret_until",
            "paused_at",
            "paused_reason",
            "paused_by",
            "failing_since",
            "created_at",
            "created_by",
        ],
    ),
    counted("outbox_event", &["id", "message_id", "kind", "at", "body"]),
    counted(
        "webhook_delivery",
        &[
            "id",
            "webhook_id",
            "event_id",
            "due_at",
            "give_up_at",
            "asked_for",
            "attempts",
            "claim",
            "claimed_until",
            "attempted_at",
            "response_status",
            "error",
            "finished_at",
            "delivered",
        ],
    ),
    table("announcement", "subject", &["subject", "at"]),
    table(
        "tag",
        "content_id, suite_id, name",
        &["content_id", "suite_id", "name", "color"],
    ),
    table(
        "provenance",
        "content_id, suite_id",
        &[
            "content_id",
            "suite_id",
            "at",
            "account",
            "token_id",
            "token_name",
            "job",
        ],
    ),
    table("edit", "content_id, suite_id", &["content_id", "suite_id", "at"]),
    table("download", "content_id, tree", &["content_id", "tree", "count"]),
    table(
        "download_day",
        "day, sha256, tree",
        &["day", "sha256", "tree", "count", "noted_at"],
    ),
    table(
        "finding",
        "suite_id, name",
        &["suite_id", "name", "revision", "affected"],
    ),
    table("advisory", "suite_id, source", &["suite_id", "source", "rules"]),
    table("security_report", "suite_id", &["suite_id", "at", "report"]),
    table("ingested_log", "head", &["head", "head_bytes", "position", "at"]),
];

impl SqlCatalog {
    /// Says whether something would be lost if another catalog took the place of this one: a file of SQLite is there, or
    /// tables on PostgreSQL have rows.
    pub fn is_in_use(url: &DatabaseUrl) -> Result<bool, CatalogError> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                // A log that was left behind would be taken for that of a file which is put there.
                let mut log = path.as_os_str().to_owned();
                log.push("-wal");
                Ok(path.symlink_metadata().is_ok() || Path::new(&log).symlink_metadata().is_ok())
            }
            // Whatever version its tables have: those of a migration that was stopped are empty, too.
            DatabaseUrl::Postgres(address) => {
                let names = TABLES.iter().map(|table| table.name);
                // Suites have a row as soon as a program has opened it.
                PostgresServer::has_rows(address, names.filter(|name| *name != "suite"))
            }
        }
    }

    /// Says whether a catalog holds nothing: an `init` that was cut off left it, or there is none.
    pub fn is_blank(url: &DatabaseUrl) -> Result<bool, CatalogError> {
        match url {
            DatabaseUrl::Sqlite(path) if path.is_file() => {
                let names = TABLES.iter().map(|table| table.name);
                Ok(!SqliteFile::has_rows(
                    path,
                    names.filter(|name| *name != "suite"),
                )?)
            }
            DatabaseUrl::Sqlite(path) => Ok(path.symlink_metadata().is_err()),
            DatabaseUrl::Postgres(_) => Ok(!Self::is_in_use(url)?),
        }
    }

    /// Puts every row of this catalog into another, in the place of what is there, and compares both.
    ///
    /// # Errors
    ///
    /// [`CatalogError::CopyDiffers`] when the other does not hold the same rows afterwards.
    pub fn copy_into(&self, target: &Self) -> Result<(), CatalogError> {
        // One state of the source for both: others go on writing.
        let reader = self.reader()?;
        copy(&reader, target)?;
        if let Backend::Postgres(server) = &target.database {
            server.gather_statistics()?;
        }
        match difference(&reader, &target.reader()?)? {
            Some(what) => Err(CatalogError::CopyDiffers(what)),
            None => Ok(()),
        }
    }

    /// Says whether `older` is this catalog as it was once: nothing is lost when a copy takes its place.
    pub fn is_continuation_of(&self, older: &Self) -> Result<bool, CatalogError> {
        is_continuation(self, older)
    }

    /// Returns the first table in which two catalogs differ, and how; `None` where they hold the same rows.
    pub fn difference(&self, other: &Self) -> Result<Option<String>, CatalogError> {
        difference(&self.reader()?, &other.reader()?)
    }
}

/// Puts every row of `source` into `target`, in the place of what is there: one reading and one writing transaction.
fn copy(reader: &Reader<'_>, target: &SqlCatalog) -> Result<(), CatalogError> {
    target.write("copy a catalog into it", |to| {
        clear(to)?;
        for table in TABLES {
            // The source's error keeps its own words: it is passed through the target's transaction as it is.
            let rows = reader.read("copy it", |from| copy_table(from, to, table));
            rows.map_err(other)?;
        }
        Ok(())
    })
}

/// Returns the first difference between two catalogs, row by row; `None` where they hold the same.
fn difference(one: &Reader<'_>, other: &Reader<'_>) -> Result<Option<String>, CatalogError> {
    for table in TABLES {
        let left = one.read("compare it", |db| digest(db, table))?;
        let right = other.read("compare it", |db| digest(db, table))?;
        if left != right {
            return Ok(Some(format!(
                "table `{}`: {} rows with digest {}, and {} rows with digest {}",
                table.name, left.0, left.1, right.0, right.1
            )));
        }
    }
    Ok(None)
}

/// Says whether `newer` knows all that `older` does: no suite is behind, no identity is missing or stands for other bytes, and the
/// audit log goes on from where that of `older` ends. Identities are never deleted, and adding records one.
fn is_continuation(newer: &SqlCatalog, older: &SqlCatalog) -> Result<bool, CatalogError> {
    let (newer, older) = (newer.reader()?, older.reader()?);
    let knows = |query: &str, values: &[Param<'_>]| {
        let found = newer.read("compare it", |db| db.exists(query, values));
        found.map_err(other)
    };
    older.read("compare it", |db| {
        let mut is_known = true;
        db.for_each(
            "select codename, revision, coalesce(last_date, 0) from suite order by id",
            &[],
            |row| {
                let query = "select 1 from suite where codename = ?1 and revision >= ?2 and coalesce(last_date, 0) >= ?3";
                is_known = knows(query, &[row.value(0)?, row.value(1)?, row.value(2)?])?;
                Ok(is_known)
            },
        )?;
        if !is_known {
            return Ok(false);
        }
        db.for_each(
            "select suite.codename, name, architecture, version_key, sha256 from identity
             join suite on suite.id = identity.suite_id",
            &[],
            |row| {
                let query = "select 1 from identity join suite on suite.id = identity.suite_id where suite.codename = ?1
                             and name = ?2 and architecture = ?3 and version_key = ?4 and sha256 = ?5";
                let values: Sql<Vec<Param<'_>>> = (0..5).map(|column| row.value(column)).collect();
                is_known = knows(query, &values?)?;
                Ok(is_known)
            },
        )?;
        if !is_known {
            return Ok(false);
        }
        db.for_each("select id, hash from audit order by id desc limit 1", &[], |row| {
            is_known = knows(
                "select 1 from audit where id = ?1 and hash = ?2",
                &[row.value(0)?, row.value(1)?],
            )?;
            Ok(is_known)
        })?;
        Ok(is_known)
    })
}

fn clear(db: &Db<'_>) -> Sql<()> {
    // The bytes that wait do not move: whoever put them puts them again.
    db.execute("delete from queued_file", &[])?;
    db.execute("delete from condemned_file", &[])?;
    // Search on SQLite is emptied by what deletes `detail`.
    db.execute("delete from detail", &[])?;
    if db.dialect() == Dialect::Postgres {
        db.execute("delete from publish_lease", &[])?;
    }
    for table in TABLES.iter().rev() {
        db.execute(&format!("delete from {}", table.name), &[])?;
    }
    Ok(())
}

fn copy_table(from: &Db<'_>, to: &Db<'_>, table: &CatalogTable) -> Sql<()> {
    let columns = table.columns.join(", ");
    let select = format!("select {columns} from {} order by {}", table.name, table.order);
    let marks = vec!["?"; table.columns.len()].join(", ");
    let insert = format!("insert into {} ({columns}) values ({marks})", table.name);
    from.for_each(&select, &[], |row| {
        to.execute(&insert, &values(row, table)?)?;
        Ok(true)
    })?;
    if table.counts && to.dialect() == Dialect::Postgres {
        let next = format!(
            "select setval(pg_get_serial_sequence('{0}', 'id'), (select max(id) from {0})) where exists (select 1 from {0})",
            table.name
        );
        to.query_optional(&next, &[], |_| Ok(()))?;
    }
    Ok(())
}

/// Returns how many rows a table has, and a digest over all of them.
fn digest(db: &Db<'_>, table: &CatalogTable) -> Sql<(u64, debian_control::digest::Sha256)> {
    let columns = table.columns.join(", ");
    let select = format!("select {columns} from {} order by {}", table.name, table.order);
    let mut digester = debian_control::digest::Digester::sha256();
    let mut rows = 0;
    db.for_each(&select, &[], |row| {
        rows += 1;
        for value in values(row, table)? {
            add(&mut digester, &value);
        }
        Ok(true)
    })?;
    Ok((rows, digester.finish().sha256))
}

/// Adds a value with its kind and its length, so that no two rows read alike.
fn add(digester: &mut debian_control::digest::Digester, value: &Param<'_>) {
    let integer;
    let (kind, bytes): (u8, &[u8]) = match value {
        Param::Null => (0, &[]),
        Param::Integer(value) => {
            integer = value.to_be_bytes();
            (1, &integer)
        }
        Param::Unsigned(value) => {
            integer = value.to_be_bytes();
            (1, &integer)
        }
        Param::Text(text) => (2, text.as_bytes()),
        Param::Blob(bytes) => (3, bytes),
    };
    digester.update(&[kind]);
    digester.update(&(bytes.len() as u64).to_be_bytes());
    digester.update(bytes);
}

fn values<'a>(row: &'a Row<'_>, table: &CatalogTable) -> Sql<Vec<Param<'a>>> {
    (0..table.columns.len()).map(|column| row.value(column)).collect()
}

/// Wraps the error of the other catalog, whose own words it keeps.
fn other(error: CatalogError) -> SqlError {
    SqlError::Other {
        transient: error.transient_failure(),
        source: Box::new(error),
    }
}
