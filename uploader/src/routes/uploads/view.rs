//! An upload as clients see it.

use archive_catalog::accounts::Id;
use archive_catalog::resumable_uploads::{ResumableUpload, UploadOutcome};
use debian_archive::package_view;
use debian_archive::resumable_uploads::PATIENCE;
use debian_control::name::PackageName;
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::problem::{Code, Problem};

/// An upload that comes in parts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResumableUpload)]
pub(crate) struct UploadView {
    pub(crate) id: String,
    pub(crate) suite: String,
    pub(crate) component: String,
    /// What the client calls the file.
    pub(crate) name: Option<String>,
    /// Bytes in all.
    pub(crate) length: u64,
    /// Bytes that are kept: where to go on.
    pub(crate) offset: u64,
    /// When it is forgotten, if nothing is added.
    pub(crate) expires_at: String,
    /// ID of the package that it became.
    pub(crate) package: Option<String>,
}

impl UploadView {
    pub(crate) fn new(upload: &ResumableUpload) -> Self {
        let package = |placed: &UploadOutcome| package_view::id(&placed.sha256);
        Self {
            id: upload.id.to_string(),
            suite: upload.suite.to_string(),
            component: upload.component.to_string(),
            name: upload.name.clone(),
            length: upload.length,
            offset: upload.received,
            expires_at: format_iso(upload.since + PATIENCE),
            package: upload.placed.as_ref().map(package),
        }
    }
}

/// Returns the package that an upload says it is of, by what the client calls the file.
pub(crate) fn named_package(name: Option<&str>) -> Option<PackageName> {
    let (package, _) = name?.split_once('_')?;
    package.parse().ok()
}

/// Says whether the caller may see, go on with and delete an upload of its account: a token only where it might have begun it.
fn handles(app: &App, caller: &Caller, upload: &ResumableUpload) -> bool {
    let suite = app.archive.config().suite(upload.suite.as_str());
    let package = named_package(upload.name.as_deref());
    caller.in_full().is_ok() || suite.is_some_and(|suite| caller.uploads(suite, package.as_ref()).is_ok())
}

/// Says whether the caller is shown an upload of its account whose ID it has not named. One that says nothing of its package may be another
/// token's, which alone knows its ID.
pub(super) fn is_listed(app: &App, caller: &Caller, upload: &ResumableUpload) -> bool {
    let is_open = || {
        let suite = app.archive.config().suite(upload.suite.as_str());
        caller.in_full().is_ok() || suite.is_some_and(|suite| caller.uploads_all(suite))
    };
    handles(app, caller, upload) && (named_package(upload.name.as_deref()).is_some() || is_open())
}

/// Returns an upload of the caller that it may see, go on with and delete. Any other is like one that there is not.
pub(crate) fn handled_upload(app: &App, caller: &Caller, id: &str) -> Result<ResumableUpload, Problem> {
    let upload = own_upload(app, caller, id)?;
    match handles(app, caller, &upload) {
        true => Ok(upload),
        false => Err(missing()),
    }
}

fn missing() -> Problem {
    Problem::new(Code::UploadNotFound, "the account has no upload with this ID")
}

/// Returns an upload of the caller's account. One of another account is like one that there is not.
fn own_upload(app: &App, caller: &Caller, id: &str) -> Result<ResumableUpload, Problem> {
    let account = caller.account()?;
    let id: Id = id.parse().map_err(|_| missing())?;
    let found = app
        .archive
        .resumable_uploads()
        .resumable_upload(&account.id, &id)?;
    found
        .filter(|upload| upload.since + PATIENCE > now())
        .ok_or_else(missing)
}
