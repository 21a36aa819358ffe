//! `uploader token`: tokens from the shell.

use anyhow::anyhow;
use archive_catalog::accounts::{Account, ApiToken, Id, Username};
use archive_catalog::audit::{Actor, AuditEvent};
use clap::{Args, Subcommand};
use cli_kit::one_line;
use debian_archive::archive::Archive;
use debian_archive::config::Span;
use debian_control::digest;
use debian_control::release::format_iso;

use super::archive::open;
use super::error::CommandError;
use super::output::print;
use crate::clock::now;
use crate::given_name::{MAX_TOKEN_NAME, given_name};
use crate::scope::Scope;
use crate::secrets;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    Create(TokenCreateArgs),
    List(TokenListArgs),
    Revoke(TokenRevokeArgs),
}

/// Create a token and print it. It is stored as a hash only and cannot be shown again.
#[derive(Debug, Args)]
pub(super) struct TokenCreateArgs {
    /// User name of the owner.
    #[arg(long)]
    user: Username,
    /// `upload:SUITE/GLOB`, `delete:SUITE/GLOB`, `read:SUITE` or `admin`; repeatable.
    #[arg(long, required = true)]
    scope: Vec<Scope>,
    /// Lifetime, such as `90d` [default: unlimited].
    #[arg(long, value_parser = lifetime)]
    expires: Option<Span>,
    /// A name for the token.
    #[arg(long, default_value = "created on the command line", value_parser = name)]
    name: String,
}

/// List the tokens of an account: ID, name, scopes, expiry and last use.
#[derive(Debug, Args)]
pub(super) struct TokenListArgs {
    /// User name of the owner.
    #[arg(long, value_name = "NAME")]
    user: Username,
}

/// Revoke a token, with immediate effect.
#[derive(Debug, Args)]
pub(super) struct TokenRevokeArgs {
    /// The ID of the token, as printed by `list`.
    id: Id,
}

/// Reads how long a token lives: one that ends when it begins is of no use to anybody.
fn name(text: &str) -> Result<String, String> {
    given_name(text, MAX_TOKEN_NAME)
}

fn lifetime(text: &str) -> Result<Span, String> {
    let span = text.parse::<Span>().map_err(|error| error.to_string())?;
    if span.seconds() == 0 {
        return Err("expected a second or more".to_owned());
    }
    Ok(span)
}

pub(super) fn run(command: TokenCommand, settings: &Settings) -> Result<(), CommandError> {
    match command {
        TokenCommand::Create(args) => create(args, settings),
        TokenCommand::List(args) => list(&args, settings),
        TokenCommand::Revoke(args) => revoke(&args, settings),
    }
}

fn owner(archive: &Archive, name: &Username) -> Result<Account, CommandError> {
    let found = archive
        .accounts()
        .account_named(name)
        .map_err(CommandError::archive)?;
    let (owner, _) = found.ok_or_else(|| CommandError::not_possible(anyhow!("no account `{name}`")))?;
    Ok(owner)
}

fn list(args: &TokenListArgs, settings: &Settings) -> Result<(), CommandError> {
    let archive = open(settings)?;
    let owner = owner(&archive, &args.user)?;
    for token in archive
        .accounts()
        .tokens(&owner.id)
        .map_err(CommandError::archive)?
    {
        let time = |at: Option<i64>| at.map_or("never".to_owned(), format_iso);
        print(&format!(
            "{}\t{}\t{}\t{}\t{}",
            token.id,
            one_line(&token.name),
            token.scopes.join(" "),
            time(token.expires_at),
            time(token.last_used_at)
        ))?;
    }
    Ok(())
}

fn revoke(args: &TokenRevokeArgs, settings: &Settings) -> Result<(), CommandError> {
    let archive = open(settings)?;
    let missing = || CommandError::not_possible(anyhow!("no token has the ID `{}`", args.id));
    let accounts = archive.accounts();
    let token = accounts.token(&args.id).map_err(CommandError::archive)?;
    let token = token.ok_or_else(missing)?;
    let event = AuditEvent {
        at: now(),
        actor: Actor::default(),
        action: "token.delete",
        subject: token.id.to_string(),
        detail: serde_json::json!({ "from": "shell" }).to_string(),
    };
    let deleted = accounts
        .delete_token(&token.account, &token.id, &event)
        .map_err(CommandError::archive)?;
    if deleted { Ok(()) } else { Err(missing()) }
}

fn create(args: TokenCreateArgs, settings: &Settings) -> Result<(), CommandError> {
    let archive = open(settings)?;
    let owner = owner(&archive, &args.user)?;
    if owner.disabled {
        return Err(CommandError::not_possible(anyhow!(
            "account `{}` is disabled, so its tokens are not accepted",
            args.user
        )));
    }
    let mut scopes = Vec::new();
    for scope in args.scope {
        let scope = scope.with_codename(archive.config());
        if !crate::account_rights::include(archive.config(), &owner, &scope) {
            return Err(CommandError::not_possible(anyhow!(
                "`{scope}` exceeds the rights of `{}`",
                args.user
            )));
        }
        scopes.push(scope.to_string());
    }
    let token = ApiToken {
        id: secrets::new_id(),
        account: owner.id,
        name: args.name,
        scopes,
        created_at: now(),
        expires_at: args.expires.map(|span| now() + span.seconds()),
        last_used_at: None,
    };
    let secret = secrets::new_token();
    let event = AuditEvent {
        at: now(),
        actor: Actor::default(),
        action: "token.create",
        subject: token.id.to_string(),
        detail: serde_json::json!({ "user": args.user.as_str(), "scopes": token.scopes, "from": "shell" })
            .to_string(),
    };
    archive
        .accounts()
        .create_token(&token, &digest::sha256(secret.as_bytes()), &event)
        .map_err(CommandError::archive)?;
    print(&secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_for_a_second_or_more() {
        assert_eq!(lifetime("1s").map(Span::seconds), Ok(1));
        for wrong in ["0s", "0d", "00w", "-1d", "soon"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
