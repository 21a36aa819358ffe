//! Verification of `InRelease` and of `Release` with `Release.gpg`.

use std::fmt;

use pgp::packet::{Packet, Signature, SignatureType};
use pgp::types::{EcdsaPublicParams, EddsaLegacyPublicParams, KeyDetails, PublicParams};

use super::certificate::{Certificate, Component, names};
use super::packets::{self, Block, ReadError};
use super::policy::{self, KeyProblem, Lifetime};
use super::{Algorithm, Fingerprint, Keyring};
use debian_control::inrelease::{self, EnvelopeError};
use debian_control::release::format_iso;

/// Most bytes of signatures read; Debian's own three signatures have 2 KiB.
const MAX_SIGNATURE_BYTES: usize = 256 << 10;
/// Most signatures looked at, so that a message cannot make its reader compute for minutes.
const MAX_SIGNATURES: usize = 32;

/// A text whose signature counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The text that the signature covers, and nothing else of the message, where what is not UTF-8 is U+FFFD. Every line ends with a newline.
    pub text: String,
    /// The certificates, by their primary keys, with a valid signature in the message; at least one.
    pub signers: Vec<Fingerprint>,
    /// When the newest of these signatures was made, in Unix seconds, as it says itself: nobody else can change that.
    pub made: i64,
}

/// Whose signatures count over a text that stands by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The certificates, by their primary keys, with a valid signature; at least one.
    pub signers: Vec<Fingerprint>,
    /// When the newest of these signatures was made, in Unix seconds.
    pub made: i64,
}

