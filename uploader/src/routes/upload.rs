//! Uploads: from a request to a package, and when asked for, to what clients fetch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use archive_catalog::PlacementOutcome;
use axum::Json as Answer;
use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use debian_archive::config::Suite;
use debian_archive::ingest::{Arrival, FileKind, Names, Place, Received, Staged};
use debian_archive::package_view::PackageView;
use debian_control::name::Component;
use futures_util::StreamExt as _;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{lookup, wire};
use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::committer::Ready;
use crate::credential::PresentedCredential;
use crate::extract::PresentedBasic;
use crate::extract::{Params, Path};
use crate::identify::identify;
use crate::problem::{self, Code, Problem};
use crate::publication_tracker::Published;
use crate::receive::{self, Upload, check_room, check_size, drain_refused, too_slow};
use crate::sent_digest::SentDigests;

/// Until when an answer waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Wait {
    /// Until it is in a live InRelease.
    Published,
}

/// Where an upload goes.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlaceParams {
    /// Codename or alias; may be left out where there is one suite.
    pub(super) suite: Option<String>,
    /// The suite's first when left out.
    pub(super) component: Option<String>,
    /// `published`: answer once it is in a live InRelease.
    pub(super) wait: Option<Wait>,
}

/// A form that carries a .deb.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "stands for its schema only: the form is read as it comes in"
)]
pub(crate) struct UploadForm {
    /// The .deb; one a request.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Takes a .deb: as the body, or as the field `file` of a form.
#[utoipa::path(post, path = "/api/packages", operation_id = "upload_package", tag = "packages", params(PlaceParams), security(("bearer" = [])),
    request_body(content((wire::Binary = "application/vnd.debian.binary-package"), (UploadForm = "multipart/form-data"))),
    responses((status = 201, description = "Created", body = PackageView),
        (status = 200, description = "Already present with identical content", body = PackageView),
        (status = 202, description = "Taken, but not yet in a live InRelease", body = PackageView)))]
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Params(params): Params<PlaceParams>,
    request: Request,
) -> Result<Response, Problem> {
    let taken = take(&app, presented, &params, request).await?;
    Ok(taken.into_json())
}

/// The same for programs that put files: `curl -T`.
#[utoipa::path(put, path = "/api/upload/{suite}/{filename}", operation_id = "put_package", tag = "packages", security(("basic" = []), ("bearer" = [])),
    params(("suite" = String, Path), ("filename" = String, Path), ("component" = Option<String>, Query), ("wait" = Option<Wait>, Query)),
    request_body(content = wire::Binary, content_type = "application/octet-stream"),
    responses((status = 201, description = "Created", content_type = "text/plain", body = String),
        (status = 200, description = "Already present with identical content", content_type = "text/plain", body = String),
        (status = 202, description = "Taken, but not yet in a live InRelease", content_type = "text/plain", body = String)))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    PresentedBasic(presented): PresentedBasic,
    Path((suite, filename)): Path<(String, String)>,
    params: Result<Params<PlaceParams>, Problem>,
    request: Request,
) -> Response {
    let json = problem::wants_json(request.headers());
    let taken = async {
        let params = PlaceParams {
            suite: Some(suite),
            ..params?.0
        };
        check_name(&filename)?;
        take(&app, presented, &params, request).await
    };
    match (taken.await.map_err(Problem::with_basic_challenge), json) {
        (Ok(taken), true) => taken.into_json(),
        (Ok(taken), false) => taken.into_text(),
        (Err(problem), true) => problem.into_response(),
        (Err(problem), false) => problem.into_text(),
    }
}

/// A package that stands where it should.
struct Taken {
    status: StatusCode,
    package: PackageView,
}

impl Taken {
    fn into_json(self) -> Response {
        let location = format!("/api/packages/{}", self.package.id);
        (self.status, [(header::LOCATION, location)], Answer(self.package)).into_response()
    }

    fn into_text(self) -> Response {
        let package = &self.package;
        let places: Vec<String> = package
            .suites
            .iter()
            .map(|place| format!("{}/{}", place.suite, place.component))
            .collect();
        let what = match self.status {
            StatusCode::OK => "is already present with identical content",
            StatusCode::ACCEPTED => "is taken, but not yet in a live InRelease",
            _ => "is taken",
        };
        let text = format!(
            "{} {} {} {what}: {}\n",
            package.name,
            package.version,
            package.architecture,
            places.join(" ")
        );
        let location = format!("/api/packages/{}", package.id);
        (self.status, [(header::LOCATION, location)], text).into_response()
    }
}

