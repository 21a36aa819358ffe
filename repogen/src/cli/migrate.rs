//! `repogen migrate`: the tables of the catalog.

use archive_catalog::{DatabaseUrl, SqlCatalog};
use clap::Args;
use debian_archive::archive::OpenError;

use super::Context;
use super::exit::{Completion, Failure};

/// Upgrade the catalog's tables to this version.
///
/// On PostgreSQL, no other command changes tables. On SQLite, every command upgrades them when it opens the catalog.
#[derive(Debug, Args)]
pub(super) struct MigrateArgs {}

pub(super) fn run(_: MigrateArgs, context: &mut Context) -> Result<Completion, Failure> {
    let catalog = context.location()?.catalog;
    if matches!(&catalog, DatabaseUrl::Sqlite(path) if !path.is_file()) {
        return Err(OpenError::NoCatalog(catalog).into());
    }
    SqlCatalog::migrate(&catalog)?;
    context
        .printer
        .info(format_args!("the tables of `{catalog}` are up to date"));
    Ok(Completion::Success)
}
