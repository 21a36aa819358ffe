//! `cpkgs history`.

use clap::Args;
use debian_control::terminal::escaped;
use rootless::generation::{Generations, Plan};
use serde::Serialize;

use super::difference::Difference;
use super::failure::Failure;
use super::{Context, Outcome};

/// List what was installed and removed without root, the newest first: each change is a generation to go back to.
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {}

#[derive(Serialize)]
struct Row<'a> {
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

pub(super) fn run(_: &HistoryArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let generations = Generations::new(&context.config.install(&context.home));
    let current = generations.current()?;
    for number in generations.all()?.into_iter().rev() {
        let plan = generations.plan(number)?;
        // One that gc took leaves nothing to compare with.
        let before = plan
            .parent
            .map(|parent| generations.plan(parent).unwrap_or_else(|_| plan.clone()));
        let row = row(&plan, &before.unwrap_or_default(), current);
        if context.printer.json() {
            context.printer.value(&row)?;
        } else {
            context.printer.line(text(&row))?;
        }
    }
    Ok(Outcome::Success)
}

fn row<'a>(plan: &'a Plan, before: &Plan, current: Option<u64>) -> Row<'a> {
    let Difference {
        added,
        removed,
        changed,
    } = Difference::between(before, plan);
    Row {
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

fn text(row: &Row<'_>) -> String {
    let mark = if row.current { "*" } else { " " };
    let counts = [
        ("+", row.added.len()),
        ("~", row.changed.len()),
        ("-", row.removed.len()),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(sign, count)| format!("{sign}{count}"))
        .collect();
    let line = format!(
        "{mark} {:>4}  {}  {:<10}  {}",
        row.generation,
        row.created,
        counts.join(" "),
        row.command
    );
    escaped(&line)
}
