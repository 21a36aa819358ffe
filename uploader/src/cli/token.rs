//! `uploader token`: tokens from the shell.

use anyhow::anyhow;
use clap::{Args, Subcommand};
use debian_formats::digest;
use repogen::catalog::accounts::{ApiToken, Username};
use repogen::catalog::audit::{Actor, Event};
use repogen::config::Span;

use super::{Failure, open};
use crate::app::now;
use crate::scope::Scope;
use crate::secrets;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    Create(CreateArgs),
}

/// Make a token and print it: it is not kept, and not shown again.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Whose token.
    #[arg(long)]
    user: Username,
    /// upload:SUITE/GLOB, delete:SUITE/GLOB, read:SUITE or admin; may be given several times.
    #[arg(long, required = true)]
    scope: Vec<Scope>,
    /// How long it lasts, as 90d; left out: for ever.
    #[arg(long)]
    expires: Option<Span>,
    /// What to call it.
    #[arg(long, default_value = "made in a shell")]
    name: String,
}

pub(super) fn run(command: TokenCommand, settings: &Settings) -> Result<(), Failure> {
    let TokenCommand::Create(args) = command;
    let archive = open(settings)?;
    let found = archive
        .accounts()
        .account_named(&args.user)
        .map_err(Failure::archive)?;
    let (owner, _) = found.ok_or_else(|| Failure::not_possible(anyhow!("no account `{}`", args.user)))?;
    let mut scopes = Vec::new();
    for scope in args.scope {
        let scope = scope.with_codename(archive.config());
        if !crate::caller::within(archive.config(), &owner, &scope) {
            return Err(Failure::not_possible(anyhow!(
                "`{scope}` is above the rights of `{}`",
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
    let event = Event {
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
        .map_err(Failure::archive)?;
    super::print(&secret);
    Ok(())
}
