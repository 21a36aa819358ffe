//! What is said of a request that cannot be met.

use std::collections::BTreeSet;

use cpkgs::resolver_input::ResolverInput;
use resolver::refusal::{Refusal, RefusalKind};

use super::failure::{Failure, REFUSED};

/// Returns which versions there are of a name, and in which suites, where a summary says that one that was chosen is not there.
fn versions_of(input: &ResolverInput<'_>, name: &str, summary: &str) -> Option<String> {
    let is_chosen = ['=', '/']
        .iter()
        .any(|sign| summary.contains(&format!("`{name}{sign}")));
    let packages = input.universe.versions_of(name);
    if !is_chosen || packages.is_empty() {
        return None;
    }
    let mut versions: Vec<String> = Vec::new();
    for package in packages {
        let version = input.universe.version(*package);
        let suites: BTreeSet<&str> = input
            .library()
            .indexes(*package)
            .map(|index| index.codename.as_str())
            .collect();
        let suites: Vec<&str> = suites.into_iter().collect();
        let text = match suites.as_slice() {
            [] => version.to_owned(),
            suites => format!("{version} ({})", suites.join(", ")),
        };
        if !versions.contains(&text) {
            versions.push(text);
        }
    }
    Some(format!("available: {}", versions.join(", ")))
}

/// Returns the architecture of a name that is not there, where packages of that architecture do not count.
fn unread_architecture<'s>(summary: &'s str, input: &ResolverInput<'_>) -> Option<&'s str> {
    let name = summary.strip_prefix("there is no package `")?.strip_suffix('`')?;
    let (_, architecture) = name.split_once(':')?;
    let is_read = input.library().machine().has(architecture);
    (!is_read && debian_control::name::is_known_to_dpkg(architecture)).then_some(architecture)
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
    if let Some(architecture) = unread_architecture(&said, input) {
        return failure.hint(format_args!(
            "packages of {architecture} do not count here: after `dpkg --add-architecture {architecture}`, `cpkgs update` fetches them for `--system`; \
             without root, `--architecture {architecture}` of `cpkgs source add` does"
        ));
    }
    for name in names {
        if input.universe.versions_of(name).is_empty() {
            let near = input.library().summaries().similar(name, 3);
            if !near.is_empty() {
                failure = failure.hint(format_args!("did you mean {}?", near.join(", ")));
            }
        }
    }
    failure
}
