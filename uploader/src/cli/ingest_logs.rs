//! `uploader ingest-logs`: downloads out of the logs of who serves the files.

use std::path::PathBuf;

use anyhow::{Context as _, Error};
use clap::Args;
use cli_kit::ErrorReport;
use debian_control::terminal::escaped;

use super::archive::open;
use super::error::CommandError;
use super::output::print;
use crate::clock::now;
use crate::download_log::{self, LogCounter, LogError, LogSource};
use crate::settings::Settings;

/// Count downloads from the access logs of nginx or a CDN: `combined` lines or JSON lines, plain or gzip.
///
/// Each line counts once, even if its log is given again, has grown, or was rotated and compressed. A log that cannot be read
/// keeps none of the others from being counted; the exit code is 1 then.
///
/// Counts successful GET
/// requests for .deb files of this archive; stores no addresses. Prints the log, its new lines, downloads among them, requests
/// for packages that the archive does not have, and lines that are not log entries.
#[derive(Debug, Args)]
pub(super) struct IngestLogsArgs {
    /// The logs; `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &IngestLogsArgs, settings: &Settings) -> Result<(), CommandError> {
    let archive = open(settings)?;
    let mut counter = LogCounter::new(&archive).map_err(CommandError::archive)?;
    let mut failed = Vec::new();
    for file in &args.files {
        let shown = escaped(&file.display().to_string()).replace('\n', "\\u{a}");
        let opened = LogSource::open(file).with_context(|| format!("cannot read `{shown}`"));
        let counted = opened.and_then(|mut source| {
            download_log::ingest(&archive, &mut counter, &mut source, now()).map_err(Error::new)
        });
        let summary = match counted {
            Ok(summary) => summary,
            Err(error) if matches!(error.downcast_ref(), Some(LogError::Catalog(_))) => {
                return Err(CommandError::archive(error));
            }
            // One that is damaged, or not there before the first rotation, keeps no other from being counted. What was read of it is
            // read again.
            Err(error) => {
                counter.forget();
                failed.push(error);
                continue;
            }
        };
        print(&format!(
            "{shown}\t{}\t{}\t{}\t{}",
            summary.lines, summary.counted, summary.unknown, summary.malformed
        ))?;
    }
    let Some(last) = failed.pop() else {
        return Ok(());
    };
    for error in failed {
        ErrorReport::new(error).print();
    }
    Err(CommandError::NotPossible(last))
}
