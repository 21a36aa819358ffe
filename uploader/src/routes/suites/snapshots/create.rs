//! `POST /api/suites/{suite}/snapshots`: a state that stays.

use std::sync::Arc;

use archive_catalog::SnapshotId;
use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use debian_archive::snapshots::{Pinning, StateView};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::{ServerClock, now};
use crate::credential::PresentedCredential;
use crate::extract::{OptionalJson, Path};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::suites::snapshots::{self, list};

/// Which state is to stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NewSnapshot, example = json!({"id": "20261123T101500Z"}))]
pub(crate) struct SnapshotRequest {
    /// An earlier publish, by its ID. Default: what is published now.
    id: Option<String>,
}

/// Pins a state of a suite: it stays until it is deleted, and is served under `snapshots/ID/`.
#[utoipa::path(post, path = "/api/suites/{suite}/snapshots", operation_id = "create_snapshot", tag = "suites", params(("suite" = String, Path)),
    request_body = SnapshotRequest, security(("bearer" = [])), responses((status = 201, description = "Pinned", body = StateView)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
    OptionalJson(body): OptionalJson<SnapshotRequest>,
) -> Result<(StatusCode, Answer<StateView>), Problem> {
    app.changing(move |app| {
        let caller = identify(app, &presented)?;
        let pinned = pin(app, &caller, &name, body.id.as_deref())?;
        Ok((StatusCode::CREATED, Answer(pinned)))
    })
    .await
}

/// Pins what is published of a suite now, or an earlier publish.
pub(crate) fn pin(app: &App, caller: &Caller, name: &str, id: Option<&str>) -> Result<StateView, Problem> {
    caller.admin()?;
    let suite = caller.readable_suite(app.archive.config(), name)?;
    let id = id.map(snapshots::id).transpose()?;
    let signing = &app.archive.config().signing;
    let signer = debian_archive::sign::open(signing, app.archive.home(), now()).map_err(|error| {
        tracing::warn!(%error, "a snapshot cannot be signed");
        Problem::new(
            Code::SigningUnavailable,
            "the tree of a snapshot has to be signed, and this server has no usable key: run `repogen snapshot create` where the key is",
        )
    })?;
    let pinning = Pinning {
        signer: signer.as_ref(),
        clock: &ServerClock,
        by: Some(caller.actor()),
    };
    let id: SnapshotId = match id {
        Some(id) => {
            app.archive.pin_kept(&[suite], &id, pinning)?;
            id
        }
        None => app.archive.pin_published(&[suite], pinning)?,
    };
    let states = list::of_suite(app, caller, name)?.items;
    let pinned = states.into_iter().find(|state| state.id == id.as_str());
    pinned.ok_or_else(|| {
        Problem::new(
            Code::SnapshotNotFound,
            format!("snapshot `{id}` was deleted meanwhile"),
        )
    })
}
