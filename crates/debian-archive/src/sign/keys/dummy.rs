//! GnuPG's placeholders for secrets that are kept elsewhere.

use pgp::types::{EncryptedSecretParams, S2kParams, SecretParams, StringToKey};

/// GnuPG's private number for "the secret is not here" (offline primary key, smart card).
const GNU_DUMMY: u8 = 101;

/// Where the secret of a key packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secret {
    /// In the packet, ready for use.
    Open,
    /// In the packet, under a passphrase.
    Locked,
    /// Not in the packet.
    Elsewhere,
}

/// Tells where the secret is.
pub(super) fn secret(params: &SecretParams) -> Secret {
    match params {
        SecretParams::Plain(_) => Secret::Open,
        SecretParams::Encrypted(locked) if is_placeholder(locked) => Secret::Elsewhere,
        SecretParams::Encrypted(_) => Secret::Locked,
    }
}

fn is_placeholder(locked: &EncryptedSecretParams) -> bool {
    use S2kParams::{Aead, Cfb, LegacyCfb, MalleableCfb, Unprotected};
    match locked.string_to_key_params() {
        Cfb { s2k, .. } | MalleableCfb { s2k, .. } | Aead { s2k, .. } => {
            matches!(s2k, StringToKey::Private { typ: GNU_DUMMY, .. })
        }
        LegacyCfb { .. } | Unprotected => false,
    }
}
