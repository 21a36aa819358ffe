//! Changing which archives are configured.

use apt_client::source::SourceConfig;
use debian_control::terminal::escaped;

use crate::cli::Context;
use crate::cli::failure::Failure;

/// Changes which archives are configured, and deletes the keys that none of them has any more.
pub(super) fn change_sources(
    context: &mut Context,
    change: impl FnOnce(&mut Vec<SourceConfig>),
) -> Result<(), Failure> {
    let mut before = Vec::new();
    context.config.change(&context.home, |config| {
        before = config.sources.clone();
        change(&mut config.sources);
    })?;
    let is_used = |file: &str| {
        let mut sources = context.config.sources.iter();
        sources.any(|source| source.signed_by == file)
    };
    for source in before {
        // What lies elsewhere is somebody else's file.
        if source.signed_by.starts_with("keyrings/") && !is_used(&source.signed_by) {
            let path = context.home.folder().join(&source.signed_by);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    let text = format!("cannot delete `{}`: {error}", path.display());
                    context.printer.warning(escaped(&text));
                }
                _ => {}
            }
        }
    }
    Ok(())
}