/// What may go ahead.
pub(super) struct Admitted {
    pub(super) caller: Caller,
    pub(super) suite: debian_archive::config::Suite,
    pub(super) component: Component,
}

impl Admitted {
    /// Returns where it may go.
    pub(super) fn place(&self) -> Place<'_> {
        Place {
            suite: &self.suite,
            component: &self.component,
        }
    }

    /// Reads a package that came in, and checks that it may come in. Blocking.
    pub(super) fn examine(&self, app: &App, received: Received) -> Result<Staged, Problem> {
        let arrival = Arrival {
            now: now(),
            by: Some(self.caller.actor().clone()),
            names: Names::OfPolicy,
        };
        let staged = app.archive.examine(received, &self.place(), &arrival)?;
        self.caller.uploads(&self.suite, Some(&staged.content().name))?;
        Ok(staged)
    }
}

/// Takes an upload from its head to its answer.
async fn take(
    app: &Arc<App>,
    presented: PresentedCredential,
    params: &PlaceParams,
    request: Request,
) -> Result<Taken, Problem> {
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
    let (codename, wanted) = (admitted.suite.codename.clone(), admitted.component.clone());
    let (caller, staged) = app
        .changing(move |app| {
            let staged = admitted.examine(app, upload.finish(app)?)?;
            staged.sync()?;
            Ok((admitted.caller, staged))
        })
        .await?;
    let sha256 = staged.content().sha256;
    let ready = Ready {
        set: vec![staged],
        suite: codename.clone(),
        component: wanted,
        caller: caller.clone(),
    };
    let placed = app.committer.commit(ready).await?;
    let added = placed.contains(&PlacementOutcome::Added);
    let published = match params.wait {
        Some(Wait::Published) => app.publications.wait(vec![codename.clone()]).await?,
        None => Published::Yes,
    };
    let package = app
        .blocking(move |app| {
            let mut suites = lookup::codenames(app, &caller);
            // Who brought it may know that it is there, also where the token does not read.
            suites.push(codename);
            let digest = sha256.to_string();
            let id = digest.get(..32).unwrap_or(&digest);
            wire::package(&lookup::in_suites(app, id, &suites)?)
        })
        .await?;
    let status = status(published, added);
    metrics::counter!("uploads_total", "status" => status.as_u16().to_string()).increment(1);
    Ok(Taken { status, package })
}

/// Refuses a file that is no package by its name.
fn check_name(name: &str) -> Result<(), Problem> {
    let shown = name.escape_debug();
    match FileKind::of(std::path::Path::new(name)) {
        FileKind::Package => Ok(()),
        FileKind::NotTaken(why) => Err(Problem::new(
            Code::FileNotTaken,
            format!("`{shown}` is not taken: {why}"),
        )),
        FileKind::Other => Err(Problem::new(
            Code::InvalidUpload,
            format!("`{shown}` is no .deb or .ddeb by its name"),
        )),
    }
}

/// Returns the status for a package that stands where it should.
pub(super) fn status(published: Published, added: bool) -> StatusCode {
    match (published, added) {
        (Published::NotYet, _) => StatusCode::ACCEPTED,
        (Published::Yes, true) => StatusCode::CREATED,
        (Published::Yes, false) => StatusCode::OK,
    }
}

/// Checks all that can be checked before a byte of the body is taken.
pub(super) async fn admit(
    app: &Arc<App>,
    presented: PresentedCredential,
    params: PlaceParams,
    size: Option<u64>,
) -> Result<Admitted, Problem> {
    app.blocking(move |app| {
        let caller = identify(app, &presented)?;
        caller.account()?;
        let suite = match (&params.suite, app.archive.config().suites.as_slice()) {
            (Some(name), _) => caller.suite(app.archive.config(), name)?,
            (None, [suite]) => suite,
            (None, _) => {
                return Err(Problem::new(
                    Code::SuiteRequired,
                    "there are several suites: add `?suite=`",
                ));
            }
        };
        caller.uploads(suite, None)?;
        let component = component(suite, params.component.as_deref())?;
        check_size(app.settings.max_upload_bytes, size.unwrap_or_default())?;
        check_room(app, size.unwrap_or_default())?;
        Ok(Admitted {
            suite: suite.clone(),
            component: component.clone(),
            caller,
        })
    })
    .await
}

