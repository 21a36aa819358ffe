//! `/console/suites`: suites, what was published of them, and going back.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use debian_archive::snapshots::StateView;
use serde::Deserialize;

use super::answer::{Answered, page, see};
use super::asked::{Asked, Path};
use super::confirmation::Confirmation;
use super::frame::Frame;
use super::visitor::{Posted, Visitor};
use super::{Done, address, recent_sign_in};
use crate::app::App;
use crate::routes::quota::QuotaView;
use crate::routes::suites::differences::{DifferencePage, DifferenceParams, between};
use crate::routes::suites::list::{self, SuiteSummary};
use crate::routes::suites::promotions::UninstallableView;
use crate::routes::suites::publications::{self, PublicationView};
use crate::routes::suites::publishing::{self, SuitePublishing};
use crate::routes::suites::quota;
use crate::routes::suites::rollback::{RollbackRequest, roll_back};
use crate::routes::suites::snapshots;
use crate::routes::suites::yanked::{self, RestoreParams, YankedView};
use crate::routes::wire::{ListPage, PageParams, Tagged as _};

#[derive(Template)]
#[template(path = "console/suites.html")]
struct SuitesPage {
    frame: Frame,
    suites: Vec<SuiteSummary>,
}

pub(super) async fn all(State(app): State<Arc<App>>, visitor: Visitor) -> Answered {
    page(&SuitesPage {
        suites: list::readable(&app, &visitor.caller).items,
        frame: Frame::new(&visitor, "Suites", None),
    })
}

#[derive(Template)]
#[template(path = "console/suite.html")]
struct ConsoleSuitePage {
    frame: Frame,
    suite: String,
    publishing: SuitePublishing,
    snapshots: Vec<StateView>,
    publications: Vec<PublicationView>,
    /// For those who upload to it.
    quota: Option<QuotaView>,
    /// The first packages that were yanked from it.
    yanked: ListPage<YankedView>,
    /// Where known vulnerabilities may be accepted.
    gated: Vec<String>,
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(name): Path<String>,
    Asked(done): Asked<Done>,
) -> Answered {
    let shown = app
        .blocking(move |app| {
            let caller = &visitor.caller;
            let suite = caller.readable_suite(app.archive.config(), &name)?;
            Ok(ConsoleSuitePage {
                frame: Frame::new(&visitor, suite.codename.to_string(), done.done.as_deref()),
                suite: suite.codename.to_string(),
                publishing: publishing::of_suite(app, caller, &name)?,
                snapshots: snapshots::list::of_suite(app, caller, &name)?.items,
                publications: publications::of_suite(app, caller, &name)?.items,
                yanked: yanked::page_of(app, caller, &name, &PageParams::default())?,
                gated: super::gated(app, caller),
                quota: match caller.uploads(suite, None) {
                    Ok(()) => Some(quota::of_suite(app, caller, &name)?),
                    Err(_) => None,
                },
            })
        })
        .await?;
    page(&shown)
}

/// Pins a state, or lets it go.
pub(super) async fn pin(State(app): State<Arc<App>>, Path(name): Path<String>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let id = fields.text("id");
    let is_pin = match fields.given("action") {
        Some("pin") => true,
        Some("unpin") => false,
        _ => return Err(super::unknown_action().into()),
    };
    if !is_pin && let Some(question) = recent_sign_in::asked(&app, &visitor, &fields).await? {
        return Ok(question);
    }
    let shown = format!("/console/suites/{name}");
    app.changing(move |app| {
        if is_pin {
            snapshots::create::pin(app, &visitor.caller, &name, Some(&id)).map(drop)
        } else {
            snapshots::delete::unpin(app, &visitor.caller, &name, &id)
        }
    })
    .await?;
    let done = if is_pin { "pinned" } else { "unpinned" };
    Ok(see(&address(&shown, &[("done", done)])))
}

