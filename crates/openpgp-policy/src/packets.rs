//! Bytes to packets: armour taken off, sizes bounded, what is not known left out.

use std::io::Read;

use pgp::armor::{BlockType, Dearmor};
use pgp::errors::Error;
use pgp::packet::{Packet, PacketParser};

/// What is wrong with bytes that should hold OpenPGP packets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No bytes at all.
    #[error("there is nothing in it: expected OpenPGP data, armoured or binary")]
    Empty,
    /// More bytes than anything of the kind needs.
    #[error("{size} bytes are too many: at most {limit} are read")]
    TooLarge {
        /// Bytes found.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Text without a block of armour.
    #[error("found no line `-----BEGIN {wanted}-----`")]
    NoBlock {
        /// The kind of block that was looked for.
        wanted: &'static str,
    },
    /// A block of another kind.
    #[error("found `{found}`, expected `{wanted}`")]
    OtherBlock {
        /// The kind of block found.
        found: String,
        /// The kind of block expected.
        wanted: &'static str,
    },
    /// Armour that cannot be taken off.
    ///
    /// Says nothing of what was found: the decoder quotes it, and it may be of a secret key.
    #[error("cannot decode block {block}: its armour is damaged")]
    Armor {
        /// Which block of the file, from 1.
        block: usize,
    },
    /// A packet that cannot be read.
    #[error("cannot read packet {packet}: {detail}")]
    Packet {
        /// Which packet, from 1.
        packet: usize,
        /// What the parser says.
        detail: String,
    },
}

/// The two kinds of block that are read here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    PublicKey,
    Signature,
}

impl Block {
    fn name(self) -> &'static str {
        match self {
            Self::PublicKey => "PGP PUBLIC KEY BLOCK",
            Self::Signature => "PGP SIGNATURE",
        }
    }

    fn matches(self, found: BlockType) -> bool {
        match self {
            // `PGP ARMORED FILE` is GnuPG's word for armour around anything.
            Self::PublicKey => matches!(found, BlockType::PublicKey | BlockType::File),
            Self::Signature => found == BlockType::Signature,
        }
    }
}

/// Returns the binary packets in `bytes`: themselves, or what is inside every block of armour, joined.
///
/// Text before, between and after the blocks is passed over, as gpg does: people keep notes there.
pub(super) fn to_binary(bytes: &[u8], wanted: Block, limit: usize) -> Result<Vec<u8>, ReadError> {
    if bytes.len() > limit {
        return Err(ReadError::TooLarge {
            size: bytes.len(),
            limit,
        });
    }
    match bytes.first() {
        None => Err(ReadError::Empty),
        // Every packet starts with a byte above 127 (RFC 9580 4.2), no text does.
        Some(byte) if *byte >= 0x80 => Ok(bytes.to_vec()),
        Some(_) => dearmor_all(bytes, wanted),
    }
}

fn dearmor_all(text: &[u8], wanted: Block) -> Result<Vec<u8>, ReadError> {
    let mut binary = Vec::new();
    let blocks = armor_blocks(text);
    if blocks.is_empty() {
        return Err(ReadError::NoBlock {
            wanted: wanted.name(),
        });
    }
    for (index, block) in blocks.iter().enumerate() {
        dearmor(block, index + 1, wanted, &mut binary)?;
    }
    Ok(binary)
}

fn dearmor(text: &[u8], block: usize, wanted: Block, into: &mut Vec<u8>) -> Result<(), ReadError> {
    let mut dearmor = Dearmor::new(text);
    dearmor.read_header().map_err(|_| ReadError::Armor { block })?;
    match dearmor.typ {
        Some(found) if wanted.matches(found) => {}
        found => {
            let found = found.map_or_else(|| "an unknown block".to_owned(), |found| found.to_string());
            return Err(ReadError::OtherBlock {
                found,
                wanted: wanted.name(),
            });
        }
    }
    let read = dearmor.read_to_end(into);
    read.map(drop).map_err(|_| ReadError::Armor { block })
}

/// Cuts out every stretch from a `-----BEGIN PGP` line to the next `-----END PGP` line (or the end).
fn armor_blocks(text: &[u8]) -> Vec<&[u8]> {
    let mut blocks = Vec::new();
    let mut start = None;
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let next = at + line.len();
        if line.starts_with(b"-----BEGIN PGP ") && start.is_none() {
            start = Some(at);
        } else if line.starts_with(b"-----END PGP ") {
            blocks.extend(start.take().and_then(|from| text.get(from..next)));
        }
        at = next;
    }
    blocks.extend(start.and_then(|from| text.get(from..)));
    blocks
}

/// One packet, or why it could not be read.
pub(super) type FoundPacket = Result<Packet, ReadError>;

/// Reads packets one after the other, in their order.
///
/// Packets of kinds and versions that this library does not know, markers, padding and GnuPG's trust notes are left
/// out: RFC 9580 4.3 wants unknown ones ignored, and a trust packet would part a user id from its signatures.
pub(super) fn packets(binary: &[u8]) -> impl Iterator<Item = FoundPacket> + '_ {
    PacketParser::new(binary)
        .enumerate()
        .filter_map(|(index, packet)| match packet {
            Ok(Packet::Marker(_) | Packet::Padding(_) | Packet::Trust(_)) => None,
            Ok(packet) => Some(Ok(packet)),
            Err(error) if is_unsupported(&error) => None,
            Err(error) => Some(Err(ReadError::Packet {
                packet: index + 1,
                detail: plain(&error),
            })),
        })
}

fn is_unsupported(error: &Error) -> bool {
    match error {
        Error::Unsupported { .. } => true,
        Error::InvalidPacketContent { source } => is_unsupported(source),
        _ => false,
    }
}

/// Words a parser error for people: one line of bounded length, without the nesting.
pub(super) fn plain(error: &Error) -> String {
    match error {
        Error::InvalidPacketContent { source } => plain(source),
        Error::PacketIncomplete { .. } => "it ends too early".to_owned(),
        // They quote what they read, which may be of a secret key, or the calls that led to it.
        Error::IO { .. } | Error::Message { .. } | Error::PacketParsing { .. } => "it is damaged".to_owned(),
        error => error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_between_other_text() {
        let text = b"note\n-----BEGIN PGP A-----\nx\n-----END PGP A-----\nnote\n-----BEGIN PGP B-----\ny\n";
        let blocks = armor_blocks(text);
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[0], b"-----BEGIN PGP A-----\nx\n-----END PGP A-----\n");
        assert_eq!(blocks[1], b"-----BEGIN PGP B-----\ny\n");
    }

    #[test]
    fn sizes_are_bounded_and_emptiness_is_named() {
        assert_eq!(to_binary(b"", Block::PublicKey, 10), Err(ReadError::Empty));
        assert_eq!(
            to_binary(&[0x99; 11], Block::PublicKey, 10),
            Err(ReadError::TooLarge { size: 11, limit: 10 })
        );
        let plain_text = to_binary(b"hello", Block::PublicKey, 10);
        assert_eq!(
            plain_text,
            Err(ReadError::NoBlock {
                wanted: "PGP PUBLIC KEY BLOCK"
            })
        );
    }

    #[test]
    fn a_block_of_another_kind_is_named() {
        let text = b"-----BEGIN PGP SIGNATURE-----\n\niHUE\n-----END PGP SIGNATURE-----\n";
        let error = to_binary(text, Block::PublicKey, 1000).unwrap_err();
        assert_eq!(
            error.to_string(),
            "found `PGP SIGNATURE`, expected `PGP PUBLIC KEY BLOCK`"
        );
    }
}
