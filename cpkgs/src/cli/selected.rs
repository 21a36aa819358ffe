//! What the words of a command mean, and the errors where they mean nothing.

use cpkgs::resolver_input::ResolverInput;
use cpkgs::selection::{Selection, Verb, Word};
use cpkgs::spec::{Named, Spec};
use debian_control::terminal::escaped;
use resolver::request::Hold;

use super::Context;
use super::failure::{Failure, REFUSED, USAGE};
use super::install_target::InstallTarget;

/// Reads the words of a command.
pub(super) fn words(texts: &[String]) -> Result<Vec<Word>, Failure> {
    let words = texts.iter().map(|text| Word::parse(text));
    let words = words.collect::<Result<_, _>>();
    words.map_err(|error| Failure::saying(USAGE, error))
}

/// Returns what words mean; `verb` is what the command does with those that do not say it.
pub(super) fn of(words: &[Word], verb: Verb, input: &ResolverInput<'_>) -> Result<Selection, Failure> {
    Selection::of(words, verb, input).map_err(|error| Failure::saying(REFUSED, error))
}

/// Returns the installed packages that patterns and names mean.
pub(super) fn installed(texts: &[String], input: &ResolverInput<'_>) -> Result<Vec<Named>, Failure> {
    let mut named = Vec::new();
    for word in words(texts)? {
        match word {
            Word::One(Spec::Named(one)) => named.push(one),
            Word::One(Spec::File(path)) => {
                let text = format!("`{}` is a file: expected a name", path.display());
                return Err(Failure::saying(USAGE, text));
            }
            pattern => named.extend(of(&[pattern], Verb::Remove, input)?.remove),
        }
    }
    Ok(named)
}

/// Says whether a package is installed, in the version that was named.
pub(super) fn is_installed(named: &Named, input: &ResolverInput<'_>) -> bool {
    let is_version = |package| {
        let version = named.version.as_deref();
        version.is_none_or(|version| input.universe.version(package) == version)
    };
    let mut installed = input.installed_of(named);
    installed.any(|installed| is_version(installed.package))
}

/// Returns those packages that are installed and can go, as the resolver is to know them; says which are not installed.
pub(super) fn to_remove(
    named: Vec<Named>,
    input: &ResolverInput<'_>,
    target: &InstallTarget,
    context: &mut Context,
) -> Result<Vec<Named>, Failure> {
    let (here, absent): (Vec<Named>, Vec<Named>) =
        named.into_iter().partition(|named| is_installed(named, input));
    for named in absent {
        let text = format!("`{named}` is not installed");
        context.printer.error_line(escaped(&text));
    }
    let here = here.into_iter().map(|named| input.with_architecture(named));
    let here: Vec<Named> = here.collect();
    refuse_held(&here, input, target)?;
    Ok(here)
}

fn refuse_held(named: &[Named], input: &ResolverInput<'_>, target: &InstallTarget) -> Result<(), Failure> {
    let is_held = |named: &&Named| {
        let mut installed = input.installed_of(named);
        installed.any(|installed| installed.hold == Hold::Held)
    };
    match named.iter().find(is_held) {
        None => Ok(()),
        Some(held) => Err(Failure::saying(
            REFUSED,
            format_args!("`{}` is held, and is not changed", held.name),
        )
        .hint(format_args!(
            "`cpkgs unhold{} {}` releases it",
            target.option(),
            held.name
        ))),
    }
}
