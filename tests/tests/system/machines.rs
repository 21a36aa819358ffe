//! An archive that several machines share: one catalog on PostgreSQL, one folder of files, and a home on each.

mod database_away;
mod publishers;
mod uploaders;

use archive_catalog::testing::TestServer;
use archive_tests::{DebBuilder, TestArchive};

fn package(name: &str) -> DebBuilder {
    DebBuilder::new(name, "1.0", "all").file(&format!("usr/share/{name}/hello"), "hello")
}

/// Says whether clients are offered a package.
fn is_live(archive: &TestArchive, name: &str) -> bool {
    super::watch::live(archive, name) == ["1.0"]
}
