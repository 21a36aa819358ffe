//! `GET /api/uploads`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;

use super::view::{UploadView, is_listed};
use crate::app::App;
use crate::extract::PresentedBasic;
use crate::identify::identify_basic;
use crate::problem::Problem;
use crate::resumable::bounds;
use crate::routes::wire::ListPage;

/// Lists the caller's unfinished uploads, the oldest first.
#[utoipa::path(get, path = "/api/uploads", operation_id = "list_uploads", tag = "packages", security(("basic" = []), ("bearer" = [])),
    responses((status = 200, description = "The uploads", body = ListPage<UploadView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    PresentedBasic(presented): PresentedBasic,
) -> Result<Answer<ListPage<UploadView>>, Problem> {
    app.blocking(move |app| {
        let caller = identify_basic(app, &presented)?;
        let account = caller.account()?;
        // An account has no more than these.
        let most = usize::try_from(bounds(0).uploads).unwrap_or(usize::MAX);
        let found = app
            .archive
            .resumable_uploads()
            .unfinished_uploads(&account.id, most)?;
        Ok(Answer(ListPage {
            items: found
                .iter()
                .filter(|upload| is_listed(app, &caller, upload))
                .map(UploadView::new)
                .collect(),
            next: None,
        }))
    })
    .await
}
