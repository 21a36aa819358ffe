//! What is said of a request that cannot be met.

use cpkgs::resolver_input::ResolverInput;
use resolver::refusal::{Refusal, RefusalKind};

use super::failure::{Failure, REFUSED};
use super::unknown_package::{available, unread_architecture};

/// Returns which versions there are of a name, and in which suites, where a summary says that one that was chosen is not there.
fn versions_of(input: &ResolverInput<'_>, name: &str, summary: &str) -> Option<String> {
    let is_chosen = ['=', '/']
        .iter()
        .any(|sign| summary.contains(&format!("`{name}{sign}")));
    let packages = input.universe.versions_of(name);
    if !is_chosen || packages.is_empty() {
        return None;
    }
    Some(available(packages.iter().map(|package| {
        let indexes = input.library().indexes(*package);
        let suites = indexes.map(|index| index.codename.as_str());
        (input.universe.version(*package), suites.collect())
    })))
}

/// Says what helps where a name is not there since packages of its architecture do not count.
fn foreign_hint(summary: &str, input: &ResolverInput<'_>) -> Option<String> {
    let name = summary.strip_prefix("there is no package `")?.strip_suffix('`')?;
    let (_, architecture) = name.split_once(':')?;
    unread_architecture(architecture, input.library())
}

/// Says why a request cannot be met, and for names that nobody has which ones are near.
pub(super) fn refused(refusal: Refusal, input: &ResolverInput<'_>, names: &[&str]) -> Failure {
    let Refusal {
        kind,
        summary,
        mut reasons,
        hints,
    } = refusal;
    if kind == RefusalKind::Unknown
        && let Some(versions) = names.iter().find_map(|name| versions_of(input, name, &summary))
    {
        reasons = vec![versions];
    }
    let mut error = reasons
        .into_iter()
        .rev()
        .fold(None::<anyhow::Error>, |cause, reason| {
            Some(match cause {
                None => anyhow::anyhow!("{reason}"),
                Some(cause) => cause.context(reason),
            })
        })
        .map_or_else(
            || anyhow::anyhow!("{summary}"),
            |cause| cause.context(summary.clone()),
        );
    if error.to_string().is_empty() {
        error = anyhow::anyhow!("the request cannot be met");
    }
    let said = summary;
    let mut failure = Failure::new(REFUSED, error);
    for hint in hints {
        failure = failure.hint(hint);
    }
    if let Some(hint) = foreign_hint(&said, input) {
        return failure.hint(hint);
    }
    for name in names {
        let is_provided = input.universe.providers_of(name).next().is_some();
        if input.universe.versions_of(name).is_empty() && !is_provided {
            let near = input.library().summaries().similar(name, 3);
            if !near.is_empty() {
                failure = failure.hint(format_args!("did you mean {}?", near.join(", ")));
            }
        }
    }
    failure
}
