//! An API token as clients see it.

use archive_catalog::accounts::{Account, ApiToken, Id};
use debian_control::release::format_iso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::routes::cursor::{ListId, wrong_cursor};
use crate::routes::wire::{self, ListPage, PageParams};

/// A token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    pub(crate) id: String,
    /// User name of its owner; only in lists of the tokens of all accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) created_at: String,
    pub(crate) expires_at: Option<String>,
    pub(crate) last_used_at: Option<String>,
    /// The secret. Returned only once, when the token is created or gets another secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
}

impl TokenView {
    pub(super) fn new(token: &ApiToken, secret: Option<String>) -> Self {
        Self {
            id: token.id.to_string(),
            user: None,
            name: token.name.clone(),
            scopes: token.scopes.clone(),
            created_at: format_iso(token.created_at),
            expires_at: token.expires_at.map(format_iso),
            last_used_at: token.last_used_at.map(format_iso),
            token: secret,
        }
    }
}

/// Reads after which token a list goes on.
pub(super) fn position(list: &ListId, cursor: Option<&str>) -> Result<Option<Id>, Problem> {
    let after: Option<String> = list.position(cursor)?;
    after
        .map(|after| after.parse().map_err(|_| wrong_cursor()))
        .transpose()
}

/// Returns a page of the tokens of all accounts.
pub(super) fn page_of_all(
    app: &App,
    list: &ListId,
    params: &PageParams,
) -> Result<ListPage<TokenView>, Problem> {
    let limit = wire::page_limit(params.limit)?;
    let after = position(list, params.cursor.as_deref())?;
    let mut found = app.archive.accounts().all_tokens(after.as_ref(), limit + 1)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more);
    Ok(ListPage {
        next: last.map(|last| list.cursor(&last.token.id.as_str())),
        items: found
            .into_iter()
            .map(|mut owned| {
                let used = app.usage.token_used_at(&owned.token);
                owned.token.last_used_at = owned.token.last_used_at.max(used);
                TokenView {
                    user: Some(owned.owner.to_string()),
                    ..TokenView::new(&owned.token, None)
                }
            })
            .collect(),
    })
}

/// Returns the tokens of an account.
pub(crate) fn page_of(app: &App, account: &Account) -> Result<ListPage<TokenView>, Problem> {
    let mut tokens = app.archive.accounts().tokens(&account.id)?;
    for token in &mut tokens {
        // The newest uses are not in the catalog yet.
        token.last_used_at = token.last_used_at.max(app.usage.token_used_at(token));
    }
    Ok(ListPage {
        items: tokens.iter().map(|token| TokenView::new(token, None)).collect(),
        next: None,
    })
}
