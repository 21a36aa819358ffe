//! `/console/audit`: the audit log.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::answer::{Answered, page};
use super::asked::Asked;
use super::frame::Frame;
use super::visitor::Visitor;
use super::{address, query};
use crate::app::App;
use crate::routes::audit::verification::{AuditVerification, verified};
use crate::routes::audit::{AuditFilters, AuditView, export, records};
use crate::routes::wire::PageParams;

/// What a form of filters sends: empty fields too.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct AuditForm {
    actor: String,
    action: String,
    subject: String,
    since: String,
    until: String,
    cursor: Option<String>,
    /// Whether the whole chain is looked at, too: every record is read for that.
    verify: bool,
}

impl AuditForm {
    fn filters(&self) -> AuditFilters {
        AuditFilters {
            actor: Some(self.actor.trim().to_owned()),
            action: Some(self.action.trim().to_owned()),
            subject: Some(self.subject.trim().to_owned()),
            since: Some(self.since.clone()),
            until: Some(self.until.clone()),
        }
    }

    fn pairs(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("actor", &self.actor),
            ("action", &self.action),
            ("subject", &self.subject),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }
}

#[derive(Template)]
#[template(path = "console/audit.html")]
struct AuditPage {
    frame: Frame,
    /// What became of the chain, where that was asked for.
    chain: Option<AuditVerification>,
    export_query: String,
    items: Vec<AuditView>,
    next: Option<String>,
    filters: AuditForm,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(form): Asked<AuditForm>,
) -> Answered {
    let frame = Frame::new(&visitor, "Audit log", None);
    let caller = visitor.caller.clone();
    let chain = if form.verify {
        Some(app.blocking_long(move |app| verified(app, &caller)).await?)
    } else {
        None
    };
    let shown = app
        .changing(move |app| {
            let page = PageParams {
                limit: None,
                cursor: form.cursor.clone(),
            };
            let found = records(app, &visitor.caller, &form.filters(), &page)?;
            let next = found.next.as_deref().map(|cursor| {
                let mut pairs = form.pairs();
                pairs.push(("cursor", cursor));
                address("/console/audit", &pairs)
            });
            Ok(AuditPage {
                frame,
                chain,
                export_query: query(&form.pairs()),
                items: found.items,
                next,
                filters: form,
            })
        })
        .await?;
    page(&shown)
}

/// Exports what the filters fit.
pub(super) async fn download(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(form): Asked<AuditForm>,
) -> Answered {
    Ok(export::lines(app, visitor.caller, form.filters()).await?)
}
