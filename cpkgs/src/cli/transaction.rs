//! From a request to what is installed: the plan, its table, the question, and whoever carries it out.

use std::collections::HashMap;
use std::path::Path;

use apt_client::fetch::{Download, is_downloaded};
use apt_client::lists::Index;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::system::{Action, Unfinished};
use debian_control::release::format_iso;
use debian_control::stanza::Stanza;
use debian_control::terminal::escaped;
use resolver::kept_back::KeptBack;
use resolver::plan::{Plan, Step, Why};
use resolver::request::Mark;
use resolver::universe::{PackageId, Universe};
use rootless::generation::{Programs, Provenance};
use rootless::{Add, Change, Configuration, PackageKey};

use super::failure::{Failure, REFUSED};
use super::fetch_debs::{debs, download, downloads};
use super::install_target::{InstallTarget, Run};
use super::plan_text::lines;
use super::plan_view::{view, why_text};
use super::printer::page;
use super::refusal::refused;
use super::{Context, Outcome, human_size, now, unneeded};

/// What helps against a package that cannot be configured.
const UNFINISHED: &str = "a mended version of it can be installed over it, and it can be removed";

/// A plan and what it was made for.
pub(super) struct Transaction<'s, 'l> {
    pub(super) input: &'s ResolverInput<'l>,
    pub(super) target: &'s InstallTarget,
    pub(super) plan: Plan,
    /// Packages that were asked for and are there: from now on they are not there by themselves.
    pub(super) wanted: Vec<PackageId>,
    pub(super) command: String,
    /// What an upgrade leaves behind its newest version.
    pub(super) kept_back: Vec<KeptBack>,
    /// What becomes of the configuration files of packages that go.
    pub(super) configuration: Configuration,
    /// Packages of which nothing but configuration files is left, and which go too.
    pub(super) leftovers: Vec<PackageKey>,
    /// Whose programs are in `bin` from now on; `None`: as before.
    pub(super) programs: Option<Programs>,
}

impl Transaction<'_, '_> {
    /// Shows the plan; without `--dry-run` asks, and carries it out.
    pub(super) fn finish(self, run: Run, context: &mut Context) -> Result<Outcome, Failure> {
        self.check_order()?;
        if run != Run::Dry {
            // Better now than after the question.
            self.check_reach(context)?;
        }
        if run != Run::DownloadOnly && !self.plan.is_empty() {
            unneeded::report(self.target, self.input, &self.plan, &self.wanted, context)?;
        }
        self.show(run, context)?;
        if run == Run::Dry {
            let goes_on = self.tell_unfinished(context)?;
            if self.plan.is_empty() && self.leftovers.is_empty() && !goes_on {
                context.printer.info("nothing to do");
            }
            return Ok(Outcome::Success);
        }
        let marks = self.marks();
        let is_marked = !marks.is_empty() || self.programs.is_some();
        if self.plan.is_empty() && !is_marked && self.leftovers.is_empty() {
            return match run {
                Run::DownloadOnly => {
                    context.printer.info("nothing to download");
                    Ok(Outcome::Success)
                }
                Run::Dry | Run::Real => self.go_on(context),
            };
        }
        if !self.plan.is_empty() || !self.leftovers.is_empty() {
            context.confirm("Go ahead?")?;
        }
        let change = self.change(marks, context)?;
        if run == Run::DownloadOnly {
            let folder = debs(context);
            let text = format!(
                "downloaded into `{}`: {}",
                folder.display(),
                human_size::counted(change.add.len(), "package")
            );
            context.printer.info(escaped(&text));
            return Ok(Outcome::Success);
        }
        self.target.apply(change, &self.actions(), context)
    }

    /// Does what is left to do where nothing is to change: packages may be there and not configured, as apt-get configures them.
    fn go_on(&self, context: &mut Context) -> Result<Outcome, Failure> {
        if self.target.unfinished()?.is_empty() {
            context.printer.info("nothing to do");
            return Ok(Outcome::Success);
        }
        let unfinished = self.target.configure(context)?;
        if let Some(wanted) = unfinished.iter().find(|one| self.is_wanted(one)) {
            return Err(Failure::saying(REFUSED, wanted).hint(UNFINISHED));
        }
        Ok(context.report_unfinished(&unfinished))
    }

    /// Says of a plan that is only shown what dpkg would continue besides; returns whether there is any.
    fn tell_unfinished(&self, context: &mut Context) -> Result<bool, Failure> {
        let changed = self.plan.changes().map(|change| change.from);
        let mut gone: Vec<PackageId> = self.plan.remove.iter().map(|removal| removal.package).collect();
        gone.extend(changed);
        let mut stays = self.target.unfinished()?;
        stays.retain(|one| !gone.iter().any(|package| self.is(*package, one)));
        for one in &stays {
            let next = match one.is_damaged() {
                true => "`cpkgs repair --system` unpacks it again",
                false => "dpkg would continue it",
            };
            context.printer.info(format_args!("{one}; {next}"));
        }
        Ok(!stays.is_empty())
    }

