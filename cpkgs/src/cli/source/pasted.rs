//! A line of a sources.list in place of an address.

use std::path::Path;

use cpkgs::apt_sources::{self, SignedBy};
use debian_control::terminal::escaped;

use super::add_args::AddArgs;
use crate::cli::failure::{Failure, USAGE};

/// Reads a line of a sources.list that was pasted for the address, and a folder for its `file:` address.
pub(super) fn unpasted(args: AddArgs) -> Result<(String, AddArgs), Failure> {
    let text = args.address.join(" ").trim().to_owned();
    let begins = |kind| {
        let rest: Option<&str> = text.strip_prefix(kind);
        rest.is_some_and(|rest| rest.starts_with([' ', '\t']))
    };
    if begins("deb") {
        return of_line(&text, args);
    }
    if begins("deb-src") {
        return Err(Failure::saying(
            USAGE,
            "a line that begins with `deb-src` has no packages to install",
        )
        .hint(
            "add the line that begins with `deb`: `cpkgs source PACKAGE` finds source packages by it, too",
        ));
    }
    let path = Path::new(&text);
    if !text.contains(':') && path.is_dir() {
        let path = std::path::absolute(path).map_err(|error| Failure::new(USAGE, error))?;
        return Ok((format!("file:{}", path.display()), args));
    }
    if text.starts_with(['.', '/']) {
        return Err(Failure::saying(
            USAGE,
            format_args!("there is no folder `{}`", escaped(&text)),
        ));
    }
    match args.address.as_slice() {
        [url, suite, components @ ..] => Err(more_than_an_address(url, suite, components)),
        _ => Ok((text, args)),
    }
}

/// Says that only a whole line has its suite and components as words.
fn more_than_an_address(url: &str, suite: &str, components: &[String]) -> Failure {
    let mut command = format!("cpkgs source add {url} --suite {suite}");
    for component in components {
        command.push_str(" --component ");
        command.push_str(component);
    }
    Failure::saying(
        USAGE,
        format_args!(
            "expected one address, and found `{}` after `{}`",
            escaped(suite),
            escaped(url)
        ),
    )
    .hint(format_args!(
        "a suite and components are options: `{}`",
        escaped(&command)
    ))
}

fn of_line(text: &str, mut args: AddArgs) -> Result<(String, AddArgs), Failure> {
    let wrong = |what: &dyn std::fmt::Display| {
        Failure::saying(
            USAGE,
            format_args!("`{}` is not a line of a sources.list: {what}", escaped(text)),
        )
        .hint("expected `deb [OPTION=VALUE ...] URL SUITE COMPONENT ...`")
    };
    let source = apt_sources::line(text).map_err(|error| wrong(&error))?;
    let source = source.ok_or_else(|| wrong(&"it has no address"))?;
    for signed_by in source.signed_by {
        let is_free = args.signed_by.is_none() && args.fingerprint.is_none();
        match signed_by {
            SignedBy::File(file) if is_free => args.signed_by = Some(file),
            SignedBy::Fingerprint(fingerprint) if is_free => args.fingerprint = Some(fingerprint),
            _ => {}
        }
    }
    args.architecture.extend(source.architectures);
    args.no_check_valid_until |= !source.check_valid_until;
    args.suite.extend(source.suites);
    args.component.extend(source.components);
    // A line has one address.
    let url = source
        .urls
        .into_iter()
        .next()
        .ok_or_else(|| wrong(&"it has no address"))?;
    Ok((url, args))
}
