//! Reports of scans for vulnerabilities.

use debian_control::name::SuiteName;

use crate::CatalogError;
use crate::security_reports::SecurityReports;
use crate::sql::params;
use crate::sql_catalog::SqlCatalog;

impl SecurityReports for SqlCatalog {
    fn keep_security_report(&self, suite: &SuiteName, at: i64, report: &str) -> Result<(), CatalogError> {
        self.write("keep a security report", |db| {
            db.execute(
                "insert into security_report (suite_id, at, report) select id, cast(?2 as bigint), cast(?3 as text)
                     from suite where codename = ?1
                 on conflict (suite_id) do update set at = excluded.at, report = excluded.report",
                params![suite.as_str(), at, report],
            )?;
            Ok(())
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
}
