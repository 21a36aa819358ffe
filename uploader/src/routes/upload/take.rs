//! From a request to a package, and when asked for, to what clients fetch.

use std::sync::Arc;

use archive_catalog::listing::{Extras, ListedPackage};
use archive_catalog::resumable_uploads::UploadOutcome;
use archive_catalog::{Content, Entry, PlacementOutcome};
use archive_storage::pool::{PoolName, below_root};
use axum::Json as Answer;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use debian_archive::ingest::ReceivedFile;
use debian_archive::package_view::PackageView;
use debian_control::digest::Sha256;

use crate::app::App;
use crate::committer::UploadSet;
use crate::credential::PresentedCredential;
use crate::problem::{Code, Problem};
use crate::publication_tracker::Published;
use crate::receive::drain_refused;
use crate::routes::upload::admission::{Admitted, admit, content_length};
use crate::routes::upload::form::body;
use crate::routes::upload::params::{PlaceParams, Wait};
use crate::routes::{lookup, wire};

/// A package that is where it should be.
pub(crate) struct PlacedUpload {
    status: StatusCode,
    sha256: Sha256,
    package: PackageView,
}

impl PlacedUpload {
    /// Returns what is remembered of it.
    pub(crate) fn outcome(&self) -> UploadOutcome {
        UploadOutcome {
            sha256: self.sha256,
            status: self.status.as_u16(),
        }
    }

    /// Returns where the package is.
    pub(crate) fn location(&self) -> String {
        format!("/api/packages/{}", self.package.id)
    }

    pub(crate) fn into_json(self) -> Response {
        let location = self.location();
        (self.status, [(header::LOCATION, location)], Answer(self.package)).into_response()
    }

    pub(crate) fn into_text(self) -> Response {
        let package = &self.package;
        let places: Vec<String> = package
            .suites
            .iter()
            .map(|place| format!("{}/{}", place.suite, place.component))
            .collect();
        let text = format!(
            "{} {} {} {} {}\n",
            package.name,
            package.version,
            package.architecture,
            success_text(self.status),
            places.join(" ")
        );
        let location = self.location();
        (self.status, [(header::LOCATION, location)], text).into_response()
    }
}

/// Takes an upload from its head to its answer.
pub(crate) async fn take(
    app: &Arc<App>,
    presented: PresentedCredential,
    params: &PlaceParams,
    request: Request,
) -> Result<PlacedUpload, Problem> {
    let size = content_length(request.headers());
    let admitted = match admit(app, presented, params.clone(), size).await {
        Ok(admitted) => admitted,
        Err(problem) => {
            drain_refused(app, &problem, request).await;
            return Err(problem);
        }
    };
    let _slot = app.upload_slots.acquire(&admitted.caller.account()?.id).await?;
    let upload = body(app, request).await?;
    place(app, admitted, params.wait, move |app| upload.finish(app)).await
}

/// Places a package that came in; `finish` ends its file.
pub(crate) async fn place(
    app: &Arc<App>,
    admitted: Admitted,
    wait: Option<Wait>,
    finish: impl FnOnce(&App) -> Result<ReceivedFile, Problem> + Send + 'static,
) -> Result<PlacedUpload, Problem> {
    let (admitted, staged) = app
        .changing(move |app| {
            let mut staged = admitted.inspect(app, finish(app)?)?;
            app.archive.prepare(&mut staged, &admitted.place())?;
            Ok((admitted, staged))
        })
        .await?;
    let content = staged.content().clone();
    let sha256 = content.sha256;
    let codename = admitted.suite.codename.clone();
    let ready = UploadSet {
        set: vec![staged],
        suite: codename.clone(),
        component: admitted.component.clone(),
        caller: admitted.caller.clone(),
    };
    let placed = app.committer.commit(ready).await?;
    let added = placed.contains(&PlacementOutcome::Added);
    let published = match wait {
        Some(Wait::Published) => app.publications.wait(vec![codename]).await?,
        None => Published::Yes,
    };
    let package = app.blocking(move |app| package(app, &admitted, content)).await?;
    let status = status(published, added);
    metrics::counter!("uploads_total", "status" => status.as_u16().to_string()).increment(1);
    Ok(PlacedUpload {
        status,
        sha256,
        package,
    })
}

/// Returns what an upload became before. Blocking.
pub(crate) fn placed_before(
    app: &App,
    admitted: &Admitted,
    outcome: &UploadOutcome,
) -> Result<PlacedUpload, Problem> {
    let missing = || {
        Problem::new(
            Code::PackageNotFound,
            "the package that the upload became is gone",
        )
    };
    let suites = [admitted.suite.codename.clone()];
    let listed = lookup::of_content(app, &outcome.sha256, &suites, &[])?.ok_or_else(missing)?;
    Ok(PlacedUpload {
        status: StatusCode::from_u16(outcome.status).map_err(|error| Problem::internal(&error))?,
        sha256: outcome.sha256,
        package: wire::package(&listed)?,
    })
}

/// Returns the package that was uploaded.
///
/// Where another request has removed it since, it is shown as it was placed: the upload succeeded all the same.
fn package(app: &App, admitted: &Admitted, content: Content) -> Result<PackageView, Problem> {
    let Admitted {
        caller,
        suite,
        component,
        ..
    } = admitted;
    let mut suites = lookup::codenames(app, caller);
    // The uploader may know that it is there, also where the token does not read.
    suites.push(suite.codename.clone());
    if let Some(listed) = lookup::of_content(app, &content.sha256, &suites, &[])? {
        return wire::package(&listed);
    }
    let name = PoolName {
        component,
        source: &content.source,
        file_name: &content.file_name(),
    };
    wire::package(&ListedPackage {
        extras: Extras {
            created_at: content.created_at,
            authors: vec![(suite.codename.clone(), caller.account()?.username.to_string())],
            ..Extras::default()
        },
        entry: Entry {
            filename: below_root(suite.pool_tree(), &name.path()),
            suites: vec![(suite.codename.clone(), component.clone())],
            content,
        },
    })
}

/// Returns what is said of packages that were uploaded, before the suites that they are in.
pub(crate) fn success_text(status: StatusCode) -> &'static str {
    match status {
        StatusCode::OK => "already present with identical content in",
        StatusCode::ACCEPTED => "accepted, but not yet in the live InRelease of",
        _ => "added to",
    }
}

/// Returns the status for packages that are where they should be.
pub(crate) fn status(published: Published, added: bool) -> StatusCode {
    match (published, added) {
        (Published::NotYet, _) => StatusCode::ACCEPTED,
        (Published::Yes, true) => StatusCode::CREATED,
        (Published::Yes, false) => StatusCode::OK,
    }
}
