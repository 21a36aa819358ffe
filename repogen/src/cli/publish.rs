//! `repogen publish`: what changed goes live.

use clap::Args;
use debian_archive::archive::Archive;
use debian_archive::config::Suite;
use debian_archive::publish::{PublishError, PublishMode, PublishOutcome, PublishReport};
use debian_archive::sign::Signer;
use debian_control::name::SuiteName;
use debian_control::terminal::escaped;

use super::context::Context;
use super::exit::{Completion, Failure};
use super::system_clock::SystemClock;
use super::{select, signing};

/// Regenerate and sign the indexes of suites that changed.
///
/// Prints one line a suite: codename, `published`, packages, added, removed, milliseconds; or codename, `unchanged`; or,
/// with `--drop`, codename, `dropped`, packages.
#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// Only this suite; repeatable.
    #[arg(long, value_name = "SUITE")]
    suite: Vec<String>,
    /// Publish unchanged suites too, and reassemble every index.
    #[arg(long, conflicts_with = "drop")]
    force: bool,
    /// Publish with the Date of this machine's clock although the last Release is dated ahead of it, since the clock was wrong
    /// then.
    ///
    /// apt accepted no such Release if the client's clock was right; any other client keeps it until its Date has passed.
    #[arg(long, conflicts_with_all = ["drop", "force"])]
    redate: bool,
    /// Stop publishing what repogen.toml no longer lists: removed suites, and packages of removed components and
    /// architectures.
    #[arg(long)]
    drop: bool,
    /// Print how long each stage took to stderr, even when it is not a terminal.
    #[arg(long)]
    timings: bool,
}

pub(super) fn run(args: PublishArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let signer = signing::open(&archive.config().signing, context)?;
    let publishing = match (args.drop, args.force, args.redate) {
        (true, ..) => PublishMode::Dropping,
        (_, true, _) => PublishMode::Forced,
        (.., true) => PublishMode::Redating,
        (false, false, false) => PublishMode::Due,
    };
    let mut rejected = 0;
    for suite in select::suites(archive.config(), &args.suite)? {
        match publish_one(&archive, suite, publishing, signer.as_ref(), context) {
            Ok(outcome) if args.timings || context.printer.shows_progress() => {
                tell_stages(suite, &outcome, context);
            }
            Ok(_) => {}
            // The gate of one suite keeps no other from going live.
            Err(failure) if failure.is_rejection() => {
                failure.print();
                rejected += 1;
            }
            Err(failure) => return Err(failure),
        }
    }
    // After the others, one of which may take its name over without a moment in which it stands for nothing.
    if args.suite.is_empty() {
        for gone in archive.gone_suites()? {
            if args.drop {
                archive.drop_gone(&gone, signer.keyring())?;
                context
                    .printer
                    .line(format_args!("{}\tdropped\t{}", gone.suite, gone.packages))?;
            } else {
                Failure::from(PublishError::StillServed(gone)).print();
                rejected += 1;
            }
        }
    }
    Ok(Completion::after(rejected))
}

/// Publishes every suite that changed, and says nothing of those that have not.
pub(super) fn publish_all(archive: &Archive, context: &mut Context) -> Result<(), Failure> {
    let signer = signing::open(&archive.config().signing, context)?;
    for suite in &archive.config().suites {
        let outcome = publish_one(archive, suite, PublishMode::Due, signer.as_ref(), context)?;
        if context.printer.shows_progress() {
            tell_stages(suite, &outcome, context);
        }
    }
    Ok(())
}

/// Publishes a suite and prints its line.
pub(super) fn publish_one(
    archive: &Archive,
    suite: &Suite,
    publishing: PublishMode,
    signer: &dyn Signer,
    context: &mut Context,
) -> Result<PublishOutcome, Failure> {
    let outcome = archive.publish(suite, publishing, signer, &SystemClock)?;
    match &outcome {
        PublishOutcome::Unchanged => context
            .printer
            .line(format_args!("{}\tunchanged", suite.codename))?,
        PublishOutcome::Published(report) => print(&suite.codename, report, context)?,
    }
    Ok(outcome)
}

/// Prints what a publish did, on a line of its own.
pub(super) fn print(suite: &SuiteName, report: &PublishReport, context: &mut Context) -> Result<(), Failure> {
    if !report.gated.0.is_empty() {
        let warning = escaped(&format!(
            "{suite}: published uninstallable packages: {}",
            report.gated
        ));
        context.printer.info(format_args!("warning: {warning}"));
    }
    if report.is_signed_by_strangers {
        context.printer.info(format_args!(
            "warning: {suite}: none of the keys that sign it signed what was served before: machines that know only those refuse it until you bring them the new `archive-keyring.pgp`"
        ));
    }
    let counts = &report.counts;
    context.printer.line(format_args!(
        "{suite}\tpublished\t{}\t{}\t{}\t{}",
        counts.packages, counts.added, counts.removed, report.milliseconds
    ))?;
    Ok(())
}

/// Prints how long each stage of a publish took.
fn tell_stages(suite: &Suite, outcome: &PublishOutcome, context: &mut Context) {
    if let PublishOutcome::Published(PublishReport { stages, .. }) = outcome {
        let stages: Vec<String> = stages
            .iter()
            .map(|(stage, took)| format!("{stage} {took} ms"))
            .collect();
        context
            .printer
            .info(format_args!("{}: {}", suite.codename, stages.join(", ")));
    }
}
