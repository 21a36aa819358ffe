//! What the routes that change suites share: who makes the change live, and waiting for that.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use debian_control::name::SuiteName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::publication_tracker::Published;
use crate::routes::upload::params::Wait;
use crate::routes::wire;
use crate::settings::PublisherMode;

/// What the answer to a change waits for.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangeParams {
    /// `published`: answer only when the change is in the live InRelease, or with 202 after 30 seconds.
    pub(crate) wait: Option<Wait>,
}

/// Who makes a change live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangePublisher {
    /// This server, by itself.
    ThisServer,
    /// A `repogen watch` that is running, or whoever runs `repogen publish`.
    Repogen,
}

impl ChangePublisher {
    pub(crate) fn of(app: &App) -> Self {
        match app.settings.publisher {
            PublisherMode::Inline => Self::ThisServer,
            PublisherMode::Off => Self::Repogen,
        }
    }
}

/// Waits, where that was asked for and something was changed, until suites are published, which are given by their codenames; returns the
/// status to answer with.
pub(crate) async fn published<'a>(
    app: &Arc<App>,
    is_changed: bool,
    suites: impl IntoIterator<Item = &'a str>,
    wait: Option<Wait>,
) -> Result<StatusCode, Problem> {
    let published = match wait {
        Some(Wait::Published) if is_changed => {
            let suites: BTreeSet<SuiteName> =
                suites.into_iter().map(wire::value).collect::<Result<_, _>>()?;
            app.publications.wait(suites.into_iter().collect()).await?
        }
        _ => Published::Yes,
    };
    Ok(match published {
        Published::Yes => StatusCode::OK,
        Published::NotYet => StatusCode::ACCEPTED,
    })
}
