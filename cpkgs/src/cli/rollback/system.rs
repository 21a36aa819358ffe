//! Taking a change of the system back: what came goes, and what went or changed comes back in its version, by a plan as any other.

use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::Named;
use cpkgs::system::{LoggedChange, LoggedPackage, System};
use resolver::plan::Plan;
use resolver::request::{Recommends, Request, Target};
use resolver::solve::solve;
use rootless::Configuration;

use super::super::failure::{Failure, REFUSED};
use super::super::install_target::{Indexes, InstallTarget, Run};
use super::super::refusal::refused;
use super::super::transaction::Transaction;
use super::super::{Context, Outcome};

/// What takes a change back.
struct Undo {
    install: Vec<Target>,
    remove: Vec<Target>,
    /// The names that are to go.
    going: Vec<String>,
}

pub(super) fn run(
    system: &System,
    id: Option<&str>,
    run: Run,
    target: &InstallTarget,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let change = chosen(system.history()?, id)?;
    let library = target.library(Indexes::IfAny, context)?;
    let input = target.resolver_input(&library, Vec::new(), context)?;
    let undo = undo(&change, &input)?;
    let request = Request {
        install: undo.install,
        remove: undo.remove,
        installed: input.installed.clone(),
        recommends: Recommends::Leave,
        ..Request::default()
    };
    let plan = solve(&input.universe, &request).map_err(|refusal| refused(refusal, &input, &[]))?;
    refuse_further(&plan, &undo.going, &input)?;
    Transaction {
        wanted: Vec::new(),
        input: &input,
        target,
        plan,
        kept_back: Vec::new(),
        command: format!("rollback {}", change.id),
        configuration: Configuration::Stays,
        leftovers: Vec::new(),
        programs: None,
    }
    .finish(run, context)
}

/// Returns the change with an ID, else the newest that changed a package.
fn chosen(history: Vec<LoggedChange>, id: Option<&str>) -> Result<LoggedChange, Failure> {
    let mut newest_first = history.into_iter().rev();
    let found = match id {
        Some(id) => newest_first.find(|change| change.id == id),
        None => newest_first.find(|change| !change.packages.is_empty()),
    };
    found.ok_or_else(|| {
        let text = match id {
            Some(id) => format!("the log of the system has no change `{id}`"),
            None => "the log of the system has no change to take back".to_owned(),
        };
        Failure::saying(REFUSED, text).hint("`cpkgs history --system` lists what it has")
    })
}

fn undo(change: &LoggedChange, input: &ResolverInput<'_>) -> Result<Undo, Failure> {
    let mut undo = Undo {
        install: Vec::new(),
        remove: Vec::new(),
        going: Vec::new(),
    };
    for package in &change.packages {
        let named = Named {
            name: package.key.name.clone(),
            architecture: Some(package.key.architecture.clone()),
            ..Named::default()
        };
        let installed = input.installed_of(&named).next();
        let version = installed.map(|installed| input.universe.version(installed.package));
        if version == package.before.as_deref() {
            continue;
        }
        if version != package.after.as_deref() {
            return Err(changed_since(package, version));
        }
        if installed.is_some_and(|installed| installed.hold.stays()) {
            let text = format!("`{}` is held, and is not changed", named.name);
            return Err(Failure::saying(REFUSED, text)
                .hint(format_args!("`cpkgs unhold --system {}` releases it", named.name)));
        }
        let Some(before) = &package.before else {
            undo.remove.push(input.target(&named));
            undo.going.push(named.name);
            continue;
        };
        let exact = Named {
            version: Some(before.clone()),
            ..named
        };
        match input.target(&exact) {
            Target::OneOf { packages, .. } if packages.is_empty() => {
                let text = format!(
                    "no source has `{}` {before}, which was installed before",
                    exact.name
                );
                return Err(Failure::saying(REFUSED, text).hint(
                    "a snapshot of its archive has it: `cpkgs source add ... --no-check-valid-until`",
                ));
            }
            target => undo.install.push(target),
        }
    }
    Ok(undo)
}

fn changed_since(package: &LoggedPackage, version: Option<&str>) -> Failure {
    let is = match version {
        Some(version) => format!("is {version} by now"),
        None => "is not installed any more".to_owned(),
    };
    let text = format!(
        "`{}` {is}: a later change has to be rolled back first",
        package.key.name
    );
    Failure::saying(REFUSED, text).hint("`cpkgs history --system` lists all changes, the newest first")
}

/// Refuses a plan that takes more away than came: taking a change back costs no other package.
fn refuse_further(plan: &Plan, going: &[String], input: &ResolverInput<'_>) -> Result<(), Failure> {
    let removed = plan
        .remove
        .iter()
        .map(|removal| input.universe.name(removal.package));
    let further: Vec<&str> = removed
        .filter(|name| !going.iter().any(|going| going == name))
        .collect();
    if further.is_empty() {
        return Ok(());
    }
    let text = format!("that would also remove {}", further.join(", "));
    Err(Failure::saying(REFUSED, text).hint("`cpkgs remove --system` removes what needs it first"))
}
