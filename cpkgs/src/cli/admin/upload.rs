//! `cpkgs admin upload`.

use std::path::{Path, PathBuf};

use clap::Args;
use cpkgs::account::{RegistryError, Taken, UploadTarget};
use debian_control::terminal::escaped;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::{Context, Outcome, SignedArgs};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// Upload packages, and wait until they are live.
///
/// Prints one line a file, separated by tabs: `added`, `unchanged`, `pending` (durable, and live with the next publish) or
/// `rejected`, the file, and the reason. Uploading the same file again is safe and changes nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: CPKGS_TOKEN=... cpkgs admin upload --registry https://apt.example.org --suite stable *.deb"
)]
pub(in crate::cli) struct UploadArgs {
    /// The packages: .deb files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The suite or codename; optional if the registry has only one.
    #[arg(long, value_name = "SUITE")]
    suite: Option<String>,
    /// The component [default: the suite's first].
    #[arg(long, value_name = "COMPONENT")]
    component: Option<String>,
    #[command(flatten)]
    signed: SignedArgs,
}

/// How the upload of a file ended.
#[derive(Serialize)]
struct UploadedView<'a> {
    status: &'static str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) fn run(args: &UploadArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let registry = args.signed.open(context)?;
    let target = UploadTarget {
        suite: args.suite.clone(),
        component: args.component.clone(),
    };
    let bar = progress(args.files.len(), &context.printer);
    let mut printed = Ok(());
    let mut worst: Option<Failure> = None;
    let mut rejected = 0;
    registry.upload(&args.files, &target, |path, outcome| {
        bar.inc(1);
        if printed.is_ok() {
            printed = bar.suspend(|| print(path, &outcome, &mut context.printer));
        }
        if let Err(error) = outcome {
            rejected += 1;
            let failure = Failure::from(error);
            if worst
                .as_ref()
                .is_none_or(|worst| failure.gravity() > worst.gravity())
            {
                worst = Some(failure);
            }
        }
    });
    bar.finish_and_clear();
    printed?;
    match worst {
        None => Ok(Outcome::Success),
        Some(failure) => {
            let count = args.files.len();
            context
                .printer
                .error_line(format_args!("{rejected} of {count} packages were rejected"));
            Err(failure)
        }
    }
}

fn print(path: &Path, outcome: &Result<Taken, RegistryError>, printer: &mut Printer) -> Result<(), Failure> {
    let file = path.to_string_lossy();
    let mut view = UploadedView {
        status: match outcome {
            Ok(Taken::Added) => "added",
            Ok(Taken::Unchanged) => "unchanged",
            Ok(Taken::Pending) => "pending",
            Err(_) => "rejected",
        },
        file: &file,
        code: None,
        reason: None,
    };
    if let Err(error) = outcome {
        view.reason = Some(with_causes(error));
        if let RegistryError::Problem { code, .. } = error {
            view.code = Some(code);
        }
    }
    if printer.json() {
        printer.value(&view)?;
    } else {
        // A tab in a name or a reason would be read as the end of it.
        let escape = |text: &str| escaped(&text.replace('\t', " "));
        let line = format!("{}\t{}", view.status, escape(&file));
        match &view.reason {
            None => printer.line(line)?,
            Some(reason) => printer.line(format_args!("{line}\t{}", escape(reason)))?,
        }
    }
    // Who waits for many sees each as it comes.
    Ok(printer.flush()?)
}

fn with_causes(error: &RegistryError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn progress(files: usize, printer: &Printer) -> ProgressBar {
    if files < 2 || !printer.shows_progress() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} packages, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr()).with_style(style)
}