    fn is_wanted(&self, one: &Unfinished) -> bool {
        self.wanted.iter().any(|package| self.is(*package, one))
    }

    /// Says whether a package is what dpkg is not done with.
    fn is(&self, package: PackageId, one: &Unfinished) -> bool {
        let universe = &self.input.universe;
        universe.name(package) == one.key.name && universe.runs_as(package, &one.key.architecture)
    }

    /// Prints the plan: a table for people, one object for machines.
    fn show(&self, run: Run, context: &mut Context) -> Result<(), Failure> {
        let (universe, plan) = (&self.input.universe, &self.plan);
        if context.printer.json() {
            // What is done is told as what is planned is.
            return Ok(context.printer.value(&view(self.input, plan, &self.kept_back))?);
        }
        // Nobody is asked about what was not shown, also with `--quiet`.
        let asks = run != Run::Dry && context.asks();
        let tell = |line: String, context: &mut Context| match asks {
            true => context.printer.error_line(line),
            false => context.printer.info(line),
        };
        for key in &self.leftovers {
            let text = format!(
                "purge {}:{}: its configuration files are left",
                key.name, key.architecture
            );
            tell(escaped(&text), context);
        }
        if plan.is_empty() {
            return Ok(());
        }
        if let Some(text) = self.disk_warning()? {
            match asks {
                true => context.printer.error_line(format_args!("warning: {text}")),
                false => context.printer.warning(text),
            }
        }
        if run != Run::Dry {
            let mut lines = lines(universe, plan, page(&std::io::stderr()));
            lines.push(self.sum(context)?);
            for line in lines {
                tell(line, context);
            }
            return Ok(());
        }
        for line in lines(universe, plan, page(&std::io::stdout())) {
            context.printer.line(line)?;
        }
        let sum = self.sum(context)?;
        Ok(context.printer.line(sum)?)
    }

    /// Returns what there is to warn of where the disk may be too small for the plan.
    fn disk_warning(&self) -> Result<Option<String>, Failure> {
        let (free, needed) = (free_space(self.target.place()), u64::try_from(self.disk()?).ok());
        let small = free.zip(needed).filter(|(free, needed)| needed > free);
        Ok(small.map(|(free, needed)| {
            let [needed, free] = [needed, free].map(human_size::bytes);
            format!("it may not fit on the disk: it needs {needed}, and {free} are free")
        }))
    }

    /// Returns what all of the plan comes to.
    fn sum(&self, context: &Context) -> Result<String, Failure> {
        let plan = &self.plan;
        let disk = self.disk()?;
        let free = free_space(self.target.place());
        let again = match plan.reinstall.len() {
            0 => String::new(),
            count => format!("{count} to reinstall, "),
        };
        Ok(format!(
            "{} to install, {} to upgrade, {} to downgrade, {again}{} to remove; {} to download, {}{} on disk{}",
            plan.install.len(),
            plan.upgrade.len(),
            plan.downgrade.len(),
            plan.remove.len(),
            self.to_download(context),
            if disk < 0 { "-" } else { "" },
            human_size::bytes(disk.unsigned_abs()),
            free.map(|free| format!(" ({} free)", human_size::bytes(free)))
                .unwrap_or_default()
        ))
    }

    /// Says how much has to be downloaded, and of how much where some is in the cache, or a file that was named.
    fn to_download(&self, context: &Context) -> String {
        let (universe, folder) = (&self.input.universe, debs(context));
        let all = self.plan.download_bytes(universe);
        let is_here = |package: &PackageId| {
            // What cannot be fetched is refused when it is to be.
            let wanted = self.input.library().download(*package);
            self.input.file(*package).is_some() || wanted.is_ok_and(|wanted| is_downloaded(&wanted, &folder))
        };
        let here = self.plan.unpacked().filter(is_here);
        match human_size::sum(here.map(|package| universe.size(package))) {
            0 => human_size::bytes(all),
            here => format!("{} of {}", human_size::bytes(all - here), human_size::bytes(all)),
        }
    }

    /// Returns by how many bytes what is installed grows, as the packages estimate it. Source: Debian Policy 5.6.20.
    fn disk(&self) -> Result<i64, Failure> {
        let size = |package: PackageId| -> Result<i64, Failure> {
            let text = self.input.stanza(package)?;
            let stanza = Stanza::of_index(&text).ok();
            let kib = stanza.and_then(|stanza| stanza.line("Installed-Size")?.parse::<i64>().ok());
            Ok(kib.unwrap_or(0).saturating_mul(1024))
        };
        let mut grows = 0_i64;
        for package in self.plan.unpacked() {
            grows = grows.saturating_add(size(package)?);
        }
        let changed = self.plan.changes().map(|change| change.from);
        for package in changed.chain(self.plan.remove.iter().map(|removal| removal.package)) {
            grows = grows.saturating_sub(size(package)?);
        }
        Ok(grows)
    }

