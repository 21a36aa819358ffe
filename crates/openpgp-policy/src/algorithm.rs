//! Public key algorithms, and which of them still carry weight.

use std::fmt;

use pgp::ser::Serialize as _;
use pgp::types::{EcdsaPublicParams, EddsaLegacyPublicParams, KeyDetails, PublicParams};

/// Shortest RSA modulus, in bits, whose signatures count.
const RSA_ACCEPTED: u16 = 2048;
/// Shortest RSA modulus, in bits, that apt takes without a warning in the coming years.
const RSA_LASTING: u16 = 3072;

/// The public key algorithm of a key, with what decides its strength.
///
/// Printed with GnuPG's names: `rsa4096`, `ed25519`, `nistp256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSA, with the length of its modulus.
    Rsa {
        /// Bits in the modulus.
        bits: u16,
    },
    /// EdDSA on Curve25519, under either of its algorithm numbers (22 and 27).
    Ed25519,
    /// EdDSA on Curve448.
    Ed448,
    /// ECDSA on NIST P-256.
    NistP256,
    /// ECDSA on NIST P-384.
    NistP384,
    /// ECDSA on NIST P-521.
    NistP521,
    /// DSA, of any length.
    Dsa,
    /// Anything else, encryption-only algorithms included, by its number in the OpenPGP registry.
    Other(u8),
}

/// How much an algorithm's signatures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Accepted now and for years to come.
    Lasting,
    /// Accepted still; current apt announces its end (RSA below 3072 bits: 2030).
    Ending,
    /// Not accepted.
    Refused,
}

impl Algorithm {
    pub(super) fn of(key: &impl KeyDetails) -> Self {
        match key.public_params() {
            PublicParams::RSA(params) => Self::Rsa {
                bits: modulus_bits(params),
            },
            PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) | PublicParams::Ed25519(_) => {
                Self::Ed25519
            }
            PublicParams::Ed448(_) => Self::Ed448,
            PublicParams::ECDSA(EcdsaPublicParams::P256 { .. }) => Self::NistP256,
            PublicParams::ECDSA(EcdsaPublicParams::P384 { .. }) => Self::NistP384,
            PublicParams::ECDSA(EcdsaPublicParams::P521 { .. }) => Self::NistP521,
            PublicParams::DSA(_) => Self::Dsa,
            _ => Self::Other(key.algorithm().into()),
        }
    }

    /// Returns how much signatures of this algorithm count.
    ///
    /// Source: apt's policy for Sequoia (`debian/default-sequoia.config` of apt 3.1), which refuses DSA and curves
    /// outside this list today and RSA below 3072 bits from 2030 on.
    pub fn strength(self) -> Strength {
        match self {
            Self::Rsa { bits } if bits >= RSA_LASTING => Strength::Lasting,
            Self::Rsa { bits } if bits >= RSA_ACCEPTED => Strength::Ending,
            Self::Ed25519 | Self::Ed448 | Self::NistP256 | Self::NistP384 | Self::NistP521 => {
                Strength::Lasting
            }
            Self::Rsa { .. } | Self::Dsa | Self::Other(_) => Strength::Refused,
        }
    }
}

/// An RSA key's parameters are the integers n and e, and an integer starts with its length in bits (RFC 9580 3.2).
fn modulus_bits(params: &pgp::types::RsaPublicParams) -> u16 {
    let mut bytes = Vec::new();
    let written = params.to_writer(&mut bytes).is_ok();
    bytes
        .first_chunk()
        .filter(|_| written)
        .map_or(0, |length| u16::from_be_bytes(*length))
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "rsa{bits}"),
            Self::Ed25519 => f.write_str("ed25519"),
            Self::Ed448 => f.write_str("ed448"),
            Self::NistP256 => f.write_str("nistp256"),
            Self::NistP384 => f.write_str("nistp384"),
            Self::NistP521 => f.write_str("nistp521"),
            Self::Dsa => f.write_str("dsa"),
            Self::Other(number) => write!(f, "algorithm {number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_counts_from_2048_bits_and_lasts_from_3072() {
        let strength = |bits| Algorithm::Rsa { bits }.strength();
        assert_eq!(strength(2047), Strength::Refused);
        assert_eq!(strength(2048), Strength::Ending);
        assert_eq!(strength(3071), Strength::Ending);
        assert_eq!(strength(3072), Strength::Lasting);
    }
}
