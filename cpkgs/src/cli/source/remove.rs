//! `cpkgs source remove`.

use apt_client::source::SourceConfig;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use debian_control::terminal::escaped;

use super::change::change_sources;
use crate::cli::candidates;
use crate::cli::failure::{Failure, REFUSED};
use crate::cli::{Context, Outcome};

/// Remove an archive, or some of its suites.
#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// The archive's root, as `source list` prints it.
    #[arg(add = ArgValueCompleter::new(candidates::sources))]
    url: String,
    /// Only this suite; repeatable.
    #[arg(long, value_name = "SUITE", add = ArgValueCompleter::new(candidates::suites))]
    suite: Vec<String>,
}

pub(super) fn remove(args: &RemoveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let url = args.url.trim_end_matches('/');
    let has_url = |source: &&SourceConfig| source.url.trim_end_matches('/') == url;
    let known: Vec<&SourceConfig> = context.config.sources.iter().filter(has_url).collect();
    let suites: Vec<&str> = known
        .iter()
        .flat_map(|source| &source.suites)
        .map(String::as_str)
        .collect();
    if let Some(missing) = args.suite.iter().find(|suite| !suites.contains(&suite.as_str()))
        && !known.is_empty()
    {
        let text = format!("the source `{url}` has no suite `{missing}`");
        return Err(Failure::saying(REFUSED, text).hint(format_args!("it has {}", suites.join(", "))));
    }
    let mut removed: Vec<String> = Vec::new();
    change_sources(context, |sources| {
        let named = sources
            .iter_mut()
            .filter(|source| source.url.trim_end_matches('/') == url);
        for source in named {
            let (gone, stays) = std::mem::take(&mut source.suites)
                .into_iter()
                .partition(|suite| args.suite.is_empty() || args.suite.contains(suite));
            source.suites = stays;
            removed.extend::<Vec<String>>(gone);
        }
        sources.retain(|source| !source.suites.is_empty());
    })?;
    if removed.is_empty() {
        return Err(
            Failure::saying(REFUSED, format_args!("there is no such source: `{url}`"))
                .hint("`cpkgs source list` names them"),
        );
    }
    context.printer.info(format_args!(
        "removed {} {}",
        escaped(url),
        escaped(&removed.join(" "))
    ));
    context.printer.info("next: `cpkgs update`");
    Ok(Outcome::Success)
}
