//! `cpkgs source list`.

use apt_client::source::Source;
use debian_control::terminal::escaped;
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::{Context, Outcome};

/// An archive as `source list --json` prints it.
#[derive(Serialize)]
struct SourceView<'a> {
    url: &'a str,
    suites: &'a [String],
    components: &'a [String],
    signed_by: &'a str,
    architectures: &'a [String],
    fingerprints: &'a [String],
    priority: Option<i32>,
}

pub(super) fn list(context: &mut Context) -> Result<Outcome, Failure> {
    for source in &context.config.sources {
        let keyring = Source::open(source, context.home.folder()).and_then(|source| source.keyring());
        let fingerprints: Vec<String> = match keyring {
            Ok(keyring) => keyring.fingerprints().iter().map(ToString::to_string).collect(),
            Err(error) => {
                let text = format!("{:#}", anyhow::Error::new(error));
                context.printer.warning(escaped(&text));
                Vec::new()
            }
        };
        let view = SourceView {
            url: &source.url,
            suites: &source.suites,
            components: &source.components,
            signed_by: &source.signed_by,
            architectures: &source.architectures,
            fingerprints: &fingerprints,
            priority: source.priority,
        };
        if context.printer.json() {
            context.printer.value(&view)?;
            continue;
        }
        let [suites, components, architectures, fingerprints] = [
            view.suites,
            view.components,
            view.architectures,
            view.fingerprints,
        ]
        .map(|words| words.join(" "));
        let priority = view
            .priority
            .map_or(String::new(), |priority| format!("\tpriority {priority}"));
        context.printer.row(format_args!(
            "{}\t{suites}\t{components}\t{architectures}\t{fingerprints}{priority}",
            view.url
        ))?;
    }
    Ok(Outcome::Success)
}
