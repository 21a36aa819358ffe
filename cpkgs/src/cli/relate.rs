//! `cpkgs depends`, `rdepends` and `why`: who needs what.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use apt_client::library::{Fact, Library};
use clap::Args;
use cpkgs::scene::Present;
use cpkgs::spec::Named;
use debian_control::relation::{RelationKind, Relations};
use debian_control::stanza::{Stanza, StanzaReader};
use debian_control::terminal::escaped;
use debian_control::version::Version;
use serde::Serialize;

use super::failure::{Failure, REFUSED, USAGE};
use super::stage::present;
use super::{Context, Done};

/// Fields that need something, the strongest first.
const NEEDS: [&str; 3] = ["Pre-Depends", "Depends", "Recommends"];
const SHOWN: [&str; 8] = [
    "Pre-Depends",
    "Depends",
    "Recommends",
    "Suggests",
    "Enhances",
    "Conflicts",
    "Breaks",
    "Replaces",
];

/// Shows what a package needs and does not go with.
#[derive(Debug, Args)]
pub(super) struct DependsArgs {
    /// The package.
    name: String,
    /// Shows what is needed by what is needed, too.
    #[arg(long)]
    tree: bool,
}

/// Shows which packages need one.
#[derive(Debug, Args)]
pub(super) struct RdependsArgs {
    /// The package.
    name: String,
}

/// Shows why a package is installed: the shortest chain from one that was asked for.
#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// The package.
    name: String,
}

/// A need, as `--json` prints it.
#[derive(Debug, Serialize)]
struct NeedView<'n> {
    package: &'n str,
    field: &'n str,
    relation: &'n str,
}

/// Returns the newest package of a name.
fn newest<'l>(library: &'l Library, name: &str) -> Result<Fact<'l>, Failure> {
    let found = library.facts().named(name).max_by(|left, right| {
        left.version
            .parse::<Version>()
            .ok()
            .cmp(&right.version.parse::<Version>().ok())
    });
    found.ok_or_else(|| {
        let near = library.facts().similar(name, 3).join(", ");
        let failure = Failure::saying(REFUSED, format_args!("there is no package `{name}`"));
        if near.is_empty() {
            failure
        } else {
            failure.hint(format_args!("did you mean {near}?"))
        }
    })
}

/// Returns the groups of alternatives in a field, as they are written.
fn groups<'s>(stanza: &Stanza<'s>, field: &str) -> Vec<&'s str> {
    let value = stanza.get(field).map(|field| field.value()).unwrap_or_default();
    value
        .split(',')
        .map(str::trim)
        .filter(|group| !group.is_empty())
        .collect()
}

/// Returns the names that a group means, in their order.
fn names(group: &str) -> Vec<String> {
    let read = Relations::parse(RelationKind::Depends, group);
    let groups = read.into_iter().flat_map(|relations| relations.0);
    groups
        .flat_map(|alternatives| alternatives.0)
        .map(|relation| relation.name.as_str().to_owned())
        .collect()
}

pub(super) fn depends(args: &DependsArgs, context: &mut Context) -> Result<Done, Failure> {
    let library = context.library()?;
    let fact = newest(&library, &args.name)?;
    if args.tree {
        let mut met = BTreeSet::new();
        return tree(&library, &fact, 0, &mut met, context).map(|()| Done::Well);
    }
    let text = library.stanza_of(&fact)?;
    let stanza = stanza_of(&text)?;
    for field in SHOWN {
        for group in groups(&stanza, field) {
            if context.printer.json() {
                context.printer.value(&NeedView {
                    package: fact.name,
                    field,
                    relation: group,
                })?;
            } else {
                context.printer.row(format_args!("{field}\t{group}"))?;
            }
        }
    }
    Ok(Done::Well)
}

fn stanza_of(text: &str) -> Result<Stanza<'_>, Failure> {
    Stanza::parse(text).map_err(|error| Failure::new(REFUSED, error))
}

/// Prints what a package needs below it, each package once.
fn tree(
    library: &Library,
    fact: &Fact<'_>,
    depth: usize,
    met: &mut BTreeSet<String>,
    context: &mut Context,
) -> Result<(), Failure> {
    // Deeper than any chain of needs, and far less than a stack.
    const DEEPEST: usize = 100;
    let again = !met.insert(fact.name.to_owned());
    let mark = if again { " (above)" } else { "" };
    let indent = "  ".repeat(depth);
    context
        .printer
        .line(escaped(&format!("{indent}{} {}{mark}", fact.name, fact.version)))?;
    if again || depth >= DEEPEST {
        return Ok(());
    }
    let text = library.stanza_of(fact)?;
    let stanza = stanza_of(&text)?;
    for field in ["Pre-Depends", "Depends"] {
        for group in groups(&stanza, field) {
            let real = names(group)
                .into_iter()
                .find_map(|name| newest(library, &name).ok());
            match real {
                Some(needed) => tree(library, &needed, depth + 1, met, context)?,
                None => {
                    let indent = "  ".repeat(depth + 1);
                    context
                        .printer
                        .line(escaped(&format!("{indent}{group} (virtual or missing)")))?;
                }
            }
        }
    }
    Ok(())
}

