//! `cpkgs history`.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::system::LoggedChange;
use debian_control::terminal::escaped;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rootless::generation::{Difference, Generations, Plan};
use serde::Serialize;

use super::candidates;
use super::failure::{Failure, REFUSED, USAGE};
use super::install_target::InstallTargetArgs;
use super::{Context, Outcome};

/// List changes, newest first; each change without root is a generation that `rollback` can return to.
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Show only the generation with this number, or with --system the change with this ID, and the packages that changed.
    #[arg(value_name = "NUMBER|ID", add = ArgValueCompleter::new(candidates::changes))]
    change: Option<String>,
    #[command(flatten)]
    target: InstallTargetArgs,
}

#[derive(Serialize)]
struct HistoryRow<'a> {
    generation: u64,
    current: bool,
    parent: Option<u64>,
    created: &'a str,
    command: &'a str,
    packages: usize,
    #[serde(flatten)]
    difference: Difference,
}

pub(super) fn run(args: &HistoryArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let wanted = args.change.as_deref();
    if args.target.is_system() {
        return system(&args.target.system().history()?, wanted, context);
    }
    let wanted = wanted.map(generation_number).transpose()?;
    let generations = Generations::new(&context.config.install(&context.home));
    let current = generations.current()?;
    let numbers = match wanted {
        Some(number) => vec![number],
        None => generations.all()?,
    };
    for number in numbers.into_iter().rev() {
        let plan = generations.plan(number)?;
        let row = row(&plan, generations.difference(&plan)?, current);
        if context.printer.json() {
            context.printer.value(&row)?;
            continue;
        }
        context.printer.line(text(&row))?;
        if wanted.is_some() {
            for line in difference_lines(&row.difference) {
                context.printer.line(line)?;
            }
        }
    }
    Ok(Outcome::Success)
}

/// Reads the number of a generation.
pub(super) fn generation_number(text: &str) -> Result<u64, Failure> {
    let number = text.parse();
    number.map_err(|_| Failure::saying(USAGE, format_args!("`{text}` is not the number of a generation")))
}

/// Returns a line for each package that comes, changes, goes, or is held in one of two generations alone.
pub(super) fn difference_lines(difference: &Difference) -> Vec<String> {
    lines(&[
        ("install", &difference.added),
        ("change", &difference.changed),
        ("remove", &difference.removed),
        ("hold", &difference.held),
        ("unhold", &difference.unheld),
    ])
}

fn lines(kinds: &[(&str, &[String])]) -> Vec<String> {
    let lines = kinds.iter().flat_map(|(what, packages)| {
        let packages = packages.iter();
        packages.map(move |package| escaped(&format!("{what} {package}")))
    });
    lines.collect()
}

fn row(plan: &Plan, difference: Difference, current: Option<u64>) -> HistoryRow<'_> {
    HistoryRow {
        generation: plan.number,
        current: current == Some(plan.number),
        parent: plan.parent,
        created: &plan.created,
        command: &plan.command,
        packages: plan.packages.len(),
        difference,
    }
}

/// A change of the system, as `history --system --json` prints it.
#[derive(Serialize)]
struct SystemRow<'a> {
    id: &'a str,
    created: String,
    command: &'a str,
    requested_by: Option<&'a str>,
    error: Option<&'a str>,
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
}

impl<'a> SystemRow<'a> {
    fn new(change: &'a LoggedChange) -> Self {
        let mut row = Self {
            id: &change.id,
            created: with_zone(&change.begun, TimeZone::system()),
            command: &change.command,
            requested_by: change.requested_by.as_deref(),
            error: change.error.as_deref(),
            added: Vec::new(),
            removed: Vec::new(),
            changed: Vec::new(),
        };
        for package in &change.packages {
            let name = format!("{}:{}", package.key.name, package.key.architecture);
            match (&package.before, &package.after) {
                (None, Some(after)) => row.added.push(format!("{name} {after}")),
                (Some(before), None) => row.removed.push(format!("{name} {before}")),
                (Some(before), Some(after)) => row.changed.push(format!("{name} {before} -> {after}")),
                (None, None) => {}
            }
        }
        row
    }
}

