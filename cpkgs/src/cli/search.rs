//! `cpkgs search`.

use apt_client::package_cache::{Filter, PackageCache, PackageSummary};
use clap::Args;
use cpkgs::installed::InstalledPackage;
use debian_control::stanza::Stanza;
use debian_control::terminal::escaped;
use serde::Serialize;

use super::failure::Failure;
use super::plan_text::full_name;
use super::{Context, Outcome, files};

/// Search names and descriptions for words, or with --file the paths of files; the best match comes first.
#[derive(Debug, Args)]
pub(super) struct SearchArgs {
    /// Words that must all match.
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    /// Only packages of this section.
    #[arg(long, value_name = "SECTION")]
    section: Option<String>,
    /// Only packages of this architecture.
    #[arg(long, value_name = "ARCH")]
    architecture: Option<String>,
    /// Only names, not descriptions.
    #[arg(long, short = 'n')]
    names_only: bool,
    /// Search for files by words of their paths; a word that begins with a slash matches at the beginning.
    #[arg(long, short = 'f', conflicts_with_all = ["section", "architecture", "names_only"])]
    file: bool,
}

/// A package as `search --json` and `list --json` print it.
#[derive(Debug, Serialize)]
pub(super) struct PackageView<'f> {
    name: &'f str,
    version: &'f str,
    architecture: &'f str,
    section: &'f str,
    description: &'f str,
    /// None for what is installed and in no index.
    suite: Option<&'f str>,
}

impl<'f> PackageView<'f> {
    pub(super) fn new(summary: &PackageSummary<'f>, description: &'f str, library: &'f PackageCache) -> Self {
        Self {
            name: summary.name,
            version: summary.version,
            architecture: summary.architecture,
            section: summary.section,
            description,
            suite: Some(library.index_of(summary).codename.as_str()),
        }
    }

    /// Returns what is said of an installed package that no index has, out of its own stanza.
    pub(super) fn installed(package: &'f InstalledPackage, stanza: &Stanza<'f>) -> Self {
        Self {
            name: &package.name,
            version: &package.version,
            architecture: &package.architecture,
            section: stanza.line("Section").unwrap_or_default(),
            description: stanza.line("Description").unwrap_or_default(),
            suite: None,
        }
    }

    pub(super) fn name(&self) -> &'f str {
        self.name
    }
}

pub(super) fn run(args: SearchArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if args.file {
        return files::search(&args.words, context);
    }
    let library = context.library()?;
    if let Some(architecture) = &args.architecture
        && !library.machine().has(architecture)
    {
        let text = format!("no source has packages of `{architecture}`");
        context.printer.warning(escaped(&text));
    }
    let filter = Filter {
        words: args.words,
        section: args.section,
        architecture: args.architecture,
        names_only: args.names_only,
    };
    let descriptions = library.descriptions()?;
    // Of each package the version is shown that a request for its name brings.
    for hit in library.preferred_hits(descriptions.search(&filter)) {
        let synopsis = descriptions.synopsis(&hit.summary);
        print(&PackageView::new(&hit.summary, synopsis, &library), context)?;
    }
    Ok(Outcome::Success)
}

pub(super) fn print(view: &PackageView<'_>, context: &mut Context) -> Result<(), Failure> {
    if context.printer.json() {
        return Ok(context.printer.value(view)?);
    }
    let PackageView {
        version, description, ..
    } = view;
    let name = full_name(view.name, view.architecture);
    Ok(context
        .printer
        .described_row(format_args!("{name}\t{version}\t{description}"))?)
}