/// Why a message does not count as signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The file is not exactly one clear-signed message.
    #[error("it is not one clear-signed message")]
    Envelope(#[from] EnvelopeError),
    /// The signatures cannot be read.
    #[error("cannot read the signatures")]
    Signatures(#[from] ReadError),
    /// Too many signatures.
    #[error("the message carries more than {limit} signatures")]
    TooMany {
        /// Signatures allowed.
        limit: usize,
    },
    /// No signature at all.
    #[error("the message carries no signature")]
    Unsigned,
    /// Signatures, but none that counts.
    #[error("no valid signature by a trusted key: {}", list(.0))]
    Untrusted(Vec<Refusal>),
}

/// A signature that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Who the signature says made it: a fingerprint, or only a key id; `None` where it does not say.
    pub issuer: Option<String>,
    /// Why it does not count.
    pub reason: RefusalReason,
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// No certificate in the keyring has the issuer's key.
    #[error("the key is not in the keyring")]
    UnknownKey,
    /// The packet cannot be read.
    #[error("the signature is damaged: {0}")]
    Damaged(String),
    /// A version that does not protect its own fields, or that is unknown.
    #[error("signature version {0} is not accepted, 4 and 6 are")]
    Version(u8),
    /// A signature over something else than a document.
    #[error("the signature is not of the type for this kind of document (0x{0:02x})")]
    Type(u8),
    /// MD5, SHA-1, RIPEMD-160, SHA-224 or an unknown digest.
    #[error("it uses the digest {0}, which is not accepted")]
    WeakHash(String),
    /// It carries a critical field that is not known here.
    #[error("it has a critical field that is not understood")]
    CriticalField,
    /// It does not say when it was made.
    #[error("it does not say when it was made")]
    Undated,
    /// It was made in the future.
    #[error("it was made at {}, which is in the future", format_iso(*.made))]
    Future {
        /// When, in unix seconds.
        made: i64,
    },
    /// It was made before its key.
    #[error("it is older than its key")]
    OlderThanKey,
    /// The signature's own time is over.
    #[error("it expired at {}", format_iso(*.at))]
    Expired {
        /// When, in unix seconds.
        at: i64,
    },
    /// The key does not count.
    #[error(transparent)]
    Key(#[from] KeyProblem),
    /// The signature is by that key, or claims to be, but over another text.
    #[error("it does not match the text")]
    Mismatch,
    /// The key is of a kind that this program has no means to check signatures of. That says nothing about the text.
    #[error("it cannot be checked: signatures by keys of {0} are not supported here")]
    Unsupported(String),
}

/// Verifies a clear-signed message such as `InRelease`.
///
/// The message has to span the whole of `bytes`. One valid signature by a key of `keyring` suffices; others, by
/// unknown or weak keys, are passed over. `now` is in unix seconds. Only what was signed is returned: never parse the
/// bytes of the file.
///
/// # Errors
/// When the envelope is not exactly one message, or no signature counts; says for each one why.
pub fn verify_inrelease(bytes: &[u8], keyring: &Keyring, now: i64) -> Result<Verified, VerifyError> {
    let envelope = inrelease::split(bytes)?;
    let signed = envelope.canonical();
    let signatures = read_signatures(envelope.signature.as_bytes())?;
    // Most tools make text signatures here, Go's make binary ones: over the same bytes, since they are canonical.
    let types = [SignatureType::Text, SignatureType::Binary];
    let Signed { signers, made } = SignedBytes {
        bytes: &signed,
        types: &types,
    }
    .signers(&signatures, keyring, now)?;
    Ok(Verified {
        text: envelope.text,
        signers,
        made,
    })
}

/// Verifies a detached signature, armoured (`Release.gpg`) or binary, over `data`.
///
/// The same rules as for [`verify_inrelease`].
///
/// # Errors
/// When no signature counts; says for each one why.
pub fn verify_detached(
    data: &[u8],
    signature: &[u8],
    keyring: &Keyring,
    now: i64,
) -> Result<Signed, VerifyError> {
    let signatures = read_signatures(signature)?;
    // A text signature would let the line ends be changed behind it.
    SignedBytes {
        bytes: data,
        types: &[SignatureType::Binary],
    }
    .signers(&signatures, keyring, now)
}

/// A signature packet, or what is wrong with it.
type Packed = Result<Signature, String>;

fn read_signatures(bytes: &[u8]) -> Result<Vec<Packed>, VerifyError> {
    let binary = packets::to_binary(bytes, Block::Signature, MAX_SIGNATURE_BYTES)?;
    let mut signatures = Vec::new();
    for packet in packets::packets(&binary) {
        signatures.push(match packet {
            Ok(Packet::Signature(signature)) => Ok(signature),
            Ok(_) => Err("found another kind of packet".to_owned()),
            Err(error) => Err(error.to_string()),
        });
        if signatures.len() > MAX_SIGNATURES {
            return Err(VerifyError::TooMany {
                limit: MAX_SIGNATURES,
            });
        }
    }
    if signatures.is_empty() {
        Err(VerifyError::Unsigned)
    } else {
        Ok(signatures)
    }
}

/// What was signed, and as what.
struct SignedBytes<'a> {
    bytes: &'a [u8],
    types: &'a [SignatureType],
}

