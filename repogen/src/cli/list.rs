//! `repogen list` and `repogen show`: what the catalog holds.

use archive_catalog::{Entry, Selection};
use clap::Args;
use debian_archive::archive::Archive;
use debian_control::name::{Component, PackageName, SuiteName};

use super::context::Context;
use super::exit::{Completion, Failure};
use super::package_json;
use super::select;
use debian_control::terminal::escaped;

/// How many names are read at a time, with all that the catalog holds of them.
const NAMES_AT_A_TIME: u32 = 500;

/// List packages: name, version, architecture, suite and component.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only this suite.
    #[arg(long)]
    suite: Option<String>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Show all versions of a package.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The package's name.
    #[arg(value_name = "NAME")]
    name: PackageName,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: ListArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let suite = args
        .suite
        .as_deref()
        .map(|name| select::codename(&archive, Some(name)))
        .transpose()?;
    let selection = Selection {
        suite,
        ..Selection::default()
    };
    let mut hidden = 0;
    let mut after = None;
    loop {
        let part = archive
            .catalog()
            .list_part(&selection, after.as_ref(), NAMES_AT_A_TIME)?;
        hidden += hidden_of(&archive, &part.entries);
        if args.json {
            print_json(&archive, &part.entries, context)?;
        } else {
            print_lines(&part.entries, context)?;
        }
        after = part.last;
        if after.is_none() {
            break;
        }
    }
    tell_hidden(hidden, context);
    Ok(Completion::Success)
}

/// Prints packages, one placement a line.
fn print_lines(entries: &[Entry], context: &mut Context) -> Result<(), Failure> {
    for entry in entries {
        for (suite, component) in &entry.suites {
            let content = &entry.content;
            context.printer.line(format_args!(
                "{}\t{}\t{}\t{suite}\t{component}",
                content.name, content.version, content.architecture
            ))?;
        }
    }
    Ok(())
}

pub(super) fn run_show(args: ShowArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let selection = Selection {
        name: Some(args.name.clone()),
        ..Selection::default()
    };
    let entries = archive.catalog().list(&selection)?;
    if entries.is_empty() {
        return Err(Failure::not_possible(format_args!(
            "no package `{}` in the catalog",
            args.name
        )));
    }
    tell_hidden(hidden_of(&archive, &entries), context);
    if args.json {
        print_json(&archive, &entries, context)?;
        return Ok(Completion::Success);
    }
    for (at, entry) in entries.iter().enumerate() {
        if at > 0 {
            context.printer.line("")?;
        }
        show(entry, context)?;
    }
    Ok(Completion::Success)
}

/// Counts the placements that the configuration does not list.
fn hidden_of(archive: &Archive, entries: &[Entry]) -> usize {
    let suites = &archive.config().suites;
    let has_place = |entry: &Entry, suite: &SuiteName, component: &Component| {
        suites.iter().any(|found| {
            found.codename == *suite
                && found.components.contains(component)
                && found.takes(&entry.content.architecture)
        })
    };
    entries
        .iter()
        .flat_map(|entry| entry.suites.iter().map(move |place| (entry, place)))
        .filter(|(entry, (suite, component))| !has_place(entry, suite, component))
        .count()
}

fn tell_hidden(hidden: usize, context: &mut Context) {
    if hidden > 0 {
        context.printer.info(format_args!(
            "note: not published, since repogen.toml does not list the suite, component or architecture: {hidden} of them"
        ));
    }
}

fn print_json(archive: &Archive, entries: &[Entry], context: &mut Context) -> Result<(), Failure> {
    package_json::print(entries, &archive.listing().extras(entries)?, context)
}

fn show(entry: &Entry, context: &mut Context) -> Result<(), Failure> {
    context.printer.text(escaped(&entry.content.control))?;
    let suites: Vec<String> = entry
        .suites
        .iter()
        .map(|(suite, component)| format!("{suite}/{component}"))
        .collect();
    context
        .printer
        .line(format_args!("Filename: {}", entry.filename))?;
    context
        .printer
        .line(format_args!("Size: {}", entry.content.size))?;
    context
        .printer
        .line(format_args!("SHA256: {}", entry.content.sha256))?;
    context
        .printer
        .line(format_args!("Suites: {}", suites.join(" ")))?;
    Ok(())
}
