//! `cpkgs info`.

use apt_client::package_cache::{PackageCache, PackageSummary};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use cpkgs::installed::{self, InstalledPackage};
use cpkgs::spec::Named;
use debian_control::stanza::{Stanza, StanzaError};
use debian_control::terminal::escaped;
use debian_control::version::Version;
use resolver::request::Mark;
use serde::Serialize;

use super::candidates;
use super::failure::{Failure, UNVERIFIED, USAGE};
use super::search::PackageView;
use super::unknown_package::matching;
use super::{Context, Outcome, human_size};

/// Show packages as the sources describe them; with --json, all fields of their stanzas.
#[derive(Debug, Args)]
pub(super) struct InfoArgs {
    /// NAME, NAME=VERSION, NAME/SUITE or NAME:ARCHITECTURE.
    #[arg(required = true, value_name = "PACKAGE", add = ArgValueCompleter::new(candidates::packages))]
    names: Vec<String>,
}

/// A package as `info --json` prints it: the fields of its stanza, and where it is.
#[derive(Debug, Serialize)]
struct InfoView<'f> {
    #[serde(flatten)]
    summary: PackageView<'f>,
    fields: serde_json::Map<String, serde_json::Value>,
    installed: bool,
}

/// What people are shown, in this order; digests, places of files and the like are for programs. Source: Debian Policy, chapter 5.
const SHOWN: [&str; 22] = [
    "Description",
    "Homepage",
    "Section",
    "Priority",
    "Essential",
    "Protected",
    "Multi-Arch",
    "Source",
    "Maintainer",
    "Installed-Size",
    "Size",
    "Pre-Depends",
    "Depends",
    "Recommends",
    "Suggests",
    "Enhances",
    "Provides",
    "Conflicts",
    "Breaks",
    "Replaces",
    "Phased-Update-Percentage",
    "Bugs",
];

pub(super) fn run(args: &InfoArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let names = args.names.iter().map(|text| Named::parse(text));
    let names = names.collect::<Result<Vec<_>, _>>();
    let names = names.map_err(|error| Failure::saying(USAGE, error))?;
    let library = context.library()?;
    let installed = installed::read(&context.config.install(&context.home))?;
    let mut unknown = Vec::new();
    let mut is_first = true;
    for named in names {
        let mut summaries = match matching(&named, &library) {
            Ok(summaries) => summaries,
            Err(failure) => {
                unknown.push(failure);
                continue;
            }
        };
        summaries.sort_by_cached_key(|summary| std::cmp::Reverse(summary.version.parse::<Version>().ok()));
        for summary in &summaries {
            if !std::mem::take(&mut is_first) && !context.printer.json() {
                context.printer.line("")?;
            }
            show(summary, &library, &installed, context)?;
        }
    }
    let last = unknown.pop();
    for failure in unknown {
        failure.print();
    }
    last.map_or(Ok(Outcome::Success), Err)
}

fn show(
    summary: &PackageSummary<'_>,
    library: &PackageCache,
    installed: &[InstalledPackage],
    context: &mut Context,
) -> Result<(), Failure> {
    let text = library.stanza_of(summary)?;
    let fields = fields(&text, library.translated(summary)?.as_deref())
        .map_err(|error| Failure::new(UNVERIFIED, error))?;
    let here = installed
        .iter()
        .find(|package| package.name == summary.name && package.architecture == summary.architecture);
    if context.printer.json() {
        let fields = fields.into_iter().map(|(name, value)| (name, value.into()));
        let view = InfoView {
            summary: PackageView::new(summary, synopsis(&text), library),
            fields: fields.collect(),
            installed: here.is_some_and(|package| package.version == summary.version),
        };
        return Ok(context.printer.value(&view)?);
    }
    let index = library.index_of(summary);
    let head = [
        ("Package", summary.name.to_owned()),
        ("Version", summary.version.to_owned()),
        ("Architecture", summary.architecture.to_owned()),
        ("Installed", installed_text(here, summary.version)),
        ("Archive", format!("{} {}", index.url, index.codename)),
    ];
    for (name, value) in head {
        context.printer.line(escaped(&format!("{name}: {value}")))?;
    }
    for (name, value) in shown(&fields) {
        context
            .printer
            .line(escaped(format!("{name}: {value}").trim_end()))?;
    }
    Ok(())
}

/// Returns the first line of the description in a stanza; empty where there is none.
fn synopsis(text: &str) -> &str {
    let stanza = Stanza::of_index(text).ok();
    let line = stanza.and_then(|stanza| Some(stanza.get("Description")?.first_line()));
    line.unwrap_or_default()
}

fn installed_text(here: Option<&InstalledPackage>, version: &str) -> String {
    match here {
        None => "no".to_owned(),
        Some(here) if here.version != version => format!("no, but {}", here.version),
        Some(here) if here.mark == Mark::Automatic => "yes, for other packages".to_owned(),
        Some(_) => "yes".to_owned(),
    }
}

/// Returns what people are shown of the fields, in its order, with sizes as they read them.
fn shown(fields: &[(String, String)]) -> Vec<(&'static str, String)> {
    let value = |wanted: &str| {
        let mut fields = fields.iter();
        fields
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.clone())
    };
    let size = |text: String, unit: u64| match text.parse::<u64>() {
        Ok(count) => human_size::bytes(count.saturating_mul(unit)),
        Err(_) => text,
    };
    let each = SHOWN.iter().filter_map(|name| Some((*name, value(name)?)));
    each.map(|(name, value)| match name {
        "Installed-Size" => (name, size(value, 1024)),
        "Size" => ("Download-Size", size(value, 1)),
        _ => (name, value),
    })
    .collect()
}

/// Returns the fields of a stanza in their order, with the whole description where that stands elsewhere.
fn fields(text: &str, description: Option<&str>) -> Result<Vec<(String, String)>, StanzaError> {
    let stanza = Stanza::of_index(text)?;
    let value = |name: &str, own: &str| match description {
        Some(description) if name.eq_ignore_ascii_case("Description") => description.trim_end().to_owned(),
        _ => own.to_owned(),
    };
    let fields = stanza.fields().iter();
    let fields = fields.map(|field| (field.name().to_owned(), value(field.name(), field.value())));
    Ok(fields.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_description_stands_where_the_short_one_was() {
        let text = "Package: a\nDescription: short\nDescription-md5: 1\n";
        let fields = fields(text, Some("short\n long\n")).unwrap();
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Package", "Description", "Description-md5"]);
        assert_eq!(fields[1].1, "short\n long");
    }

    #[test]
    fn people_see_what_a_package_is_first_and_no_digests() {
        let text = "Package: a\nInstalled-Size: 2048\nDepends: b\nSize: 1500\nSHA256: 00\nX-Cargo-Built-Using: c\nDescription: short\n";
        let fields = fields(text, None).unwrap();
        assert_eq!(
            shown(&fields),
            [
                ("Description", "short".to_owned()),
                ("Installed-Size", "2.1 MB".to_owned()),
                ("Download-Size", "1.5 kB".to_owned()),
                ("Depends", "b".to_owned()),
            ]
        );
    }
}
