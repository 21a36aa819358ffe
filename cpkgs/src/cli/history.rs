//! `cpkgs history`.

use clap::Args;
use cpkgs::system::LoggedChange;
use debian_control::terminal::escaped;
use rootless::generation::{Difference, Generations, Plan};
use serde::Serialize;

use super::failure::Failure;
use super::install_target::InstallTargetArgs;
use super::{Context, Outcome};

/// List what was installed and removed, the newest first: without root each change is a generation to go back to.
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
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
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
}

pub(super) fn run(args: &HistoryArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if args.target.is_system() {
        return system(args.target.system().history()?, context);
    }
    let generations = Generations::new(&context.config.install(&context.home));
    let current = generations.current()?;
    for number in generations.all()?.into_iter().rev() {
        let plan = generations.plan(number)?;
        let row = row(&plan, generations.difference(&plan)?, current);
        if context.printer.json() {
            context.printer.value(&row)?;
        } else {
            context.printer.line(text(&row))?;
        }
    }
    Ok(Outcome::Success)
}

fn row(plan: &Plan, difference: Difference, current: Option<u64>) -> HistoryRow<'_> {
    let Difference {
        added,
        removed,
        changed,
    } = difference;
    HistoryRow {
        generation: plan.number,
        current: current == Some(plan.number),
        parent: plan.parent,
        created: &plan.created,
        command: &plan.command,
        packages: plan.packages.len(),
        added,
        removed,
        changed,
    }
}

/// A change of the system, as `history --system --json` prints it.
#[derive(Serialize)]
struct SystemRow<'a> {
    id: &'a str,
    created: &'a str,
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
            created: &change.begun,
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

fn system(changes: Vec<LoggedChange>, context: &mut Context) -> Result<Outcome, Failure> {
    for change in changes.iter().rev() {
        let row = SystemRow::new(change);
        if context.printer.json() {
            context.printer.value(&row)?;
            continue;
        }
        let counts = counts(row.added.len(), row.changed.len(), row.removed.len());
        let failed = if row.error.is_some() { "  (failed)" } else { "" };
        let line = format!("  {:<15}  {counts:<10}  {}{failed}", row.id, row.command);
        context.printer.line(escaped(&line))?;
    }
    Ok(Outcome::Success)
}

fn text(row: &HistoryRow<'_>) -> String {
    let mark = if row.current { "*" } else { " " };
    let counts = counts(row.added.len(), row.changed.len(), row.removed.len());
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
