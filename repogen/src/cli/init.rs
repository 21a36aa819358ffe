//! `repogen init`: a new archive.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use archive_catalog::{DatabaseUrl, SqlCatalog};
use clap::Args;
use debian_archive::archive::Archive;
use debian_archive::config::{self, Config, Initial};
use debian_archive::location::ArchiveLocation;
use debian_archive::other_archive;
use debian_archive::sign::keys::{self, NewKey, SecretKey};

use super::context::Context;
use super::exit::{Completion, Failure};
use super::files::{alone_in, create_private_folder_of, write_failed, write_new};
use super::system_clock::now;

/// Create an archive: configuration, catalog, signing key and empty, signed suites.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Codename of a suite; repeatable.
    #[arg(long, value_name = "NAME", default_value = "stable")]
    suite: Vec<String>,
    /// A component of every suite; repeatable, the first is the default.
    #[arg(long, value_name = "COMPONENT", default_value = "main")]
    component: Vec<String>,
    /// An architecture of every suite; repeatable.
    #[arg(long, value_name = "ARCHITECTURE", default_values = ["amd64", "arm64"])]
    architecture: Vec<String>,
    /// `Origin` and `Label` of every Release: who publishes the archive.
    #[arg(long, default_value = "Archive")]
    origin: String,
    /// The address at which the root will be served.
    #[arg(long)]
    url: Option<String>,
}

pub(super) fn run(args: InitArgs, context: &mut Context) -> Result<Completion, Failure> {
    let root = context.root.clone();
    let text = config::initial_text(&Initial {
        origin: &args.origin,
        url: args.url.as_deref(),
        suites: &args.suite,
        components: &args.component,
        architectures: &args.architecture,
    });
    // Checked before anything is written: names that would be refused later are refused now.
    Config::parse(&text, Path::new(config::FILE_NAME))?;
    let location = context.location()?;
    let catalog = &location.catalog;
    let key = root.join("keys/archive.pgp");
    let configuration = root.join(config::FILE_NAME);
    refuse_to_overwrite(&configuration, &location)?;
    fs::create_dir_all(&root).map_err(|error| write_failed(&root, error))?;
    let turn = alone_in(&root)?;
    refuse_to_overwrite(&configuration, &location)?;
    // A key that lies there already is the archive's: a first try that was cut off left it, or its owner put it there.
    if key.symlink_metadata().is_err() {
        write_key(&key, &args.origin)?;
    }
    for folder in ["pool", "dists"] {
        let Some(root) = location.storage.folder() else {
            break;
        };
        let folder = root.join(folder);
        fs::create_dir_all(&folder).map_err(|error| write_failed(&folder, error))?;
    }
    match catalog {
        DatabaseUrl::Sqlite(path) => {
            // What a first try left holds nothing.
            remove_catalog(path)?;
            drop(SqlCatalog::create(catalog)?);
        }
        DatabaseUrl::Postgres(_) => {
            SqlCatalog::migrate(catalog)?;
            claim(catalog, &key)?;
        }
    }
    // Last: a root with a configuration is an archive.
    if let Err(failure) = write_new(&configuration, text.as_bytes(), 0o644) {
        // So that a second try finds nothing in its way.
        let _ = fs::remove_file(&configuration);
        if let DatabaseUrl::Sqlite(path) = catalog {
            let _ = remove_catalog(path);
        }
        return Err(failure);
    }
    drop(turn);

    let archive = Archive::open(&location)?;
    if let Err(failure) = super::publish::publish_all(&archive, context) {
        context
            .printer
            .info("the archive was created, but its suites are not published yet: run `repogen publish`");
        return Err(failure);
    }
    context
        .printer
        .info(format_args!("created an archive in `{}`", root.display()));
    context
        .printer
        .info("next: `repogen add PATH...`, then `repogen publish`");
    Ok(Completion::Success)
}

/// Refuses to make an archive where one is; the store is asked before anything is written, which also shows whether it can be read.
fn refuse_to_overwrite(configuration: &Path, location: &ArchiveLocation) -> Result<(), Failure> {
    let exists = |what: &str| Failure::not_possible(format_args!("{what} already exists"));
    let is_there = if configuration.symlink_metadata().is_ok() {
        Some(configuration.display().to_string())
    } else if !SqlCatalog::is_blank(&location.catalog)? {
        Some(location.catalog.to_string())
    } else {
        None
    };
    if let Some(there) = is_there {
        return Err(exists(&format!("`{there}`"))
            .hint("`repogen init` only creates new archives; use `repogen publish` to update one"));
    }
    let store = location.storage.as_ref();
    match other_archive::served_in(store).map_err(Failure::disk)? {
        Some(served) => Err(exists(&format!("`{served}` in `{}`", store.address()))
            .hint("another archive is served from there: name an empty folder or bucket by STORAGE_URL")),
        None => Ok(()),
    }
}

/// Makes a catalog on a server that of the archive with this key: of several machines that come to an empty one together, one goes
/// on, and so does its next try after it was cut off.
fn claim(catalog: &DatabaseUrl, key: &Path) -> Result<(), Failure> {
    let bytes = fs::read(key)
        .with_context(|| format!("cannot read `{}`", key.display()))
        .map_err(Failure::disk)?;
    let own = SecretKey::read(&bytes)?.fingerprint().to_string();
    let first = SqlCatalog::open(catalog)?.shared_secret("key of init", &own)?;
    match first {
        Some(other) if other != own => Err(Failure::not_possible(format_args!(
            "`repogen init` was begun in `{catalog}` with another key ({other})"
        ))
        .hint(
            "go on where that key is, name an empty database by DATABASE_URL, or copy repogen.toml and keys/ to this machine",
        )),
        _ => Ok(()),
    }
}

/// Removes the catalog of a first try that was cut off, with its log.
fn remove_catalog(path: &Path) -> Result<(), Failure> {
    for part in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(part);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(write_failed(Path::new(&name), error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn write_key(path: &Path, origin: &str) -> Result<(), Failure> {
    create_private_folder_of(path)?;
    let user_id = format!("{origin} archive signing key");
    let key = keys::generate(
        &NewKey {
            user_id: &user_id,
            created: now(),
            expires: None,
        },
        keys::OsRng,
    )?;
    let armoured = key.to_armored()?;
    write_new(path, armoured.as_bytes(), 0o600)
}
