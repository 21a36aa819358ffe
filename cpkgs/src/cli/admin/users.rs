//! `cpkgs admin list-users` and `create-user`.

use clap::Args;
use cpkgs::account::{NewUser, User};
use debian_control::terminal::escaped;
use serde::Serialize;

use super::{Context, Outcome, SignedArgs};
use crate::cli::failure::{Failure, USAGE};
use crate::cli::secret;

/// List the accounts: name, role, suites, e-mail address.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListUsersArgs {
    #[command(flatten)]
    signed: SignedArgs,
}

/// Create an account with the role `user`; the part of the address before the @ is its name.
///
/// The password is read from standard input, if that is not a terminal or with --password-stdin; otherwise it is generated and
/// shown once.
#[derive(Debug, Args)]
pub(in crate::cli) struct CreateUserArgs {
    /// The e-mail address.
    email: String,
    /// Read the password from standard input.
    #[arg(long, conflicts_with = "token_stdin")]
    password_stdin: bool,
    #[command(flatten)]
    signed: SignedArgs,
}

/// An account that was made.
#[derive(Serialize)]
struct CreatedView<'a> {
    #[serde(flatten)]
    user: &'a User,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

pub(super) fn list(args: &ListUsersArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let users = args.signed.open(context)?.users()?;
    for user in &users {
        if context.printer.json() {
            context.printer.value(user)?;
            continue;
        }
        let suites = match user.suites.as_deref() {
            None => "all suites".to_owned(),
            Some([]) => "-".to_owned(),
            Some(suites) => suites.join(","),
        };
        let columns = [
            user.username.as_str(),
            &user.role,
            &suites,
            user.email.as_deref().unwrap_or("-"),
        ];
        context.printer.line(columns.map(escaped).join("\t"))?;
    }
    Ok(Outcome::Success)
}

pub(super) fn create(args: &CreateUserArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let name = args
        .email
        .split_once('@')
        .map(|(name, _)| name)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| {
            Failure::saying(
                USAGE,
                format_args!("`{}` is not an e-mail address: expected NAME@HOST", args.email),
            )
        })?;
    let registry = args.signed.open(context)?;
    let given = if args.password_stdin {
        Some(secret::line("Password")?)
    } else if args.signed.reads_stdin() {
        None
    } else {
        secret::offered()?
    };
    let password = match &given {
        Some(password) => password.clone(),
        None => secret::made()?,
    };
    let user = registry.create_user(&NewUser {
        username: name,
        email: &args.email,
        password: &password,
    })?;
    let shown = given.is_none().then_some(password.as_str());
    if context.printer.json() {
        let view = CreatedView {
            user: &user,
            password: shown,
        };
        context.printer.value(&view)?;
        return Ok(Outcome::Success);
    }
    context
        .printer
        .info(format_args!("created the account `{}`", escaped(&user.username)));
    if let Some(password) = shown {
        context.printer.info("its password, which cannot be shown again:");
        context.printer.line(password)?;
    }
    Ok(Outcome::Success)
}
