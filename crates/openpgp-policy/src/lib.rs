//! OpenPGP: who signed a Release file, and whether that counts.
//!
//! Called by the client for every Release, and by the archive for its own signatures before it publishes them. Verification only, and pure: keys, bytes and the time come in, a text or a reason comes out. The mathematics and
//! the packet format are the `pgp` crate's; what it leaves to its callers is decided here: expiry,
//! revocation, purpose and strength of keys, bindings of subkeys, age and digest of signatures.
//!
//! ```
//! # fn demo(inrelease: &[u8], keyring: &[u8], now: i64) -> Result<(), Box<dyn std::error::Error>> {
//! use openpgp_policy::{Keyring, verify_inrelease};
//!
//! let keyring = Keyring::read(keyring)?;
//! let release = verify_inrelease(inrelease, &keyring, now)?.text;
//! # Ok(())
//! # }
//! ```

mod algorithm;
mod certificate;
mod fingerprint;
mod keyring;
mod merge;
mod packets;
mod policy;
#[cfg(test)]
mod testing;
mod verify;

pub use algorithm::{Algorithm, Strength};
pub use certificate::{Certificate, SigningKey};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use keyring::{Keyring, KeyringError};
pub use packets::ReadError;
pub use policy::KeyProblem;
pub use verify::{Refusal, RefusalReason, Signed, Verified, VerifyError, verify_detached, verify_inrelease};
