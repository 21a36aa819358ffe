//! Why bytes are no signing key, and what becomes such an error.

use openpgp_policy::{KeyProblem, KeyringError};
use pgp::types::Timestamp;

/// Why bytes are no signing key, or a key does not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A public key was given where a secret one is needed.
    #[error("it contains a public key, not a secret one")]
    Public,
    /// No secret key was found.
    #[error("it contains no OpenPGP secret key")]
    NoKey,
    /// Several secret keys were found.
    #[error("it contains several secret keys: {}", fingerprints.join(", "))]
    Several {
        /// The primary keys.
        fingerprints: Vec<String>,
    },
    /// The bytes cannot be read.
    ///
    /// Says nothing of what was found: parsers quote it, and it may be the secret.
    #[error("cannot read the secret key: {0}")]
    Malformed(&'static str),
    /// The certificate in it cannot be used.
    #[error("cannot read the public half of the key")]
    Certificate(#[from] KeyringError),
    /// A version of key that apt does not know.
    #[error("it is a version {0} key: apt and gpgv only support version 4")]
    Version(u8),
    /// An algorithm number that came after what gpgv knows.
    #[error(
        "it signs with algorithm number {0}, which gpgv, and therefore apt in many releases, does not support"
    )]
    Novel(u8),
    /// A passphrase is needed and none was given.
    #[error("the key is protected by a passphrase")]
    Locked,
    /// The passphrase is wrong, or the lock is of an unknown kind.
    #[error(
        "cannot decrypt the key: the passphrase is wrong, or the key is locked in a way that is not supported"
    )]
    Passphrase,
    /// No key of the certificate may sign at this time.
    #[error("the key cannot sign")]
    Unusable(#[source] KeyProblem),
    /// A key may sign, but its secret half is elsewhere.
    #[error("it contains no secret key that may sign")]
    NoSecret,
    /// A user id that cannot be written.
    #[error("invalid user id `{0}`: expected one to 200 characters, none of them a control character")]
    UserId(String),
    /// A time that OpenPGP cannot write.
    #[error("time {0} is outside the range of an OpenPGP key (1970 to 2106)")]
    Time(i64),
    /// An end that comes before the beginning.
    #[error("the key would expire at {expires}, before its creation at {created}")]
    Lifetime {
        /// The beginning, in unix seconds.
        created: i64,
        /// The end, in unix seconds.
        expires: i64,
    },
    /// The library failed.
    #[error("cannot create the key or signature: {0}")]
    Failed(String),
}

impl KeyError {
    /// Returns what an operator can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Public => "export the secret half: `gpg --export-secret-keys --armor KEY`",
            Self::Several { .. } => "export one of them: `gpg --export-secret-keys --armor FINGERPRINT`",
            Self::NoSecret => {
                "export the key with its signing subkey: `gpg --export-secret-subkeys --armor KEY`"
            }
            Self::Version(_) | Self::Novel(_) => "create a version 4 key: `repogen key generate`",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// Takes what the library says of making something, in one line of bounded length; it is not asked to read anything there.
pub(super) fn failed(error: pgp::errors::Error) -> KeyError {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    KeyError::Failed(line.chars().take(200).collect())
}

/// Returns a time as OpenPGP writes it.
pub(super) fn timestamp(seconds: i64) -> Result<Timestamp, KeyError> {
    u32::try_from(seconds)
        .map(Timestamp::from_secs)
        .map_err(|_| KeyError::Time(seconds))
}
