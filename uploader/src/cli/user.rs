//! `uploader user`: accounts from the shell, for the first administrator above all.

use std::io::Read as _;

use anyhow::{Context as _, anyhow};
use archive_catalog::accounts::{Account, Email, NewAccount, Role, Suites, Username};
use archive_catalog::audit::{Actor, AuditEvent};
use clap::{Args, Subcommand};

use super::archive::open;
use super::error::CommandError;
use super::output::print;
use crate::clock::now;
use crate::password;
use crate::routes::wire;
use crate::secrets;
use crate::settings::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    Add(UserAddArgs),
}

/// Create an account. Without a password, it can only use tokens.
#[derive(Debug, Args)]
pub(super) struct UserAddArgs {
    /// User name.
    name: Username,
    /// `admin`, `maintainer` or `user`.
    #[arg(long)]
    role: Role,
    /// A suite of the account; repeatable. A maintainer without any has all suites.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// E-mail address.
    #[arg(long)]
    email: Option<Email>,
    /// Read the password from stdin.
    #[arg(long)]
    password_stdin: bool,
}

pub(super) fn run(command: UserCommand, settings: &Settings) -> Result<(), CommandError> {
    let UserCommand::Add(args) = command;
    let archive = open(settings)?;
    let mut codenames = Vec::new();
    for name in &args.suite {
        let suite = archive.config().suite(name);
        let suite =
            suite.ok_or_else(|| CommandError::not_possible(anyhow!("no suite `{}`", name.escape_debug())))?;
        codenames.push(suite.codename.clone());
    }
    let password = args
        .password_stdin
        .then(read_password)
        .transpose()
        .map_err(CommandError::not_possible)?;
    let account = Account {
        id: secrets::new_id(),
        username: args.name,
        email: args.email,
        role: args.role,
        suites: match (args.role, codenames.is_empty()) {
            (Role::Admin, _) | (Role::Maintainer, true) => Suites::All,
            _ => Suites::Only(codenames),
        },
        disabled: false,
        epoch: 0,
        created_at: now(),
    };
    let event = AuditEvent {
        at: now(),
        actor: Actor::default(),
        action: "user.create",
        subject: account.username.to_string(),
        detail: serde_json::json!({
            "role": account.role.as_str(),
            "suites": wire::recorded_suites(&account.suites),
            "from": "shell",
        })
        .to_string(),
    };
    let line = format!("{}\t{}\t{}", account.id, account.username, account.role.as_str());
    let new = NewAccount { account, password };
    archive
        .accounts()
        .create_account(&new, &event)
        .map_err(CommandError::not_possible)?;
    print(&line)
}

/// Returns the hash of the first line of stdin.
fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .context("cannot read the password")?;
    let text = text.lines().next().unwrap_or_default();
    password::check(text).map_err(|problem| anyhow!("the password is too weak: {}", problem.detail))?;
    password::hash(text).map_err(|problem| anyhow!("{}", problem.detail))
}