/// Receives a body as it is, or the field `file` of a form.
async fn body(app: &Arc<App>, request: Request) -> Result<Upload, Problem> {
    let headers = request.headers();
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| kind.as_bytes());
    let limit = app.settings.max_upload_bytes;
    if !kind.is_some_and(|kind| kind.starts_with(b"multipart/form-data")) {
        return receive::receive_whole(app, limit, request).await;
    }
    receive::refuse_encoding(headers)?;
    SentDigests::refuse_of_form(headers)?;
    let digests = SentDigests::of_form(headers)?;
    let wrong = |detail: String| Problem::new(Code::InvalidUpload, detail);
    let total = app.settings.upload_total;
    let (form, size) = counted(request);
    // The limit of JSON bodies is off for this route; every byte is counted instead.
    let form = Multipart::from_request(form, &())
        .await
        .map_err(|rejection| wrong(rejection.body_text()))?;
    let most = limit.saturating_add(FORM_BYTES);
    tokio::time::timeout(total, file_of(app, form, digests, (&size, most)))
        .await
        .map_err(|_| too_slow(total, "in all"))?
}

/// What a form may have besides its file, in bytes: other fields and the lines between them.
const FORM_BYTES: u64 = 1 << 20;
/// What the head of one field may have, in bytes.
const FIELD_HEAD_BYTES: usize = 16 << 10;

/// Returns a request whose body counts its bytes, and the count.
fn counted(request: Request) -> (Request, Arc<AtomicU64>) {
    let size = Arc::new(AtomicU64::new(0));
    let count = size.clone();
    let request = request.map(|body| {
        let pieces = body.into_data_stream().inspect(move |piece| {
            if let Ok(piece) = piece {
                count.fetch_add(piece.len() as u64, Ordering::Relaxed);
            }
        });
        Body::from_stream(pieces)
    });
    (request, size)
}

/// Reads the field `file` of a form that may have `most` bytes in all.
async fn file_of(
    app: &Arc<App>,
    mut form: Multipart,
    digests: SentDigests,
    (size, most): (&AtomicU64, u64),
) -> Result<Upload, Problem> {
    let wrong = |detail: String| Problem::new(Code::InvalidUpload, detail);
    let (limit, idle) = (app.settings.max_upload_bytes, app.settings.upload_idle);
    let mut found = None;
    while let Some(mut field) = tokio::time::timeout(idle, form.next_field())
        .await
        .map_err(|_| too_slow(idle, "to the next field"))?
        .map_err(|error| wrong(error.body_text()))?
    {
        let head: usize = field
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if head > FIELD_HEAD_BYTES {
            return Err(wrong(format!(
                "the head of a field has {head} bytes: expected {FIELD_HEAD_BYTES} or fewer"
            )));
        }
        if field.name() != Some("file") {
            while tokio::time::timeout(idle, field.chunk())
                .await
                .map_err(|_| too_slow(idle, "without a byte"))?
                .map_err(|error| wrong(error.body_text()))?
                .is_some()
            {
                check_size(most, size.load(Ordering::Relaxed))?;
            }
            continue;
        }
        if found.is_some() {
            return Err(wrong(
                "expected one field `file`, found several: send each .deb in a request of its own".into(),
            ));
        }
        // Programs send blobs under names of every kind; only one that says what is not taken counts.
        if let Some(name) = field.file_name()
            && matches!(FileKind::of(std::path::Path::new(name)), FileKind::NotTaken(_))
        {
            check_name(name)?;
        }
        receive::refuse_encoding(field.headers())?;
        let digests = digests.clone().and(SentDigests::of(field.headers())?);
        found = Some(receive::receive(app, limit, digests, field).await?);
        check_size(most, size.load(Ordering::Relaxed))?;
    }
    found.ok_or_else(|| wrong("expected the .deb in a field `file`".into()))
}

pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Returns the component of a name; left out, the suite's first.
pub(super) fn component<'a>(suite: &'a Suite, name: Option<&str>) -> Result<&'a Component, Problem> {
    let Some(name) = name else {
        return Ok(suite.default_component());
    };
    let found = suite
        .components
        .iter()
        .find(|component| component.as_str() == name);
    found.ok_or_else(|| Problem::no_such_component(suite, name))
}