/// Returns the time of an entry of apt's log, which is that of the machine, in the form that times have everywhere: RFC 3339. What is no
/// time stays as it is.
fn with_zone(begun: &str, zone: TimeZone) -> String {
    let local = DateTime::strptime("%Y-%m-%d %H:%M:%S", begun);
    let zoned = local.and_then(|local| local.to_zoned(zone));
    zoned.map_or_else(
        |_| begun.to_owned(),
        |zoned| zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    )
}

fn system(changes: &[LoggedChange], wanted: Option<&str>, context: &mut Context) -> Result<Outcome, Failure> {
    let is_wanted = |change: &&LoggedChange| wanted.is_none_or(|id| change.id == id);
    let changes: Vec<&LoggedChange> = changes.iter().rev().filter(is_wanted).collect();
    if let (Some(id), true) = (wanted, changes.is_empty()) {
        let text = format!("there is no change `{id}`");
        return Err(Failure::saying(REFUSED, text).hint("`cpkgs history --system` lists them"));
    }
    for change in changes {
        let row = SystemRow::new(change);
        if context.printer.json() {
            context.printer.value(&row)?;
            continue;
        }
        context.printer.line(escaped(&system_text(&row)))?;
        if wanted.is_some() {
            for line in system_details(&row) {
                context.printer.line(line)?;
            }
        }
    }
    Ok(Outcome::Success)
}

fn system_text(row: &SystemRow<'_>) -> String {
    let counts = counts(row.added.len(), row.changed.len(), row.removed.len());
    let failed = if row.error.is_some() { "  (failed)" } else { "" };
    format!("  {:<15}  {counts:<10}  {}{failed}", row.id, row.command)
}

/// Returns what a change of the system is told with when it is asked for alone.
fn system_details(row: &SystemRow<'_>) -> Vec<String> {
    let told = [("requested by", row.requested_by), ("error:", row.error)];
    let told = told
        .into_iter()
        .filter_map(|(what, text)| Some(escaped(&format!("{what} {}", text?))));
    let packages = lines(&[
        ("install", &row.added),
        ("change", &row.changed),
        ("remove", &row.removed),
    ]);
    told.chain(packages).collect()
}

fn text(row: &HistoryRow<'_>) -> String {
    let mark = if row.current { "*" } else { " " };
    let Difference {
        added,
        changed,
        removed,
        ..
    } = &row.difference;
    let counts = counts(added.len(), changed.len(), removed.len());
    let line = format!(
        "{mark} {:>4}  {}  {counts:<10}  {}",
        row.generation, row.created, row.command
    );
    escaped(&line)
}

fn counts(added: usize, changed: usize, removed: usize) -> String {
    let counts = [("+", added), ("~", changed), ("-", removed)];
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    counts
        .map(|(sign, count)| format!("{sign}{count}"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_system_is_told_with_who_wanted_it_and_what_went_wrong() {
        let change = LoggedChange {
            id: "20261127T194824".to_owned(),
            requested_by: Some("ada (1000)".to_owned()),
            error: Some("dpkg failed".to_owned()),
            packages: vec![cpkgs::system::LoggedPackage {
                key: rootless::PackageKey {
                    name: "a".to_owned(),
                    architecture: "amd64".to_owned(),
                },
                before: Some("1".to_owned()),
                after: Some("2".to_owned()),
                automatic: false,
            }],
            ..LoggedChange::default()
        };
        let lines = system_details(&SystemRow::new(&change));
        assert_eq!(
            lines,
            [
                "requested by ada (1000)",
                "error: dpkg failed",
                "change a:amd64 1 -> 2"
            ]
        );
    }

    #[test]
    fn a_time_of_the_log_is_told_with_the_zone_of_the_machine() {
        let zone = || TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(
            with_zone("2026-11-29 21:14:07", zone()),
            "2026-11-29T21:14:07+02:00"
        );
        assert_eq!(with_zone("once", zone()), "once");
    }

    #[test]
    fn what_is_no_number_is_no_generation() {
        assert_eq!(generation_number("12").unwrap(), 12);
        assert!(generation_number("20261127T194824").is_err());
    }
}
