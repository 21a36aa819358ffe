//! Scans for vulnerabilities.

use std::collections::BTreeMap;

use debian_control::digest::Sha256;
use debian_control::name::SuiteName;

use super::rows;
use crate::security_reports::{NOTHING_FOUND, SecurityReports, SuiteScan};
use crate::sql::{Db, Sql, params};
use crate::sql_catalog::SqlCatalog;
use crate::{CatalogError, NewPlacement};

impl SecurityReports for SqlCatalog {
    fn keep_scan(&self, suite: &SuiteName, scan: &SuiteScan) -> Result<(), CatalogError> {
        self.write("keep a scan for vulnerabilities", |db| {
            let suite = rows::suite_id(db, suite)?;
            db.execute(
                "insert into security_report (suite_id, at, report) values (?1, ?2, ?3)
                 on conflict (suite_id) do update set at = excluded.at, report = excluded.report",
                params![suite, scan.at, scan.report],
            )?;
            keep_advisories(db, suite, &scan.advisories)?;
            keep_findings(db, suite, &scan.findings)
        })
    }

    fn security_report(&self, suite: &SuiteName) -> Result<Option<(i64, String)>, CatalogError> {
        self.read("read a security report", |db| {
            db.query_optional(
                "select at, report from security_report join suite on suite.id = suite_id where codename = ?1",
                params![suite.as_str()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
        })
    }

    fn advisory(&self, suite: &SuiteName, source: &str) -> Result<Option<String>, CatalogError> {
        self.read("read a security advisory", |db| {
            db.query_optional(
                "select rules from advisory join suite on suite.id = suite_id where codename = ?1 and source = ?2",
                params![suite.as_str(), source],
                |row| row.get(0),
            )
        })
    }
}

/// Says whether what is to be placed was judged by what the last scan kept of its source package.
pub(crate) fn is_judged_by_the_last_scan(db: &Db<'_>, suite: i64, wish: &NewPlacement) -> Sql<bool> {
    let Some(judged) = wish.judged else {
        return Ok(true);
    };
    let kept: Option<String> = db.query_optional(
        "select rules from advisory where suite_id = ?1 and source = ?2",
        params![suite, wish.content.content.source.as_str()],
        |row| row.get(0),
    )?;
    Ok(kept.map(|rules| Sha256::of(rules.as_bytes())) == judged.advisory)
}

/// Replaces what was read of source packages.
fn keep_advisories(db: &Db<'_>, suite: i64, advisories: &BTreeMap<String, String>) -> Sql<()> {
    let known = pairs(
        db,
        "select source, rules from advisory where suite_id = ?1",
        suite,
    )?;
    for source in known.keys().filter(|source| !advisories.contains_key(*source)) {
        db.execute(
            "delete from advisory where suite_id = ?1 and source = ?2",
            params![suite, source],
        )?;
    }
    for (source, rules) in advisories
        .iter()
        .filter(|(source, rules)| known.get(*source) != Some(rules))
    {
        db.execute(
            "insert into advisory (suite_id, source, rules) values (?1, ?2, ?3)
             on conflict (suite_id, source) do update set rules = excluded.rules",
            params![suite, source, rules],
        )?;
    }
    Ok(())
}

/// Replaces what was found of names; where that is something else, the suite is to be published.
fn keep_findings(db: &Db<'_>, suite: i64, findings: &BTreeMap<String, String>) -> Sql<()> {
    let known = pairs(
        db,
        "select name, affected from finding where suite_id = ?1",
        suite,
    )?;
    let gone = known
        .iter()
        .filter(|(name, affected)| !findings.contains_key(*name) && *affected != NOTHING_FOUND)
        .map(|(name, _)| (name.as_str(), NOTHING_FOUND));
    let new = findings
        .iter()
        .filter(|(name, affected)| known.get(*name) != Some(affected))
        .map(|(name, affected)| (name.as_str(), affected.as_str()));
    let changed: Vec<(&str, &str)> = gone.chain(new).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let revision = rows::raise_revision(db, suite)?;
    for (name, affected) in changed {
        db.execute(
            "insert into finding (suite_id, name, revision, affected) values (?1, ?2, ?3, ?4)
             on conflict (suite_id, name) do update set revision = excluded.revision, affected = excluded.affected",
            params![suite, name, revision, affected],
        )?;
    }
    Ok(())
}

fn pairs(db: &Db<'_>, select: &str, suite: i64) -> Sql<BTreeMap<String, String>> {
    let found: Vec<(String, String)> =
        db.query(select, params![suite], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.into_iter().collect())
}
