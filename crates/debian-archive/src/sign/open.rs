//! From what the configuration says to a signer.

use std::path::{Path, PathBuf};

use super::{CommandOptions, ExternalCommand, KeyFiles, SignError, Signer};
use crate::config::Signing;

/// Opens the signer that the configuration of the archive at `root` names.
///
/// # Errors
/// When a key file or the command cannot be used. What only signing itself can show is not seen yet.
pub fn open(signing: &Signing, root: &Path, now: i64) -> Result<Box<dyn Signer>, SignError> {
    let below = |path: &Path| root.join(path);
    if let Some(command) = &signing.command {
        let certificate = signing.certificate.as_deref().map(below);
        let options = CommandOptions {
            command,
            certificate: certificate.as_deref(),
            timeout: CommandOptions::TIMEOUT,
        };
        return Ok(Box::new(ExternalCommand::open(&options, now)?));
    }
    let key = below(
        signing
            .key
            .as_deref()
            .expect("a configuration has `key` or `command`"),
    );
    let also: Vec<PathBuf> = signing.also.iter().map(|path| below(path)).collect();
    Ok(Box::new(KeyFiles::open(&key, &also)?))
}
