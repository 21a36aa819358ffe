//! An API token as clients see it.

use archive_catalog::accounts::{Account, ApiToken};
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::routes::wire::ListPage;

/// A token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    id: String,
    name: String,
    scopes: Vec<String>,
    created_at: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    /// The secret. Returned only once, when the token is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl TokenView {
    pub(super) fn new(token: &ApiToken, secret: Option<String>) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name.clone(),
            scopes: token.scopes.clone(),
            created_at: format_iso(token.created_at),
            expires_at: token.expires_at.map(format_iso),
            last_used_at: token.last_used_at.map(format_iso),
            token: secret,
        }
    }
}

/// Returns the tokens of an account.
pub(crate) fn page_of(app: &App, account: &Account) -> Result<ListPage<TokenView>, Problem> {
    let mut tokens = app.archive.accounts().tokens(&account.id)?;
    for token in &mut tokens {
        // The newest uses are not in the catalog yet.
        token.last_used_at = token.last_used_at.max(app.usage.token_used_at(&token.id));
    }
    Ok(ListPage {
        items: tokens.iter().map(|token| TokenView::new(token, None)).collect(),
        next: None,
    })
}
