//! `cpkgs admin`.

mod upload;
mod users;

use clap::{Args, Subcommand};
use cpkgs::account::{Live, Upload};
use debian_control::terminal::escaped;
use serde::Serialize;

use super::failure::{Failure, REFUSED};
use super::registry::SignedArgs;
use super::{Context, Outcome};

/// Manage a registry: its packages and its accounts.
#[derive(Debug, Args)]
pub(super) struct AdminArgs {
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    Upload(upload::UploadArgs),
    Remove(RemoveArgs),
    ListUsers(users::ListUsersArgs),
    CreateUser(users::CreateUserArgs),
}

/// Remove a package, and wait until the change is live.
#[derive(Debug, Args)]
struct RemoveArgs {
    /// The package.
    name: String,
    /// Its version.
    version: String,
    /// Only this architecture [default: all].
    #[arg(long, value_name = "ARCH")]
    architecture: Option<String>,
    /// Only from this suite [default: all].
    #[arg(long, value_name = "SUITE")]
    suite: Option<String>,
    #[command(flatten)]
    signed: SignedArgs,
}

/// A package that was taken out.
#[derive(Serialize)]
struct RemovedView<'a> {
    status: &'static str,
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    live: bool,
}

pub(super) fn run(args: AdminArgs, context: &mut Context) -> Result<Outcome, Failure> {
    match args.command {
        AdminCommand::Upload(args) => upload::run(&args, context),
        AdminCommand::Remove(args) => remove(&args, context),
        AdminCommand::ListUsers(args) => users::list(&args, context),
        AdminCommand::CreateUser(args) => users::create(&args, context),
    }
}

fn remove(args: &RemoveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let registry = args.signed.open(context)?;
    let mut query = vec![("name", args.name.as_str()), ("version", args.version.as_str())];
    let optional = [("architecture", &args.architecture), ("suite", &args.suite)];
    query.extend(
        optional
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_deref()?))),
    );
    let found = registry.find(&query)?;
    if found.is_empty() {
        let text = format!("the registry has no `{}` {} there", args.name, args.version);
        return Err(Failure::saying(REFUSED, text));
    }
    for package in &found {
        let live = registry.remove(&package.id, args.suite.as_deref())?;
        removed(package, live, context)?;
    }
    Ok(Outcome::Success)
}

fn removed(package: &Upload, live: Live, context: &mut Context) -> Result<(), Failure> {
    let view = RemovedView {
        status: "removed",
        name: &package.name,
        version: &package.version,
        architecture: &package.architecture,
        live: live == Live::Now,
    };
    if live == Live::NotYet {
        context
            .printer
            .info("removed; the change is live with the next publish");
    }
    if context.printer.json() {
        return Ok(context.printer.value(&view)?);
    }
    let [name, version, architecture] = [view.name, view.version, view.architecture].map(escaped);
    Ok(context
        .printer
        .line(format_args!("removed\t{name}\t{version}\t{architecture}"))?)
}
