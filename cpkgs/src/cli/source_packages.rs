//! Source packages that a person means: what `cpkgs source NAME` downloads and `cpkgs build-dep` reads.

use apt_client::lists::Lists;
use apt_client::source_packages::{self, FoundSource, Lookup, SourceIndexes};
use cpkgs::machine;
use cpkgs::resolver_input::ResolverInput;
use cpkgs::spec::Named;
use debian_control::stanza::Stanza;
use debian_control::terminal::escaped;
use resolver::request::Target;

use super::failure::{Failure, REFUSED, USAGE, no_sources};
use super::{Context, human_size};

/// Returns the source packages that words mean, and fetches first the indexes that are not here.
pub(super) fn found(
    words: &[String],
    input: &ResolverInput<'_>,
    context: &mut Context,
) -> Result<Vec<FoundSource>, Failure> {
    if context.config.sources.is_empty() {
        return Err(no_sources());
    }
    let named = words.iter().map(|word| Named::parse(word));
    let named = named.collect::<Result<Vec<_>, _>>();
    let named = named.map_err(|error| Failure::saying(USAGE, error))?;
    let cache = context.config.cache(&context.home);
    let lists = Lists::open(&cache, &context.sources()?, &[machine::architecture().to_owned()])?;
    if lists.sources.is_empty() {
        return Err(Failure::saying(
            REFUSED,
            "no source of packages offers source packages (Sources)",
        ));
    }
    fetch(&lists, context)?;
    let (indexes, _) = SourceIndexes::open(&cache, &lists);
    named
        .iter()
        .map(|named| one(named, &indexes, input, context))
        .collect()
}

/// Fetches the indexes that are not here.
fn fetch(lists: &Lists, context: &mut Context) -> Result<(), Failure> {
    let cache = context.config.cache(&context.home);
    let (_, missing) = SourceIndexes::open(&cache, lists);
    if missing.is_empty() {
        return Ok(());
    }
    for index in &missing {
        context.printer.info(format_args!(
            "fetching the index of source packages `{}` of {} ({})",
            escaped(&index.name),
            escaped(&index.codename),
            human_size::bytes(index.size)
        ));
    }
    let sources = context.sources()?;
    let (fetcher, _shown) = context.shown_fetcher()?;
    for index in missing {
        source_packages::fetch(&cache, index, &fetcher, &sources)?;
    }
    source_packages::sweep(&cache, lists);
    Ok(())
}

/// Returns the source package that a name means: the one that the binary package of that name is built of, in its version; else the one of
/// that name; else one that builds such a package for other machines. Source: apt-get(8), "source".
fn one(
    named: &Named,
    indexes: &SourceIndexes<'_>,
    input: &ResolverInput<'_>,
    context: &mut Context,
) -> Result<FoundSource, Failure> {
    let exact = binary_source(named, input)?;
    let is_meant = |source: &FoundSource| {
        let version = source.version.as_str();
        let suite = named.suite.as_deref();
        let is_of_suite = suite.is_none_or(|suite| source.is_of_suite(suite));
        let is_named = named.version.as_deref().is_none_or(|wanted| wanted == version);
        // A version of the binary package means the source of that.
        let mut exact = exact.iter();
        let is_built = exact.any(|(name, built)| *name == source.name && built == version);
        is_of_suite && (is_named || is_built)
    };
    let plain = Named {
        version: None,
        ..named.clone()
    };
    let built = binary_source(&plain, input)?;
    let by_binary = built.iter().flat_map(|(name, version)| {
        let mut found = indexes.named(name, Lookup::Source);
        // Whoever says nothing else means what would be installed.
        if named.version.is_none() && found.iter().any(|one| one.version.as_str() == version) {
            found.retain(|one| one.version.as_str() == version);
        }
        found
    });
    let by_name = indexes.named(&named.name, Lookup::Source);
    let mut all: Vec<FoundSource> = by_binary.chain(by_name).collect();
    if all.is_empty() {
        all = indexes.named(&named.name, Lookup::Binary);
    }
    let Some(found) = all.iter().find(|source| is_meant(source)) else {
        return Err(missing(named, &all));
    };
    if found.name != named.name {
        let text = format!("`{}` is built of the source package `{}`", named.name, found.name);
        context.printer.info(escaped(&text));
    }
    Ok(found.clone())
}

/// Returns name and version of the source of the binary package that would be installed by a name.
fn binary_source(named: &Named, input: &ResolverInput<'_>) -> Result<Option<(String, String)>, Failure> {
    let package = match input.target(named) {
        Target::OneOf { packages, .. } => packages.first().copied(),
        Target::Named { name, .. } => input.universe.versions_of(&name).first().copied(),
    };
    let Some(package) = package else {
        return Ok(None);
    };
    let text = input.stanza(package)?;
    let Ok(stanza) = Stanza::of_index(&text) else {
        return Ok(None);
    };
    let own = stanza.line("Version").unwrap_or_default();
    let source = stanza.line("Source").unwrap_or(named.name.as_str());
    // Where both have one version, it is left out. Source: Debian Policy 5.6.1.
    Ok(Some(match source.split_once(" (") {
        Some((name, version)) => (name.to_owned(), version.trim_end_matches(')').to_owned()),
        None => (source.to_owned(), own.to_owned()),
    }))
}

fn missing(named: &Named, all: &[FoundSource]) -> Failure {
    let failure = Failure::saying(REFUSED, format_args!("there is no source package `{named}`"));
    if all.is_empty() {
        return failure;
    }
    let mut versions: Vec<String> = Vec::new();
    for source in all {
        let text = format!("{} ({})", source.version, source.codename);
        if !versions.contains(&text) {
            versions.push(text);
        }
    }
    Failure::saying(REFUSED, escaped(&format!("available: {}", versions.join(", "))))
        .context(format_args!("there is no source package `{named}`"))
}
