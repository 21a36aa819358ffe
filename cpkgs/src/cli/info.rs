//! `cpkgs info`.

use apt_client::package_cache::PackageSummary;
use clap::Args;
use cpkgs::installed;
use debian_control::stanza::{Stanza, StanzaError};
use debian_control::terminal::escaped;
use debian_control::version::Version;
use serde::Serialize;

use super::failure::{Failure, UNVERIFIED};
use super::search::PackageView;
use super::unknown_package::unknown_package;
use super::{Context, Outcome};

/// Show what the sources have of a package.
#[derive(Debug, Args)]
pub(super) struct InfoArgs {
    /// The package.
    name: String,
}

/// A package as `info --json` prints it: the fields of its stanza, and where it is.
#[derive(Debug, Serialize)]
struct InfoView<'f> {
    #[serde(flatten)]
    summary: PackageView<'f>,
    fields: serde_json::Map<String, serde_json::Value>,
    installed: bool,
}

pub(super) fn run(args: &InfoArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let library = context.library()?;
    let mut summaries: Vec<PackageSummary<'_>> = library.summaries().named(&args.name).collect();
    summaries.sort_by_cached_key(|summary| std::cmp::Reverse(summary.version.parse::<Version>().ok()));
    if summaries.is_empty() {
        return Err(unknown_package(&args.name, &library));
    }
    let installed = installed::read(&context.config.install(&context.home))?;
    for (number, summary) in summaries.iter().enumerate() {
        let text = library.stanza_of(summary)?;
        let fields = fields(&text, library.translated(summary)?.as_deref())
            .map_err(|error| Failure::new(UNVERIFIED, error))?;
        let is_installed = installed.iter().any(|package| {
            package.name == summary.name
                && package.version == summary.version
                && package.architecture == summary.architecture
        });
        if context.printer.json() {
            let fields = fields.into_iter().map(|(name, value)| (name, value.into()));
            let view = InfoView {
                summary: PackageView::new(summary, &library),
                fields: fields.collect(),
                installed: is_installed,
            };
            context.printer.value(&view)?;
            continue;
        }
        if number > 0 {
            context.printer.line("")?;
        }
        for (name, value) in fields {
            context
                .printer
                .line(escaped(format!("{name}: {value}").trim_end()))?;
        }
        let index = library.index_of(summary);
        let archive = format!("Source-Archive: {} {}", index.url, index.codename);
        context.printer.line(escaped(&archive))?;
        if is_installed {
            context.printer.line("Installed: yes")?;
        }
    }
    Ok(Outcome::Success)
}

/// Returns the fields of a stanza in their order, with the whole description where that stands elsewhere.
fn fields(text: &str, description: Option<&str>) -> Result<Vec<(String, String)>, StanzaError> {
    let stanza = Stanza::parse(text)?;
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
}
