//! `PUT /api/upload/{suite}/queue/{filename}`: files first, then the `.changes` file that makes packages of them.

use std::sync::Arc;

use archive_catalog::upload_queue::{Enqueued, QueueKey};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use debian_control::changes::FileName;
use futures_util::TryFutureExt as _;

use crate::app::App;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Params, Path, PresentedBasic};
use crate::problem::{Code, Problem};
use crate::queue;
use crate::receive::{check_size, drain_refused};
use crate::routes::upload::admission::{Admitted, admit, content_length};
use crate::routes::upload::params::{PlaceParams, Wait};
use crate::routes::upload::queue::file_kind::QueueFileKind;
use crate::routes::upload::queue::finish;
use crate::routes::wire;
use crate::{problem, receive, secrets};

/// Queues a file for dput: the .changes file, sent last, places all packages that it lists, or none.
#[utoipa::path(put, path = "/api/upload/{suite}/queue/{filename}", operation_id = "put_queued_file", tag = "packages", security(("basic" = []), ("bearer" = [])),
    params(("suite" = String, Path), ("filename" = String, Path), ("component" = Option<String>, Query), ("wait" = Option<Wait>, Query), ("allow_vulnerable" = Option<bool>, Query)),
    request_body(content = wire::Binary, content_type = "application/octet-stream"),
    responses((status = 201, description = "The packages were created", content_type = "text/plain", body = String),
        (status = 200, description = "Already present with identical content", content_type = "text/plain", body = String),
        (status = 202, description = "The file waits for its .changes file, or the packages are not yet in a live InRelease", content_type = "text/plain", body = String)))]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    PresentedBasic(presented): PresentedBasic,
    path: Result<Path<(String, String)>, Problem>,
    params: Result<Params<PlaceParams>, Problem>,
    request: Request,
) -> Response {
    let json = problem::wants_json(request.headers());
    let taken = async {
        let Path((suite, filename)) = path?;
        let params = PlaceParams {
            suite: Some(suite),
            ..params?.0
        };
        take(&app, presented, (&params, &filename), request).await
    };
    match taken.map_err(Problem::with_basic_challenge).await {
        Ok((status, text)) => (status, text).into_response(),
        Err(problem) if json => problem.into_response(),
        Err(problem) => problem.into_text(),
    }
}

/// Takes a file from its head to its answer.
async fn take(
    app: &Arc<App>,
    presented: PresentedCredential,
    (params, filename): (&PlaceParams, &str),
    request: Request,
) -> Result<(StatusCode, String), Problem> {
    let size = content_length(request.headers());
    let admitted = async {
        let admitted = admit(app, presented, params.clone(), size).await?;
        let name = filename
            .parse::<FileName>()
            .map_err(|error| Problem::new(Code::InvalidUpload, error.to_string()))?;
        let kind = QueueFileKind::of(&name)?;
        check_size(kind.limit(app), size.unwrap_or(0))?;
        let key = QueueKey {
            account: admitted.caller.account()?.id.clone(),
            token: admitted.caller.token().cloned(),
            suite: admitted.suite.codename.clone(),
        };
        if kind != QueueFileKind::Changes {
            check_queue_room(app, key.clone(), size.unwrap_or(0)).await?;
        }
        Ok((admitted, name, kind, key))
    };
    let (admitted, name, kind, key) = match admitted.await {
        Ok(admitted) => admitted,
        Err(problem) => {
            drain_refused(app, &problem, request).await;
            return Err(problem);
        }
    };
    let _slot = app.upload_slots.acquire(&key.account).await?;
    let body = receive::receive_whole(app, kind.limit(app), request).await?;
    match kind {
        QueueFileKind::Changes => finish::finish(app, admitted, (key, name), (body, params.wait)).await,
        QueueFileKind::Package | QueueFileKind::BuildInfo => {
            wait(app, admitted, (key, name, kind), body).await
        }
    }
}

/// Checks that one more file of so many bytes may wait.
async fn check_queue_room(app: &Arc<App>, key: QueueKey, size: u64) -> Result<(), Problem> {
    app.blocking(move |app| {
        let bounds = queue::bounds(app.settings.max_upload_bytes);
        match app.archive.queue_room(&key, size, &bounds)? {
            Some(full) => Err(queue::no_room(full)),
            None => Ok(()),
        }
    })
    .await
}

/// Has a file wait for its .changes file. A package is read already: what is wrong with it is said as early as can be.
async fn wait(
    app: &Arc<App>,
    admitted: Admitted,
    (key, name, kind): (QueueKey, FileName, QueueFileKind),
    body: receive::ReceivedBody,
) -> Result<(StatusCode, String), Problem> {
    app.changing(move |app| {
        let received = body.finish(app)?;
        let parked = match kind {
            QueueFileKind::Package => {
                let staged = admitted.inspect(app, received)?;
                staged.enqueue()?
            }
            QueueFileKind::BuildInfo | QueueFileKind::Changes => Some(received.enqueue()?),
        };
        if let Some(parked) = parked {
            let bounds = queue::bounds(app.settings.max_upload_bytes);
            let place = (&secrets::new_id(), &bounds);
            let enqueued = app.archive.enqueue(&key, (name.clone(), &parked), place, now())?;
            if let Enqueued::Full(full) = enqueued {
                return Err(queue::no_room(full));
            }
        }
        let text = format!("{name}: queued until its .changes file arrives\n");
        Ok((StatusCode::ACCEPTED, text))
    })
    .await
}
