//! Packages for one command alone.

use std::path::PathBuf;

use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::Spec;
use resolver::request::{Recommends, Request};
use resolver::solve::solve;
use rootless::Configuration;

use super::Context;
use super::failure::{Failure, USAGE};
use super::install_target::InstallTarget;
use super::refusal::refused;
use super::transaction::Transaction;

/// Makes a generation of some packages and what they need, to run a command with; returns its folder.
pub(super) fn ephemeral(names: &[String], context: &mut Context) -> Result<PathBuf, Failure> {
    let named = names
        .iter()
        .map(|text| Spec::parse(text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Failure::saying(USAGE, error))?;
    if named.iter().any(|spec| matches!(spec, Spec::File(_))) {
        return Err(Failure::saying(
            USAGE,
            "--with takes names of packages, not files",
        ));
    }
    let install = context.config.install(&context.home);
    let target = InstallTarget::Own {
        folder: install.clone(),
        base: context.config.base(),
        _lock: Some(context.lock(&install)?),
    };
    let library = context.library()?;
    // Nothing of what is installed counts.
    let mut input = ResolverInput::new(&library, &[], Vec::new())?;
    input.universe.forget_essential(input.universe.packages());
    let targets = named.iter().filter_map(|spec| match spec {
        Spec::Named(named) => Some(input.target(named)),
        Spec::File(_) => None,
    });
    let request = Request {
        install: targets.collect(),
        recommends: Recommends::Leave,
        ..Request::default()
    };
    let plain_names: Vec<&str> = named
        .iter()
        .filter_map(|spec| match spec {
            Spec::Named(named) => Some(named.name.as_str()),
            Spec::File(_) => None,
        })
        .collect();
    let plan = solve(&input.universe, &request).map_err(|refusal| refused(refusal, &input, &plain_names))?;
    let staged = Transaction {
        input: &input,
        target: &target,
        plan,
        wanted: Vec::new(),
        kept_back: Vec::new(),
        command: format!("run --with {}", names.join(",")),
        configuration: Configuration::Stays,
        leftovers: Vec::new(),
        programs: None,
    };
    let mut change = staged.change(Vec::new(), context)?;
    // Most of the time all of them are in the store: nothing is said then.
    let shown = match context.printer.shows_progress() {
        true => context.unpack_bar(&mut change),
        false => None,
    };
    let made = rootless::ephemeral(&install, change);
    drop(shown);
    Ok(made?)
}