    /// Returns the packages that are there by themselves and were now asked for.
    fn marks(&self) -> Vec<(PackageKey, bool)> {
        let installed = self
            .wanted
            .iter()
            .filter_map(|package| self.input.installed_as(*package));
        installed
            .filter(|installed| installed.mark == Mark::Automatic)
            .map(|installed| (key(&self.input.universe, installed.package), false))
            .collect()
    }

    /// Refuses a plan in whose order dpkg cannot carry it out; in a folder of one's own there is no order.
    fn check_order(&self) -> Result<(), Failure> {
        let no_order = match self.target {
            InstallTarget::System(_) => {
                let installed = self.input.installed.iter().map(|one| one.package);
                self.plan.refused_by_dpkg(&self.input.universe, installed)
            }
            InstallTarget::Own { .. } => None,
        };
        match no_order {
            Some(no_order) => Err(refused(no_order.refusal, self.input, &[])),
            None => Ok(()),
        }
    }

    /// Says whether what comes has an address, and can be had offline where that is asked for.
    fn check_reach(&self, context: &Context) -> Result<(), Failure> {
        let packages: Vec<PackageId> = self.plan.unpacked().collect();
        let wanted: Vec<Download> = downloads(self.input, &packages)?.into_iter().flatten().collect();
        if !context.config.overrides.offline {
            return Ok(());
        }
        Ok(context.fetcher()?.check_reach(&wanted, &debs(context))?)
    }

    /// Downloads what comes, and says what is to change.
    pub(super) fn change(
        &self,
        marks: Vec<(PackageKey, bool)>,
        context: &mut Context,
    ) -> Result<Change, Failure> {
        let universe = &self.input.universe;
        let comes = self.comes();
        let packages: Vec<PackageId> = comes.iter().map(|(package, ..)| *package).collect();
        let debs = download(self.input, &packages, context)?;
        let mut add = Vec::new();
        for ((package, why, before), deb) in comes.into_iter().zip(debs) {
            let kept = before
                .and_then(|before| self.input.installed_as(before))
                .map(|found| found.mark);
            let automatic = match why {
                Why::Requested => {
                    before.is_some() && kept == Some(Mark::Automatic) && !self.wanted.contains(&package)
                }
                _ => kept != Some(Mark::Manual),
            };
            add.push(Add {
                stanza: self.input.stanza(package)?,
                deb: deb.path,
                sha256: deb.sha256,
                automatic,
                why: why_text(universe, why),
                provenance: self
                    .input
                    .library()
                    .index(package)
                    .filter(|_| self.input.file(package).is_none())
                    .map(provenance),
            });
        }
        Ok(Change {
            add,
            remove: self
                .plan
                .remove
                .iter()
                .map(|removal| key(universe, removal.package))
                .chain(self.leftovers.iter().cloned())
                .collect(),
            configuration: self.configuration,
            automatic: marks,
            programs: self.programs,
            command: self.command.clone(),
            time: now(),
            launcher: std::env::current_exe().ok(),
            ..Change::default()
        })
    }

    /// Returns the steps for dpkg.
    fn actions(&self) -> Vec<Action> {
        let leftovers = self.leftovers.iter().cloned().map(Action::Remove);
        let key = |package: PackageId| key(&self.input.universe, package);
        let steps = self.plan.steps.iter().map(|step| match *step {
            Step::Remove(package) => Action::Remove(key(package)),
            Step::GiveWay(package) => Action::GiveWay(key(package)),
            Step::Replaced(package) => Action::Replaced(key(package)),
            Step::Unpack(package) => Action::Unpack(key(package)),
            Step::Configure(package) => Action::Configure(key(package)),
        });
        leftovers.chain(steps).collect()
    }

    /// Returns what is unpacked, why, and what it replaces, in the order of unpacking.
    fn comes(&self) -> Vec<(PackageId, Why, Option<PackageId>)> {
        let plan = &self.plan;
        let added = plan
            .install
            .iter()
            .map(|addition| (addition.package, addition.why, None));
        let changed = plan
            .changes()
            .map(|change| (change.to, change.why, Some(change.from)));
        let each = added
            .chain(changed)
            .map(|(package, why, from)| (package, (why, from)));
        let mut comes: HashMap<PackageId, (Why, Option<PackageId>)> = each.collect();
        let unpacked = plan.steps.iter().filter_map(|step| match step {
            Step::Unpack(package) => Some(*package),
            _ => None,
        });
        unpacked
            .filter_map(|package| comes.remove(&package).map(|(why, from)| (package, why, from)))
            .collect()
    }
}

/// Returns how many bytes are free where a folder is, or will be.
fn free_space(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn provenance(index: &Index) -> Provenance {
    Provenance {
        url: index.url.clone(),
        suite: index.codename.clone(),
        date: format_iso(index.date),
        key: index.signers.first().cloned(),
    }
}

fn key(universe: &Universe, package: PackageId) -> PackageKey {
    PackageKey {
        name: universe.name(package).to_owned(),
        architecture: universe.architecture(package).to_owned(),
    }
}
