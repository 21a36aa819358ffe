//! What nothing needs any more once a plan is carried out.

use std::collections::HashSet;

use cpkgs::resolver_input::ResolverInput;
use resolver::plan::{Plan, Why};
use resolver::request::{Hold, Installed, Mark};
use resolver::universe::PackageId;

use super::Context;
use super::failure::Failure;
use super::install_target::InstallTarget;

/// Says how many packages nothing needs any more after a plan; `wanted` no longer count as there by themselves.
pub(super) fn report(
    target: &InstallTarget,
    input: &ResolverInput<'_>,
    plan: &Plan,
    wanted: &[PackageId],
    context: &mut Context,
) -> Result<(), Failure> {
    let command = format!("cpkgs autoremove{}", target.option());
    let text = match input.autoremovable(&after(input, plan, wanted))?.len() {
        0 => return Ok(()),
        1 => format!("1 package is no longer needed: `{command}` removes it"),
        count => format!("{count} packages are no longer needed: `{command}` removes them"),
    };
    context.printer.info(text);
    Ok(())
}

/// Returns what is installed after a plan.
fn after(input: &ResolverInput<'_>, plan: &Plan, wanted: &[PackageId]) -> Vec<Installed> {
    let changed = plan.changes().map(|change| change.from);
    let gone: HashSet<PackageId> = plan
        .remove
        .iter()
        .map(|removal| removal.package)
        .chain(changed)
        .collect();
    let installed = input.installed.iter().copied();
    let mut after: Vec<Installed> = installed.filter(|one| !gone.contains(&one.package)).collect();
    after.extend(plan.changes().filter_map(|change| {
        let before = input.installed_as(change.from)?;
        Some(Installed {
            package: change.to,
            ..*before
        })
    }));
    after.extend(plan.install.iter().map(|addition| Installed {
        package: addition.package,
        mark: match addition.why {
            Why::Requested => Mark::Manual,
            Why::NeededBy(_) | Why::RecommendedBy(_) | Why::Displaced(_) => Mark::Automatic,
        },
        hold: Hold::Free,
    }));
    for one in after.iter_mut().filter(|one| wanted.contains(&one.package)) {
        one.mark = Mark::Manual;
    }
    after
}