/// Brings a yanked package back.
pub(super) async fn restore(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    posted: Posted,
) -> Answered {
    let Posted { visitor, fields } = posted;
    let id = fields.text("id");
    let params = RestoreParams {
        allow_vulnerable: fields.allows_vulnerable(),
    };
    let shown = format!("/console/suites/{name}");
    app.changing(move |app| yanked::restored(app, &visitor.caller, (&name, &id), &params))
        .await?;
    Ok(see(&address(&shown, &[("done", "restored")])))
}

/// Sets the quota.
pub(super) async fn limit(State(app): State<Arc<App>>, Path(name): Path<String>, posted: Posted) -> Answered {
    let Posted { visitor, fields } = posted;
    let body = super::quota(&fields)?;
    let as_shown = fields.as_shown()?;
    let shown = format!("/console/suites/{name}");
    app.changing(move |app| quota::set_of_suite(app, &visitor.caller, &name, (&as_shown, &body)))
        .await
        .map_err(super::not_as_shown)?;
    Ok(see(&address(&shown, &[("done", "saved")])))
}

/// Which states of a suite are compared.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Compared {
    from: String,
    to: String,
    cursor: String,
}

#[derive(Template)]
#[template(path = "console/differences.html")]
struct DifferencesPage {
    frame: Frame,
    suite: String,
    from: String,
    to: String,
    differences: DifferencePage,
    next: Option<String>,
}

pub(super) async fn differences(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(name): Path<String>,
    Asked(compared): Asked<Compared>,
) -> Answered {
    let shown = app
        .blocking(move |app| {
            let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
            let params = DifferenceParams {
                from: compared.from.clone(),
                to: filled(&compared.to),
                limit: Some(200),
                cursor: filled(&compared.cursor),
            };
            let differences = between(app, &visitor.caller, &name, &params)?;
            let path = format!("/console/suites/{name}/differences");
            Ok(DifferencesPage {
                frame: Frame::new(&visitor, format!("{name}: differences"), None),
                next: differences.next.as_deref().map(|cursor| {
                    address(
                        &path,
                        &[("from", &compared.from), ("to", &compared.to), ("cursor", cursor)],
                    )
                }),
                suite: name,
                to: filled(&compared.to).unwrap_or_else(|| "what it holds now".to_owned()),
                from: compared.from,
                differences,
            })
        })
        .await?;
    page(&shown)
}

/// Which state is gone back to.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    snapshot: String,
}

#[derive(Template)]
#[template(path = "console/rollback.html")]
struct RollbackPage {
    frame: Frame,
    suite: String,
    snapshot: String,
    differences: DifferencePage,
    uninstallable: Option<Vec<UninstallableView>>,
    is_blocked: bool,
    confirmation: Confirmation,
}

/// Shows what going back would change.
pub(super) async fn preview(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(name): Path<String>,
    Asked(back): Asked<Back>,
) -> Answered {
    let shown = app
        .blocking(move |app| {
            let body = RollbackRequest {
                snapshot: back.snapshot,
                dry_run: true,
            };
            let preview = roll_back(app, &visitor.caller, &name, &body)?;
            Ok(RollbackPage {
                frame: Frame::new(&visitor, format!("Go back in {}", preview.suite), None),
                suite: preview.suite,
                snapshot: preview.snapshot,
                differences: preview.differences,
                uninstallable: preview.uninstallable,
                is_blocked: preview.is_blocked,
                confirmation: Confirmation::of(app, &visitor, &visitor.address)?,
            })
        })
        .await?;
    page(&shown)
}

/// Goes back.
pub(super) async fn rollback(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    posted: Posted,
) -> Answered {
    let Posted { visitor, fields } = posted;
    if let Some(question) = recent_sign_in::confirmed(&app, &visitor, &fields).await? {
        return Ok(question);
    }
    let body = RollbackRequest {
        snapshot: fields.text("snapshot"),
        dry_run: false,
    };
    let shown = format!("/console/suites/{name}");
    app.changing(move |app| roll_back(app, &visitor.caller, &name, &body))
        .await?;
    Ok(see(&address(&shown, &[("done", "rolled-back")])))
}
