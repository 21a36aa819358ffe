//! `GET /api/audit/verification`: whether anything in the audit log was changed or cut.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::credential::PresentedCredential;
use crate::identify::identify;
use crate::problem::Problem;

/// The state of the chain of hashes.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct AuditVerification {
    /// Whether every record has the hash of its content and of the record before it, and none is missing.
    pub(crate) is_whole: bool,
    /// The first record that was changed or is missing; null: none.
    pub(crate) first_broken: Option<i64>,
}

/// Verifies the chain of the audit log: every record is read.
#[utoipa::path(get, path = "/api/audit/verification", operation_id = "verify_audit_log", tag = "suites", security(("bearer" = [])),
    responses((status = 200, description = "The state of the chain", body = AuditVerification)))]
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
) -> Result<Answer<AuditVerification>, Problem> {
    app.blocking_long(move |app| {
        let caller = identify(app, &presented)?;
        verified(app, &caller).map(Answer)
    })
    .await
}

/// Verifies the chain of the audit log.
pub(crate) fn verified(app: &App, caller: &Caller) -> Result<AuditVerification, Problem> {
    caller.admin()?;
    let first_broken = app.archive.audit().first_broken()?;
    Ok(AuditVerification {
        is_whole: first_broken.is_none(),
        first_broken,
    })
}
