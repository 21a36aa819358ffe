//! Single bricks of a package, which may be wrong: `ar` members and tar blocks byte by byte.

use debian_deb::build::{DebBuilder, assemble, compress};
use debian_deb::compression::Compression;

/// A plain package to take bricks from.
pub(crate) fn hello() -> DebBuilder {
    DebBuilder::new("hello", "1.0", "amd64").file("usr/bin/hello", b"#!/bin/sh\necho hello\n")
}

/// The text of its control file.
pub(crate) fn control_text() -> Vec<u8> {
    hello().control().into_bytes()
}

/// The gzipped `control.tar` of [`hello`].
pub(crate) fn control_gz() -> Vec<u8> {
    compress(Compression::Gzip, &hello().control_tar())
}

/// The xz-compressed `data.tar` of [`hello`].
pub(crate) fn data_xz() -> Vec<u8> {
    compress(Compression::Xz, &hello().data_tar())
}

/// A package whose `control.tar` is `tar`, uncompressed.
pub(crate) fn with_control_tar(tar: &[u8]) -> Vec<u8> {
    assemble(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar", tar),
        ("data.tar.xz", &data_xz()),
    ])
}

/// A package whose `data.tar` is `tar`, uncompressed.
pub(crate) fn with_data_tar(tar: &[u8]) -> Vec<u8> {
    with_data_member("data.tar", tar)
}

/// A package with this member in place of `data.tar`.
pub(crate) fn with_data_member(name: &str, content: &[u8]) -> Vec<u8> {
    assemble(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", &control_gz()),
        (name, content),
    ])
}

/// A package with this member in place of `control.tar`.
pub(crate) fn with_control_member(name: &str, content: &[u8]) -> Vec<u8> {
    assemble(&[
        ("debian-binary", b"2.0\n"),
        (name, content),
        ("data.tar.xz", &data_xz()),
    ])
}

/// Joins `ar` members behind the archive's magic.
pub(crate) fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    [b"!<arch>\n", members.concat().as_slice()].concat()
}

/// One `ar` member with every part of its header as given.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: &'static [u8],
    pub(crate) date: &'static [u8],
    pub(crate) owner: &'static [u8],
    pub(crate) mode: &'static [u8],
    pub(crate) size: Option<&'static [u8]>,
    pub(crate) end: &'static [u8],
    pub(crate) content: Vec<u8>,
    pub(crate) padding: &'static [u8],
}

impl Member {
    pub(crate) fn new(name: &'static str, content: &[u8]) -> Self {
        Self {
            name: name.as_bytes(),
            date: b"1600000000",
            owner: b"0",
            mode: b"100644",
            size: None,
            end: b"`\n",
            content: content.to_vec(),
            padding: b"\n",
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let size = self.content.len().to_string();
        let fields: [(&[u8], usize); 6] = [
            (self.name, 16),
            (self.date, 12),
            (self.owner, 6),
            (b"0", 6),
            (self.mode, 8),
            (self.size.unwrap_or(size.as_bytes()), 10),
        ];
        let mut bytes = Vec::new();
        for (text, width) in fields {
            bytes.extend_from_slice(text);
            bytes.resize(bytes.len() + width - text.len(), b' ');
        }
        bytes.extend_from_slice(self.end);
        bytes.extend_from_slice(&self.content);
        if self.content.len() % 2 == 1 {
            bytes.extend_from_slice(self.padding);
        }
        bytes
    }
}

/// One tar header with its content, both as given.
#[derive(Clone)]
pub(crate) struct Block {
    header: [u8; 512],
    content: Vec<u8>,
    fixed_checksum: bool,
}

/// Two blocks of zeros, with which a tar archive ends.
pub(crate) const END: [u8; 1024] = [0; 1024];

/// Joins entries and an end mark.
pub(crate) fn tar(blocks: &[Block]) -> Vec<u8> {
    [unfinished_tar(blocks).as_slice(), &END].concat()
}

/// Joins entries without an end mark.
pub(crate) fn unfinished_tar(blocks: &[Block]) -> Vec<u8> {
    blocks.iter().flat_map(Block::bytes).collect()
}

impl Block {
    /// A GNU header of any type whose size is that of `content`.
    pub(crate) fn new(name: &str, kind: u8, content: &[u8]) -> Self {
        let block = Self {
            header: [0; 512],
            content: content.to_vec(),
            fixed_checksum: false,
        };
        block
            .set(0, name.as_bytes())
            .set(100, b"0000644\0")
            .set(108, b"0000000\0")
            .set(116, b"0000000\0")
            .set(124, format!("{:011o}\0", content.len()).as_bytes())
            .set(136, b"13727414000\0")
            .set(156, &[kind])
            .set(257, b"ustar  \0")
            .set(265, b"root")
            .set(297, b"root")
    }

    pub(crate) fn file(name: &str, content: &[u8]) -> Self {
        Self::new(name, b'0', content)
    }

    pub(crate) fn directory(name: &str) -> Self {
        Self::new(name, b'5', b"").set(100, b"0000755\0")
    }

    pub(crate) fn link(name: &str, kind: u8, target: &str) -> Self {
        Self::new(name, kind, b"").set(157, target.as_bytes())
    }

    /// A GNU long name (`L`) or long link target (`K`), with the NUL it should have.
    pub(crate) fn long(kind: u8, text: &str) -> Self {
        Self::new("././@LongLink", kind, &[text.as_bytes(), b"\0"].concat())
    }

    /// The control file of the plain package.
    pub(crate) fn control() -> Self {
        Self::file("./control", &control_text())
    }

    /// Puts bytes anywhere into the header.
    pub(crate) fn set(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.header[offset..offset + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Puts the size field, 12 bytes.
    pub(crate) fn size(self, field: &[u8; 12]) -> Self {
        self.set(124, field)
    }

    /// Makes the header POSIX ustar, with this prefix.
    pub(crate) fn ustar(self, prefix: &str) -> Self {
        self.set(257, b"ustar\x0000").set(345, prefix.as_bytes())
    }

    /// Puts the checksum field, 8 bytes, in place of the right one.
    pub(crate) fn checksum(mut self, field: &[u8; 8]) -> Self {
        self.fixed_checksum = true;
        self.set(148, field)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut header = self.header;
        if !self.fixed_checksum {
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
        let mut bytes = header.to_vec();
        bytes.extend_from_slice(&self.content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }
}
