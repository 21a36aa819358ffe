//! `cpkgs why`.

use std::collections::{BTreeMap, HashMap, VecDeque};

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::installed::InstalledPackage;
use cpkgs::spec::Named;
use debian_control::stanza::Stanza;
use serde::Serialize;

use super::candidates;
use super::failure::{Failure, REFUSED, USAGE};
use super::install_target::{InstallTargetArgs, Run};
use super::relations::{groups, names, stanza_of};
use super::{Context, Outcome};

/// Fields that need something, the strongest first.
const NEEDS: [&str; 3] = ["Pre-Depends", "Depends", "Recommends"];
/// Show why a package is installed: the shortest chain from one that was asked for.
#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// The package.
    #[arg(add = ArgValueCompleter::new(candidates::installed))]
    name: String,
    #[command(flatten)]
    target: InstallTargetArgs,
}

/// One link of a chain.
#[derive(Debug, Clone, Serialize)]
struct Link {
    package: String,
    field: Option<&'static str>,
    needs: Option<String>,
}

pub(super) fn run(args: &WhyArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let target = context.install_target(&args.target, Run::Dry)?;
    let present = target.installed()?;
    let mut stanzas = BTreeMap::new();
    for package in &present {
        stanzas.insert(package.name.as_str(), stanza_of(&package.stanza)?);
    }
    let named = Named::parse(&args.name).map_err(|error| Failure::saying(USAGE, error))?;
    let is_meant = |package: &&InstalledPackage| {
        let architecture = named.architecture.as_ref();
        let is_version = named
            .version
            .as_ref()
            .is_none_or(|version| *version == package.version);
        is_version
            && package.name == named.name
            && architecture.is_none_or(|wanted| *wanted == package.architecture)
    };
    if present.iter().find(is_meant).is_none() {
        return Err(
            Failure::saying(REFUSED, format_args!("`{}` is not installed", args.name)).hint(format_args!(
                "`cpkgs rdepends {}` shows who would need it",
                named.name
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
        context.printer.info(format_args!(
            "nothing needs `{}` any more: `cpkgs autoremove{}` removes it",
            args.name,
            target.option()
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
    Ok(Outcome::Success)
}

/// Returns the shortest chain from a package that was asked for to one that is there.
fn chain(stanzas: &BTreeMap<&str, Stanza<'_>>, asked_for: &[&str], name: &str) -> Vec<Link> {
    let mut providers: HashMap<String, Vec<&str>> = HashMap::new();
    for (package, stanza) in stanzas {
        for group in groups(stanza, "Provides") {
            for provided in names(group) {
                providers.entry(provided).or_default().push(package);
            }
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
