//! What there is to say of packages that stay behind their newest versions.

use cpkgs::resolver_input::ResolverInput;
use debian_control::terminal::escaped;
use resolver::kept_back::KeptBack;
use resolver::refusal::Refusal;
use resolver::request::{Recommends, Request, Target, Upgrade};
use resolver::solve::solve;
use resolver::universe::Universe;

use super::Context;
use super::failure::{Failure, REFUSED};
use super::install_target::InstallTarget;

/// How many packages that would be removed are named.
const MOST_NAMED: usize = 8;

/// Names the packages that an upgrade of everything leaves behind, in one line.
pub(super) fn report(
    universe: &Universe,
    kept: &[KeptBack],
    command: Upgrade,
    target: &InstallTarget,
    context: &mut Context,
) {
    if kept.is_empty() {
        return;
    }
    let names: Vec<&str> = kept.iter().map(|one| universe.name(one.package)).collect();
    let option = target.option();
    let what_helps = match command {
        Upgrade::Full => format!("`cpkgs upgrade{option} NAME` says why"),
        _ => format!(
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
