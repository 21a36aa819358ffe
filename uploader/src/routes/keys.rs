//! `GET /api/keys`: the keys that clients verify the archive with, and how long they last.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use debian_archive::sign::days_until;
use debian_archive::sign::keys::{self, KeyInfo};
use debian_control::counted::counted;
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::identify::identify;
use crate::problem::Problem;
use crate::routes::wire::ListPage;

/// From so many days before its end on, a key wants attention: machines have to get the next one first.
const SOON: i64 = 90;

/// A key of the published keyring.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct KeyView {
    pub(crate) fingerprint: String,
    pub(crate) user_id: Option<String>,
    pub(crate) algorithm: String,
    pub(crate) created_at: String,
    /// When its signatures stop counting; null: never, or they do not count now.
    pub(crate) expires_at: Option<String>,
    /// Whether its signatures count now.
    pub(crate) is_usable: bool,
    /// What to do; null: nothing.
    pub(crate) notice: Option<String>,
}

/// Lists the keys of the published keyring.
#[utoipa::path(get, path = "/api/keys", operation_id = "list_keys", tag = "suites", security((), ("bearer" = [])),
    responses((status = 200, description = "The keys", body = ListPage<KeyView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<ListPage<KeyView>>, Problem> {
    app.blocking(move |app| {
        identify(app, &presented)?;
        published(app).map(Answer)
    })
    .await
}

/// Returns the keys of the published keyring.
pub(crate) fn published(app: &App) -> Result<ListPage<KeyView>, Problem> {
    let keyring = app.archive.files().read("archive-keyring.pgp")?;
    let now = now();
    let keys = match keyring {
        Some(keyring) => keys::describe(&keyring, now).map_err(|error| Problem::internal(&error))?,
        None => Vec::new(),
    };
    Ok(ListPage {
        items: keys.iter().map(|key| KeyView::new(key, now)).collect(),
        next: None,
    })
}

impl KeyView {
    fn new(key: &KeyInfo, now: i64) -> Self {
        let notice = match (&key.signing, key.expires) {
            (Err(problem), _) => Some(format!(
                "its signatures do not count ({problem}): sign with another key, `repogen key rotate`"
            )),
            (Ok(_), Some(end)) if days_until(end, now) < SOON => Some(format!(
                "ends in {}: prolong it, or move to a new one with `repogen key rotate`",
                counted(days_until(end, now), "day")
            )),
            (Ok(_), _) => None,
        };
        Self {
            fingerprint: key.fingerprint.to_string(),
            user_id: key.user_ids.first().cloned(),
            algorithm: key.algorithm.to_string(),
            created_at: format_iso(key.created),
            expires_at: key.expires.map(format_iso),
            is_usable: key.signing.is_ok(),
            notice,
        }
    }
}
