//! The site of an archive: the pages that publishing writes beside `dists/`, for people.
//!
//! Called by `publish` in `debian-archive`. A pure function of what a suite holds, the settings and the time of its publication: the
//! caller passes the packages whose names changed, and writes the [`File`]s that [`Update`] returns. Lists consist of a [`Row`] for each
//! name. A [`Record`] has the rows, and which pages refer to which; the caller keeps it from one publication to the next.
//!
//! Nothing here reads a file, a catalog, a clock or a network, and nothing is written into a page without being escaped.

mod site;
mod paths;
mod text;
mod package;
mod words;
mod row;
mod list;
mod record_store;
mod memory;
mod tree;
mod record;
mod division;
mod file;
mod layout;
mod relations;
mod package_page;
mod suite_page;
mod listing;
mod search;
mod feed;
mod badge;
mod sitemap;
mod status;
mod home;
mod assets;
mod update;

pub use assets::assets;
pub use file::{File, WrittenFile};
pub use home::home;
pub use memory::MemoryStore;
pub use package::{Build, FileList, Job, Package, Placed, Vulnerability};
pub use paths::{BROWSE, ROOT, assets_folder, package_files, package_folder, suite_folder};
pub use record::{Record, RecordState};
pub use record_store::{InvalidRecord, RecordStore};
pub use row::Row;
pub use site::{Site, SiteKey, SiteSuite};
pub use status::{Published, SuiteStatus, status};
pub use update::{Change, Changed, Update};

#[cfg(test)]
mod tests;
