//! What there is to say of packages that stay behind their newest versions.

use cpkgs::candidate::Versions;
use cpkgs::resolver_input::ResolverInput;
use debian_control::terminal::escaped;
use resolver::kept_back::{KeptBack, kept_back};
use resolver::refusal::Refusal;
use resolver::request::{Hold, Recommends, Request, Target, Upgrade};
use resolver::solve::solve;
use resolver::universe::Universe;

use super::Context;
use super::failure::{Failure, REFUSED};
use super::install_target::InstallTarget;

/// How many packages that would be removed are named.
const MOST_NAMED: usize = 8;

/// What helps packages that an upgrade leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Help {
    /// A full upgrade changes some of them.
    FullUpgrade,
    /// To know what is in their way.
    Reason,
}

/// Returns the held packages whose candidates are newer, by name.
pub(super) fn held(input: &ResolverInput<'_>) -> Vec<KeptBack> {
    let universe = &input.universe;
    let held = input.installed.iter().filter(|one| one.hold == Hold::Held);
    let mut found: Vec<KeptBack> = held
        .filter_map(|one| {
            let package = one.package;
            let (name, architecture) = (universe.name(package), universe.architecture(package));
            let newest = Versions::of_installed(name, architecture, input).upgrade(input)?;
            Some(KeptBack { package, newest })
        })
        .collect();
    found.sort_by_key(|one| (universe.name(one.package), universe.architecture(one.package)));
    found
}

/// Names the held packages that have newer versions, in one line.
pub(super) fn report_held(
    universe: &Universe,
    held: &[KeptBack],
    target: &InstallTarget,
    context: &mut Context,
) {
    if held.is_empty() {
        return;
    }
    let names: Vec<&str> = held.iter().map(|one| universe.name(one.package)).collect();
    let text = format!(
        "held behind newer versions: {} ({}); `cpkgs unhold{} NAME` lets one change",
        names.join(", "),
        names.len(),
        target.option()
    );
    context.printer.info(escaped(&text));
}

/// Returns what helps the packages that an upgrade leaves behind. A full upgrade may be of no use where others are held.
pub(super) fn what_helps(
    universe: &Universe,
    request: &Request,
    kept: &[KeptBack],
    held: &[KeptBack],
) -> Help {
    if request.upgrade == Upgrade::Full {
        return Help::Reason;
    }
    if kept.is_empty() || held.is_empty() {
        return Help::FullUpgrade;
    }
    let full = Request {
        upgrade: Upgrade::Full,
        ..request.clone()
    };
    match solve(universe, &full) {
        Ok(plan) if kept_back(universe, &full, &plan).len() < kept.len() => Help::FullUpgrade,
        _ => Help::Reason,
    }
}

/// Names the packages that an upgrade of everything leaves behind, in one line.
pub(super) fn report(
    universe: &Universe,
    kept: &[KeptBack],
    help: Help,
    target: &InstallTarget,
    context: &mut Context,
) {
    if kept.is_empty() {
        return;
    }
    let names: Vec<&str> = kept.iter().map(|one| universe.name(one.package)).collect();
    let option = target.option();
    let what_helps = match help {
        Help::Reason => format!("`cpkgs upgrade{option} NAME` says why"),
        Help::FullUpgrade => format!(
            "`cpkgs full-upgrade{option}` removes what is in the way, `cpkgs upgrade{option} NAME` says what that is"
        ),
    };
    let text = format!("kept back: {} ({}); {what_helps}", names.join(", "), names.len());
    context.printer.info(escaped(&text));
}

/// Says what an upgrade of everything leaves out since dpkg has no order for it, and why.
pub(super) fn report_left_out(left_out: &[Refusal], context: &mut Context) {
    for Refusal { summary, reasons, .. } in left_out {
        let text = format!("left out: {summary}: {}", reasons.join("; "));
        context.printer.info(escaped(&text));
    }
}

/// Returns why a package stays behind its newest version: what that would remove, or what stands against it.
pub(super) fn reason(input: &ResolverInput<'_>, kept: KeptBack, target: &InstallTarget) -> Failure {
    let universe = &input.universe;
    let name = universe.name(kept.package);
    let [installed, newest] = [kept.package, kept.newest].map(|package| universe.version(package));
    let request = Request {
        install: vec![Target::OneOf {
            label: format!("{name}={newest}"),
            packages: vec![kept.newest],
        }],
        installed: input.installed.clone(),
        recommends: Recommends::Leave,
        ..Request::default()
    };
    let text = format!("`{name}` is kept back at {installed}");
    match solve(universe, &request) {
        Ok(plan) => {
            let removed: Vec<&str> = plan
                .remove
                .iter()
                .map(|removal| universe.name(removal.package))
                .collect();
            let named: Vec<&str> = removed.iter().copied().take(MOST_NAMED).collect();
            let further = match removed.len().saturating_sub(MOST_NAMED) {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            let cause = match named.as_slice() {
                [] => format!("{newest} is not chosen together with the other upgrades"),
                named => format!("{newest} would remove {}{further}", named.join(", ")),
            };
            Failure::saying(REFUSED, cause).context(text).hint(format_args!(
                "`cpkgs install{} {name}={newest}` does that",
                target.option()
            ))
        }
        Err(refusal) => {
            let failure = super::refusal::refused(refusal, input, &[]);
            failure.context(text)
        }
    }
}