impl SignedBytes<'_> {
    /// The certificates whose signature counts, or for each signature why it does not.
    fn signers(&self, signatures: &[Packed], keyring: &Keyring, now: i64) -> Result<Signed, VerifyError> {
        let mut signers = Vec::new();
        let mut newest = None;
        let mut refusals = Vec::new();
        for signature in signatures {
            match signature {
                Ok(signature) => match self.signer(signature, keyring, now) {
                    Ok(signer) => {
                        newest = newest.max(policy::made(signature));
                        if !signers.contains(&signer) {
                            signers.push(signer);
                        }
                    }
                    Err(reason) => refusals.push(Refusal {
                        issuer: issuer(signature),
                        reason,
                    }),
                },
                Err(detail) => {
                    let reason = RefusalReason::Damaged(detail.clone());
                    refusals.push(Refusal { issuer: None, reason });
                }
            }
        }
        match newest {
            Some(made) => Ok(Signed { signers, made }),
            None => Err(VerifyError::Untrusted(refusals)),
        }
    }

    fn signer(
        &self,
        signature: &Signature,
        keyring: &Keyring,
        now: i64,
    ) -> Result<Fingerprint, RefusalReason> {
        self.check_form(signature, now)?;
        let mut reason = RefusalReason::UnknownKey;
        for certificate in keyring.certificates() {
            match self.signed_by(certificate, signature, now) {
                Ok(()) => return Ok(certificate.fingerprint()),
                Err(RefusalReason::UnknownKey) => {}
                Err(found) => reason = found,
            }
        }
        Err(reason)
    }

    /// What can be said of a signature without its key.
    fn check_form(&self, signature: &Signature, now: i64) -> Result<(), RefusalReason> {
        if !policy::is_modern(signature) {
            return Err(RefusalReason::Version(signature.version().into()));
        }
        match signature.typ() {
            Some(found) if self.types.contains(&found) => {}
            found => return Err(RefusalReason::Type(found.map_or(0xff, u8::from))),
        }
        if let Some(hash) = signature.hash_alg().filter(|hash| !policy::is_strong(*hash)) {
            return Err(RefusalReason::WeakHash(hash.to_string()));
        }
        if !policy::understood(signature) {
            return Err(RefusalReason::CriticalField);
        }
        match policy::lifetime(signature, now) {
            Lifetime::Within => Ok(()),
            Lifetime::Undated => Err(RefusalReason::Undated),
            Lifetime::Future { made } => Err(RefusalReason::Future { made }),
            Lifetime::Over { at } => Err(RefusalReason::Expired { at }),
        }
    }

    fn signed_by(
        &self,
        certificate: &Certificate,
        signature: &Signature,
        now: i64,
    ) -> Result<(), RefusalReason> {
        let mut reason = RefusalReason::UnknownKey;
        for component in certificate
            .components()
            .filter(|component| names(signature, &component.key()))
        {
            match self.signed_with(&component, signature, now) {
                Ok(()) => return Ok(()),
                Err(found) => reason = found,
            }
        }
        Err(reason)
    }

    fn signed_with(
        &self,
        component: &Component<'_>,
        signature: &Signature,
        now: i64,
    ) -> Result<(), RefusalReason> {
        let key = component.key();
        // Mathematics first: a forger learns, and a log shows, nothing about keys that did not sign.
        signature
            .verify(&key, self.bytes)
            .map_err(|_| match unsupported(&key) {
                Some(kind) => RefusalReason::Unsupported(kind),
                None => RefusalReason::Mismatch,
            })?;
        component.may_sign(now)?;
        if policy::made(signature) < Some(policy::created(&key)) {
            Err(RefusalReason::OlderThanKey)
        } else {
            Ok(())
        }
    }
}

/// Returns the name of a key's curve or algorithm, where nothing here can check its signatures.
fn unsupported(key: &impl KeyDetails) -> Option<String> {
    match key.public_params() {
        PublicParams::ECDSA(params @ EcdsaPublicParams::Unsupported { .. }) => {
            Some(format!("the curve {}", params.curve().name()))
        }
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Unsupported { curve, .. }) => {
            Some(format!("the curve {}", curve.name()))
        }
        PublicParams::Unknown { .. } => Some(Algorithm::of(key).to_string()),
        _ => None,
    }
}

fn issuer(signature: &Signature) -> Option<String> {
    let fingerprint = signature
        .issuer_fingerprint()
        .first()
        .map(|found| format!("{found:X}"));
    fingerprint.or_else(|| {
        signature
            .issuer_key_id()
            .first()
            .map(|id| id.to_string().to_uppercase())
    })
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.issuer {
            Some(issuer) => write!(f, "signature by {issuer}: {}", self.reason),
            None => write!(f, "signature by nobody named: {}", self.reason),
        }
    }
}

fn list(refusals: &[Refusal]) -> String {
    refusals
        .iter()
        .map(Refusal::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests;
