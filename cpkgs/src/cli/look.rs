//! `cpkgs search`, `info`, `list` and `files`: what there is.

use apt_client::library::{Fact, Filter, Library};
use clap::Args;
use cpkgs::installed;
use debian_control::stanza::Stanza;
use debian_control::terminal::escaped;
use debian_control::version::Version;
use serde::Serialize;

use super::failure::{Failure, REFUSED};
use super::{Context, Done, files};

/// Searches names and descriptions for words, or with --file the paths of files; what fits best comes first.
#[derive(Debug, Args)]
pub(super) struct SearchArgs {
    /// Words that all have to be there.
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
    /// Looks for files: words of their paths; one that begins with a slash stands at the beginning.
    #[arg(long, short = 'f', conflicts_with_all = ["section", "architecture", "names_only"])]
    file: bool,
}

/// Shows what the sources say of a package.
#[derive(Debug, Args)]
pub(super) struct InfoArgs {
    /// The package.
    name: String,
}

/// Lists packages.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only what is installed.
    #[arg(long)]
    installed: bool,
    /// Only what is installed and could be newer.
    #[arg(long)]
    upgradable: bool,
}

/// A package as `search --json` and `list --json` print it.
#[derive(Debug, Serialize)]
struct FactView<'f> {
    name: &'f str,
    version: &'f str,
    architecture: &'f str,
    section: &'f str,
    description: &'f str,
    suite: &'f str,
}

impl<'f> FactView<'f> {
    fn new(fact: &Fact<'f>, library: &'f Library) -> Self {
        let index = library.lists().indexes.get(fact.index);
        Self {
            name: fact.name,
            version: fact.version,
            architecture: fact.architecture,
            section: fact.section,
            description: fact.synopsis,
            suite: index.map_or("", |index| index.codename.as_str()),
        }
    }
}

pub(super) fn search(args: SearchArgs, context: &mut Context) -> Result<Done, Failure> {
    if args.file {
        return files::search(&args.words, context);
    }
    let library = context.library()?;
    let filter = Filter {
        words: args.words,
        section: args.section,
        architecture: args.architecture,
        names_only: args.names_only,
    };
    for hit in library.facts().search(&filter) {
        print(&hit.fact, &library, context)?;
    }
    Ok(Done::Well)
}

fn print(fact: &Fact<'_>, library: &Library, context: &mut Context) -> Result<(), Failure> {
    if context.printer.json() {
        return context.printer.value(&FactView::new(fact, library));
    }
    let Fact {
        name,
        version,
        synopsis,
        ..
    } = fact;
    context.printer.row(format_args!("{name}\t{version}\t{synopsis}"))
}

/// A package as `info --json` prints it: the fields of its stanza, and where it is.
#[derive(Debug, Serialize)]
struct InfoView<'f> {
    #[serde(flatten)]
    fact: FactView<'f>,
    fields: serde_json::Map<String, serde_json::Value>,
    installed: bool,
}

pub(super) fn info(args: &InfoArgs, context: &mut Context) -> Result<Done, Failure> {
    let library = context.library()?;
    let mut facts: Vec<Fact<'_>> = library.facts().named(&args.name).collect();
    facts.sort_by_cached_key(|fact| std::cmp::Reverse(fact.version.parse::<Version>().ok()));
    if facts.is_empty() {
        let failure = Failure::saying(REFUSED, format_args!("there is no package `{}`", args.name));
        let near = library.facts().similar(&args.name, 3);
        return Err(match near.as_slice() {
            [] => failure.hint("`cpkgs search` looks for words"),
            near => failure.hint(format_args!("did you mean {}?", near.join(", "))),
        });
    }
    let installed = installed::read(&context.config.install(&context.home))?;
    for (number, fact) in facts.iter().enumerate() {
        let text = library.stanza_of(fact)?;
        let is_installed = installed.iter().any(|package| {
            package.name == fact.name
                && package.version == fact.version
                && package.architecture == fact.architecture
        });
        if context.printer.json() {
            let view = InfoView {
                fact: FactView::new(fact, &library),
                fields: fields(&text),
                installed: is_installed,
            };
            context.printer.value(&view)?;
            continue;
        }
        if number > 0 {
            context.printer.line("")?;
        }
        context.printer.line(escaped(text.trim_end()))?;
        let suite = library.lists().indexes.get(fact.index);
        if let Some(index) = suite {
            context.printer.line(escaped(&format!(
                "Source-Archive: {} {}",
                index.url, index.codename
            )))?;
        }
        if is_installed {
            context.printer.line("Installed: yes")?;
        }
    }
    Ok(Done::Well)
}

fn fields(text: &str) -> serde_json::Map<String, serde_json::Value> {
    let stanza = Stanza::parse(text).ok();
    let fields = stanza.iter().flat_map(|stanza| stanza.fields());
    fields
        .map(|field| (field.name().to_owned(), field.value().to_owned().into()))
        .collect()
}

/// An installed package as `list --installed --json` prints it.
#[derive(Debug, Serialize)]
struct InstalledView<'f> {
    name: &'f str,
    version: &'f str,
    architecture: &'f str,
    automatic: bool,
    held: bool,
    upgradable_to: Option<&'f str>,
}

pub(super) fn list(args: &ListArgs, context: &mut Context) -> Result<Done, Failure> {
    if !args.installed && !args.upgradable {
        let library = context.library()?;
        for fact in library.facts().by_name() {
            print(&fact, &library, context)?;
        }
        return Ok(Done::Well);
    }
    // What is installed can be told without any index.
    let library = context.library().ok();
    for package in installed::read(&context.config.install(&context.home))? {
        let newest = library
            .as_ref()
            .and_then(|library| newer(library, &package.name, &package.architecture, &package.version));
        if args.upgradable && newest.is_none() {
            continue;
        }
        let view = InstalledView {
            name: &package.name,
            version: &package.version,
            architecture: &package.architecture,
            automatic: package.automatic,
            held: package.hold == cpkgs::generation::Held::Held,
            upgradable_to: newest,
        };
        if context.printer.json() {
            context.printer.value(&view)?;
            continue;
        }
        let mark = if view.automatic { "automatic" } else { "manual" };
        let held = if view.held { ",held" } else { "" };
        let newest = newest.map(|newest| format!("\t-> {newest}")).unwrap_or_default();
        let InstalledView {
            name,
            version,
            architecture,
            ..
        } = view;
        context.printer.row(format_args!(
            "{name}\t{version}\t{architecture}\t{mark}{held}{newest}"
        ))?;
    }
    Ok(Done::Well)
}

/// Returns the newest version of a package that is newer than the one that is installed.
fn newer<'l>(library: &'l Library, name: &str, architecture: &str, installed: &str) -> Option<&'l str> {
    let installed: Version = installed.parse().ok()?;
    library
        .facts()
        .named(name)
        .filter(|fact| {
            fact.architecture == architecture || fact.architecture == "all" || architecture == "all"
        })
        .filter_map(|fact| Some((fact.version.parse::<Version>().ok()?, fact.version)))
        .filter(|(version, _)| *version > installed)
        .max_by(|left, right| left.0.cmp(&right.0))
        .map(|(_, text)| text)
}