pub(super) fn rdepends(args: &RdependsArgs, context: &mut Context) -> Result<Done, Failure> {
    let library = context.library()?;
    let fact = newest(&library, &args.name)?;
    for index in &library.lists().indexes {
        let text = std::fs::read_to_string(&index.path).map_err(|error| {
            Failure::new(
                REFUSED,
                anyhow::Error::new(error).context(format!("cannot read `{}`", index.path.display())),
            )
        })?;
        for stanza in StanzaReader::new(&text) {
            let stanza = stanza.map_err(|error| Failure::new(REFUSED, error))?;
            let package = stanza.line("Package").unwrap_or_default();
            for field in ["Pre-Depends", "Depends", "Recommends", "Suggests"] {
                for group in groups(&stanza, field) {
                    if !group.contains(fact.name) || !names(group).iter().any(|name| name == fact.name) {
                        continue;
                    }
                    if context.printer.json() {
                        context.printer.value(&NeedView {
                            package,
                            field,
                            relation: group,
                        })?;
                    } else {
                        context.printer.row(format_args!("{package}\t{field}\t{group}"))?;
                    }
                }
            }
        }
    }
    Ok(Done::Well)
}

/// One link of a chain.
#[derive(Debug, Clone, Serialize)]
struct Link {
    package: String,
    field: Option<&'static str>,
    needs: Option<String>,
}

pub(super) fn why(args: &WhyArgs, context: &mut Context) -> Result<Done, Failure> {
    let install = context.config.install(&context.home);
    let present = present(&install)?;
    let mut stanzas = BTreeMap::new();
    for package in &present {
        stanzas.insert(package.name.as_str(), stanza_of(&package.stanza)?);
    }
    let named = Named::parse(&args.name).map_err(|error| Failure::saying(USAGE, error))?;
    let is_meant = |package: &&Present| {
        let architecture = named.architecture.as_ref();
        package.name == named.name && architecture.is_none_or(|wanted| *wanted == package.architecture)
    };
    if present.iter().find(is_meant).is_none() {
        return Err(
            Failure::saying(REFUSED, format_args!("`{}` is not installed", args.name)).hint(format_args!(
                "`cpkgs rdepends {}` shows who would need it",
                args.name
            )),
        );
    }
    let asked_for: Vec<&str> = present
        .iter()
        .filter(|package| package.mark == resolver::request::Mark::Manual)
        .map(|package| package.name.as_str())
        .collect();
    let chain = chain(&stanzas, &asked_for, &named.name);
    if chain.is_empty() {
        context.printer.tell(format_args!(
            "nothing needs `{}` any more: `cpkgs autoremove` removes it",
            args.name
        ));
    }
    for link in chain {
        if context.printer.json() {
            context.printer.value(&link)?;
            continue;
        }
        let Link {
            package,
            field,
            needs,
        } = link;
        let line = match (field, needs) {
            (Some(field), Some(needs)) => format!("{package}\t{field}\t{needs}"),
            _ => format!("{package}\twas asked for"),
        };
        context.printer.row(line)?;
    }
    Ok(Done::Well)
}

/// Returns the shortest chain from a package that was asked for to one that is there.
fn chain(stanzas: &BTreeMap<&str, Stanza<'_>>, asked_for: &[&str], name: &str) -> Vec<Link> {
    let mut providers: HashMap<String, Vec<&str>> = HashMap::new();
    for (package, stanza) in stanzas {
        for group in groups(stanza, "Provides") {
            let provided = group.split([' ', '(']).next().unwrap_or_default();
            providers.entry(provided.to_owned()).or_default().push(package);
        }
    }
    let mut came: HashMap<&str, Option<(&str, &'static str)>> =
        asked_for.iter().map(|name| (*name, None)).collect();
    let mut queue: VecDeque<&str> = asked_for.iter().copied().collect();
    while let Some(package) = queue.pop_front() {
        let Some((package, stanza)) = stanzas.get_key_value(package) else {
            continue;
        };
        for field in NEEDS {
            for needed in groups(stanza, field).into_iter().flat_map(names) {
                let real = stanzas.get_key_value(needed.as_str()).map(|(name, _)| *name);
                let provided = providers.get(&needed).into_iter().flatten().copied();
                for other in real.into_iter().chain(provided) {
                    if !came.contains_key(other) {
                        came.insert(other, Some((package, field)));
                        queue.push_back(other);
                    }
                }
            }
        }
    }
    let mut chain = Vec::new();
    let mut at = name;
    while let Some(from) = came.get(at) {
        match from {
            Some((package, field)) => {
                chain.push(Link {
                    package: (*package).to_owned(),
                    field: Some(field),
                    needs: Some(at.to_owned()),
                });
                at = package;
            }
            None => {
                chain.push(Link {
                    package: at.to_owned(),
                    field: None,
                    needs: None,
                });
                break;
            }
        }
    }
    chain.reverse();
    chain
}
