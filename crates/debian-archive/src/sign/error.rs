//! Why a Release file could not be signed, and what helps.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use debian_control::inrelease::UnfitError;
use openpgp_policy::{Fingerprint, KeyProblem, KeyringError, VerifyError};

use super::keys::KeyError;

/// Why a Release file could not be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// No key was named.
    #[error("no signing key is configured")]
    NoKey,
    /// The key file does not exist.
    #[error("no signing key at `{}`", path.display())]
    Missing {
        /// The key file.
        path: PathBuf,
    },
    /// The key file cannot be read.
    #[error("cannot read the signing key `{}`", path.display())]
    Unreadable {
        /// The key file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others may read the key file.
    #[error("the signing key `{}` is accessible to other users (mode {mode:04o})", path.display())]
    Permissions {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file does not hold one secret key.
    #[error("`{}` is not a usable signing key", path.display())]
    Key {
        /// The key file.
        path: PathBuf,
        /// Why not.
        source: KeyError,
    },
    /// The key is locked with a passphrase.
    #[error("the signing key `{}` is protected by a passphrase", path.display())]
    Locked {
        /// The key file.
        path: PathBuf,
    },
    /// No key of the certificate may sign now.
    #[error("the key {fingerprint} in `{}` cannot sign", path.display())]
    Unusable {
        /// The key file.
        path: PathBuf,
        /// Its certificate.
        fingerprint: Fingerprint,
        /// Why not.
        source: KeyProblem,
    },
    /// The certificate has a key that may sign, but its secret half is not in the file.
    #[error("`{}` contains no secret key of {fingerprint} that may sign", path.display())]
    NoSecret {
        /// The key file.
        path: PathBuf,
        /// Its certificate.
        fingerprint: Fingerprint,
    },
    /// One key was named twice.
    #[error("`{}` contains the key {fingerprint}, which another file has already", path.display())]
    Twice {
        /// The second key file.
        path: PathBuf,
        /// The certificate.
        fingerprint: Fingerprint,
    },
    /// The text cannot be clear-signed and come back unchanged.
    #[error("the Release text cannot be clear-signed")]
    Text(#[from] UnfitError),
    /// The library failed to make or to write a signature.
    #[error("cannot create the signature: {0}")]
    Signing(String),
    /// The signing command cannot be started or talked to.
    #[error("cannot run the signing command `{program}`")]
    Command {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// The signing command failed.
    #[error("the signing command `{program}` failed ({status}): {stderr}")]
    CommandFailed {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// What it wrote to stderr, shortened and made printable.
        stderr: String,
    },
    /// The signing command took too long and was killed.
    #[error("the signing command `{program}` did not finish within {} s and was stopped: {stderr}", limit.as_secs())]
    CommandTimeout {
        /// The program.
        program: String,
        /// How long it had.
        limit: Duration,
        /// What it wrote to stderr, shortened and made printable.
        stderr: String,
    },
    /// The signing command wrote more than any signature has.
    #[error("the signing command `{program}` wrote more than {limit} bytes")]
    CommandOutput {
        /// The program.
        program: String,
        /// Bytes allowed.
        limit: usize,
    },
    /// The certificate file of the signing command cannot be opened.
    #[error("cannot read the certificate `{}` of the signing command", path.display())]
    CertificateFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The certificate of the signing command cannot be understood.
    #[error("cannot read the certificate of the signing command from {origin}")]
    Certificate {
        /// Where it came from.
        origin: String,
        /// Why not.
        source: KeyringError,
    },
    /// What was signed does not verify.
    #[error("the new {file} does not verify with the signer's own key; nothing was published")]
    Unverified {
        /// Which of the two files.
        file: &'static str,
        /// Why not.
        source: Box<VerifyError>,
    },
    /// What was signed is another text.
    #[error("the signer signed a different text than it was given; nothing was published")]
    OtherText,
    /// A key that should have signed did not.
    #[error("the new {file} lacks a valid signature by the key {fingerprint}; nothing was published")]
    MissingSignature {
        /// Which of the two files.
        file: &'static str,
        /// The certificate.
        fingerprint: Fingerprint,
    },
}

impl SignError {
    /// Returns what an operator can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoKey => "name one in repogen.toml: `[signing]` with `key` or `command`".to_owned(),
            Self::Missing { .. } => {
                "of an archive that is published already, copy `keys/` from the machine that signs it; else make one with \
                 `repogen key generate`, bring one with `repogen key import`, or correct `key` in repogen.toml"
                    .to_owned()
            }
            Self::Permissions { path, .. } => format!("run `chmod 600 {}`", path.display()),
            Self::Key { source, .. } => return source.hint(),
            Self::Locked { .. } => "import it with `repogen key import`, which asks for the passphrase once".to_owned(),
            Self::Unusable { source: KeyProblem::Expired { .. }, .. } => {
                "prolong the key and import it again, or move to a new one with `repogen key rotate`".to_owned()
            }
            Self::Unusable { source: KeyProblem::Revoked, .. } => {
                "move to a new key with `repogen key rotate`".to_owned()
            }
            Self::Unusable { source: KeyProblem::NotYetValid { .. }, .. } => {
                "correct the clock of this machine".to_owned()
            }
            Self::NoSecret { .. } => {
                "export the key with its signing subkey: `gpg --export-secret-subkeys --armor KEY`".to_owned()
            }
            Self::Unverified { .. } => "check that `certificate` is that of the key the command signs with".to_owned(),
            Self::CommandTimeout { .. } => "the command must not ask anybody for anything".to_owned(),
            _ => return None,
        };
        Some(hint)
    }
}
