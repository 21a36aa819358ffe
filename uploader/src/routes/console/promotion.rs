//! `/console/promotion`: packages of one suite into another, after a look at what comes and what breaks.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::answer::{Answered, page, see};
use super::asked::Asked;
use super::frame::Frame;
use super::visitor::{Posted, Visitor};
use super::{address, maintained};
use crate::app::App;
use crate::routes::lookup;
use crate::routes::suites::promotions::{PromotionAnswer, PromotionRequest, promoted};

/// What the form holds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct PromotionForm {
    from: String,
    to: String,
    snapshot: String,
    names: String,
    /// Whether known vulnerabilities are accepted.
    allow_vulnerable: bool,
}

#[derive(Template)]
#[template(path = "console/promotion.html")]
struct PromotionPage {
    frame: Frame,
    form: PromotionForm,
    readable: Vec<String>,
    maintained: Vec<String>,
    /// Where known vulnerabilities may be accepted.
    gated: Vec<String>,
    preview: Option<PromotionAnswer>,
}

impl PromotionPage {
    fn new(app: &App, visitor: &Visitor, form: PromotionForm) -> Self {
        let readable = lookup::codenames(app, &visitor.caller);
        Self {
            frame: Frame::new(visitor, "Promotion", None),
            form,
            readable: readable.iter().map(ToString::to_string).collect(),
            maintained: maintained(app, &visitor.caller),
            gated: super::gated(app, &visitor.caller),
            preview: None,
        }
    }
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(form): Asked<PromotionForm>,
) -> Answered {
    page(&PromotionPage::new(&app, &visitor, form))
}

/// Shows what would come; or has it come.
pub(super) async fn promote(State(app): State<Arc<App>>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let is_preview = match fields.given("action") {
        Some("preview") => true,
        Some("promote") => false,
        _ => return Err(super::unknown_action().into()),
    };
    let form = PromotionForm {
        from: fields.text("from"),
        to: fields.text("to"),
        snapshot: fields.text("snapshot"),
        names: fields.text("names"),
        allow_vulnerable: fields.allows_vulnerable(),
    };
    let names = fields.words("names");
    let body = PromotionRequest {
        from: form.from.clone(),
        snapshot: fields.filled("snapshot"),
        names: (!names.is_empty()).then_some(names),
        query: None,
        dry_run: is_preview,
        plan: fields.filled("plan").filter(|_| !is_preview),
        allow_vulnerable: form.allow_vulnerable,
    };
    let answer = promoted(&app, visitor.caller.clone(), form.to.clone(), body).await?;
    if !is_preview {
        let suite = format!("/console/suites/{}", answer.suite);
        return Ok(see(&address(&suite, &[("done", "promoted")])));
    }
    let mut shown = PromotionPage::new(&app, &visitor, form);
    shown.preview = Some(answer);
    page(&shown)
}
