//! Packages with one thing wrong in the outer archive or the compression, each refused with words that say what.

use std::io::Read;

use debian_control::limits::Limits;
use debian_deb::Data;
use debian_deb::build::{assemble, compress};
use debian_deb::compression::Compression::{self, Gzip, Xz, Zstd};
use debian_deb::compression::{Bounds, CompressionError, Decoder, Streams};

use crate::dpkg::Asked;
use crate::raw::{Member, archive, control_gz, data_xz, hello, with_control_member, with_data_member};

/// Checks that reading the whole package fails, and that the message has every one of `words` on its only line.
pub(crate) fn refused(bytes: &[u8], words: &[&str]) {
    let error = debian_deb::read(bytes, &Limits::default(), Data::List)
        .map(|deb| deb.files)
        .unwrap_err();
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "`{message}` does not say `{word}`");
    }
    assert!(!message.contains('\n'), "{message}");
}

/// As [`refused`], for what is seen without looking into `data.tar`.
fn refused_early(bytes: &[u8], words: &[&str]) {
    refused(bytes, words);
    assert!(debian_deb::read(bytes, &Limits::default(), Data::Skip).is_err());
}

fn format() -> Member {
    Member::new("debian-binary", b"2.0\n")
}

fn control() -> Member {
    Member::new("control.tar.gz", &control_gz())
}

fn data() -> Member {
    Member::new("data.tar.xz", &data_xz())
}

fn package(members: &[Member]) -> Vec<u8> {
    archive(&members.iter().map(Member::bytes).collect::<Vec<_>>())
}

#[test]
fn the_archive_must_begin_with_its_magic() {
    for start in [
        &b""[..],
        b"!<arch>",
        b"!<arch>\r\n",
        b"!<thin>\n",
        b"0.939000\n",
        b"\x7fELF",
    ] {
        refused_early(start, &["`!<arch>`"]);
    }
}

#[test]
fn sizes_are_decimal_digits_and_blanks() {
    let sizes: [&[u8]; 8] = [b"", b"-5", b"+150", b"0x96", b"150 7", b"1e3", b"15\t", b"15\0"];
    for size in sizes {
        let member = Member {
            size: Some(size),
            ..control()
        };
        refused_early(
            &package(&[format(), member, data()]),
            &["`control.tar.gz`", "size", "decimal digits"],
        );
    }
}

#[test]
fn the_other_numbers_are_digits_and_blanks_too() {
    let date = Member {
        date: b"yesterday",
        ..control()
    };
    refused_early(&package(&[format(), date, data()]), &["`control.tar.gz`", "date"]);
    let owner = Member {
        owner: b"root",
        ..control()
    };
    refused_early(
        &package(&[format(), owner, data()]),
        &["`control.tar.gz`", "owner"],
    );
    let mode = Member {
        mode: b"100689",
        ..control()
    };
    refused_early(
        &package(&[format(), mode, data()]),
        &["`control.tar.gz`", "mode", "octal"],
    );
}

#[test]
fn a_size_larger_than_the_rest_of_the_file_allocates_nothing() {
    let members = [
        format(),
        Member {
            size: Some(b"9999999999"),
            ..control()
        },
        data(),
    ];
    refused_early(&package(&members), &["`control.tar.gz`", "9999999999"]);
    let members = [
        format(),
        control(),
        Member {
            size: Some(b"9999999999"),
            ..data()
        },
    ];
    refused_early(&package(&members), &["`data.tar.xz`", "ends after", "9999999999"]);
    let members = [
        Member {
            size: Some(b"9999999999"),
            ..format()
        },
        control(),
        data(),
    ];
    refused_early(&package(&members), &["`debian-binary`", "9999999999"]);
}

#[test]
fn every_header_ends_with_its_mark() {
    for end in [&b"`\r"[..], b"  ", b"\n`"] {
        let member = Member { end, ..control() };
        refused_early(&package(&[format(), member, data()]), &["member 2", "backquote"]);
    }
}

#[test]
fn names_are_plain_and_not_of_other_dialects() {
    for (name, words) in [
        ("", "empty"),
        ("/", "empty"),
        ("//", "GNU"),
        ("/123", "GNU"),
        ("control.tar.gz//", "GNU"),
        ("#1/14", "BSD"),
        (" control.tar.gz", "blanks"),
        ("control.tar. gz", "blanks"),
        ("control.tar.gz\0", "printable"),
        ("c\u{f6}ntrol.tar", "printable"),
    ] {
        let member = Member {
            name: name.as_bytes(),
            ..control()
        };
        refused_early(
            &package(&[format(), member, data()]),
            &["member 2", "invalid name", words],
        );
    }
}

#[test]
fn a_cut_at_every_byte_is_noticed() {
    let whole = package(&[format(), control(), data()]);
    for length in 0..whole.len() {
        let cut = &whole[..length];
        assert!(
            debian_deb::read(cut, &Limits::default(), Data::Skip).is_err(),
            "cut at {length}"
        );
        assert!(
            debian_deb::read(cut, &Limits::default(), Data::List).is_err(),
            "cut at {length}"
        );
    }
}

#[test]
fn a_member_of_odd_size_is_padded_at_the_end_too() {
    let member = Member {
        padding: b"",
        ..Member::new("signature", b"odd")
    };
    refused_early(
        &package(&[format(), control(), data(), member]),
        &["`signature`", "padding"],
    );
}

#[test]
fn bytes_behind_the_last_member_are_no_member() {
    let whole = package(&[format(), control(), data()]);
    for rest in [&b"\n"[..], b"garbage", &[0; 60]] {
        refused_early(&[&whole[..], rest].concat(), &["member 4", "header"]);
    }
}

#[test]
fn members_stand_in_their_order() {
    let foo = Member::new("foo", b"xx");
    for (members, words) in [
        (vec![], "no member `debian-binary`"),
        (vec![format()], "no member `control.tar`"),
        (vec![format(), control()], "no member `data.tar`"),
        (
            vec![control(), format(), data()],
            "`control.tar.gz` stands where `debian-binary` belongs",
        ),
        (
            vec![Member::new("_x", b""), format(), control(), data()],
            "`_x` stands where `debian-binary` belongs",
        ),
        (
            vec![format(), data(), control()],
            "`data.tar.xz` stands where `control.tar` belongs",
        ),
        (
            vec![format(), foo.clone(), control(), data()],
            "`foo` stands where `control.tar` belongs",
        ),
        (
            vec![format(), control(), foo, data()],
            "`foo` stands where `data.tar` belongs",
        ),
        (
            vec![format(), format(), control(), data()],
            "`debian-binary` stands where `control.tar` belongs",
        ),
    ] {
        refused_early(&package(&members), &[words]);
    }
}

#[test]
fn each_member_is_there_once() {
    let second = control();
    refused_early(
        &package(&[format(), control(), second.clone(), data()]),
        &["`control.tar.gz` stands where"],
    );
    for late in [
        second,
        data(),
        format(),
        Member::new("data.tar", b""),
        Member::new("control.tar.Z", b""),
    ] {
        let name = String::from_utf8_lossy(late.name).into_owned();
        refused_early(
            &package(&[format(), control(), data(), late]),
            &["behind `data.tar`", &name],
        );
    }
}

#[test]
fn more_members_than_allowed() {
    let mut members = vec![format(), control(), data()];
    members.resize(65, Member::new("_", b""));
    refused_early(&package(&members), &["more than 64 members"]);
}

#[test]
fn the_format_is_version_2() {
    for text in [
        &b""[..],
        b"2.0",
        b"3.0\n",
        b"2\n",
        b"2.0\r\n",
        b"2.0x\n",
        b"0.93\n",
    ] {
        let bytes = package(&[Member::new("debian-binary", text), control(), data()]);
        refused_early(&bytes, &["`debian-binary`", "`2.0`"]);
        assert!(Asked::new(&bytes).control().is_none());
    }
    let long = [b"2.0\n", [b'x'; 5000].as_slice()].concat();
    refused_early(
        &package(&[Member::new("debian-binary", &long), control(), data()]),
        &["`debian-binary`", "5004"],
    );
}

#[test]
fn only_the_compressions_that_dpkg_reads() {
    for name in [
        "control.tar.bz2",
        "control.tar.lzma",
        "control.tar.Z",
        "control.tarball",
        "control.tar.",
    ] {
        let bytes = with_control_member(name, &control_gz());
        refused_early(
            &bytes,
            &[
                name,
                "`control.tar`, `control.tar.gz`, `control.tar.xz`, `control.tar.zst` only",
            ],
        );
        assert!(Asked::new(&bytes).control().is_none());
    }
    for name in ["data.tar.Z", "data.tar.gzip", "data.tarx"] {
        let bytes = with_data_member(name, &data_xz());
        refused_early(&bytes, &[name, "`data.tar.bz2`, `data.tar.lzma` only"]);
        assert!(Asked::new(&bytes).names().is_none());
    }
}

#[test]
fn a_member_without_bytes_is_no_archive() {
    refused_early(
        &with_control_member("control.tar.gz", b""),
        &["`control.tar.gz`", "empty"],
    );
    for name in ["data.tar", "data.tar.gz", "data.tar.xz", "data.tar.zst"] {
        refused_early(&with_data_member(name, b""), &[name, "empty"]);
    }
}

#[test]
fn a_control_member_cannot_be_larger_than_what_it_may_unpack_to() {
    let zeros = vec![0; (17 << 20) + 1];
    refused_early(
        &with_control_member("control.tar.gz", &zeros),
        &["`control.tar.gz`", "17825793"],
    );
}

const COMPRESSED: [Compression; 5] = [
    Compression::Gzip,
    Compression::Xz,
    Compression::Zstd,
    Compression::Bzip2,
    Compression::Lzma,
];

fn data_member(compression: Compression, content: &[u8]) -> (String, Vec<u8>) {
    let name = format!("data.tar{}", compression.extension());
    let bytes = with_data_member(&name, content);
    (name, bytes)
}

#[test]
fn a_stream_that_is_cut_off() {
    for compression in COMPRESSED {
        let stream = compress(compression, &hello().data_tar());
        for cut in [1, 3, 9, stream.len() / 2] {
            let (name, bytes) = data_member(compression, &stream[..stream.len() - cut]);
            refused(&bytes, &[&name, &compression.to_string()]);
        }
    }
}

#[test]
fn a_stream_of_nothing_or_of_something_else() {
    for compression in COMPRESSED {
        let (name, bytes) = data_member(compression, &compress(compression, b""));
        refused(&bytes, &[&name, "empty"]);
        // zlib, and so dpkg, reads what is not compressed as it is.
        let (name, bytes) = data_member(compression, &hello().data_tar());
        refused(&bytes, &[&name, &compression.to_string()]);
    }
}

#[test]
fn bytes_behind_a_stream() {
    for compression in COMPRESSED {
        let stream = compress(compression, &hello().data_tar());
        let pads = |rest: &[u8]| match compression {
            Gzip => rest.iter().all(|byte| *byte == 0),
            Xz => rest == [0; 4],
            _ => false,
        };
        for rest in [
            &b"\0"[..],
            b"\0\0\0\0",
            b"\0\0\0\0garbage",
            b"garbage",
            b"\x1f\x8b",
            b"\x50\x2a\x4d\x18\x04\0\0\0abcd",
        ] {
            let (name, bytes) = data_member(compression, &[&stream[..], rest].concat());
            if !pads(rest) {
                refused(&bytes, &[&name, &compression.to_string()]);
            }
        }
    }
}

/// dpkg stops silently at the end of the first stream of all formats but gzip, and `xz -d` and others do not.
#[test]
fn a_second_stream() {
    for compression in COMPRESSED.into_iter().filter(|&compression| compression != Gzip) {
        let tar = hello().data_tar();
        let (first, second) = tar.split_at(1024);
        let streams = [compress(compression, first), compress(compression, second)].concat();
        let (name, bytes) = data_member(compression, &streams);
        refused(&bytes, &[&name, "follow the end"]);
        let empty = [compress(compression, &tar), compress(compression, b"")].concat();
        refused(&data_member(compression, &empty).1, &[&name, "follow the end"]);
    }
    let tar = hello().control_tar();
    for (compression, name) in [(Xz, "control.tar.xz"), (Zstd, "control.tar.zst")] {
        let streams = [compress(compression, &tar), compress(compression, &tar)].concat();
        refused_early(&with_control_member(name, &streams), &[name, "follow the end"]);
    }
}

#[test]
fn a_skippable_zstd_frame_is_a_frame() {
    let frame = compress(Zstd, &hello().data_tar());
    let skippable = b"\x50\x2a\x4d\x18\x04\0\0\0abcd";
    refused(
        &with_data_member("data.tar.zst", &[&skippable[..], &frame].concat()),
        &["`data.tar.zst`"],
    );
    refused(
        &with_data_member("data.tar.zst", &[&frame[..], skippable].concat()),
        &["`data.tar.zst`", "follow"],
    );
}

#[test]
fn a_flipped_bit_is_refused_or_changes_nothing() {
    let tar = hello().data_tar();
    let bounds = Bounds::new(&Limits::default(), 1 << 20);
    // Of the others, lzma has no checksum, and zstd need not have one.
    for compression in [Gzip, Xz, Compression::Bzip2] {
        let mut stream = compress(compression, &tar);
        for place in 0..stream.len() {
            stream[place] ^= 1 << (place % 8);
            let mut decoded = Vec::new();
            let decoder = Decoder::new(compression, Streams::Package, &stream[..], bounds);
            match decoder.and_then(|mut decoder| decoder.read_to_end(&mut decoded)) {
                Ok(_) => assert_eq!(decoded, tar, "{compression}, byte {place}"),
                Err(error) => assert!(CompressionError::from_io(&error).is_some(), "{error}"),
            }
            stream[place] ^= 1 << (place % 8);
        }
    }
    let mut gzip = compress(Gzip, &tar);
    let checksum = gzip.len() - 5;
    gzip[checksum] ^= 1;
    refused(
        &with_data_member("data.tar.gz", &gzip),
        &["`data.tar.gz`", "gzip stream is corrupt"],
    );
}

#[test]
fn an_error_of_the_reader_comes_through_as_it_is() {
    struct Failing(Vec<u8>, usize);
    impl Read for Failing {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            let count = buf.len().min(100).min(self.0.len() - self.1);
            if count == 0 {
                return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "too slow"));
            }
            buf[..count].copy_from_slice(&self.0[self.1..self.1 + count]);
            self.1 += count;
            Ok(count)
        }
    }
    for data in Compression::ALL {
        let whole = hello().compressed(Gzip, data).build();
        for length in 0..whole.len() {
            let reader = Failing(whole[..length].to_vec(), 0);
            match debian_deb::read(reader, &Limits::default(), Data::List) {
                Err(debian_deb::DebError::Io(error)) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
                    assert_eq!(error.to_string(), "too slow");
                }
                other => panic!("{data}, at {length}: {other:?}"),
            }
        }
    }
}

#[test]
fn members_are_what_the_ar_crate_finds() {
    let bytes = assemble(&[
        ("debian-binary", b"2.0\n"),
        ("_x", b"odd"),
        ("control.tar.gz", &control_gz()),
        ("data.tar.xz", &data_xz()),
    ]);
    let mut ours = debian_deb::ar::ArArchive::new(&bytes[..], &Limits::default()).unwrap();
    let mut theirs = ar::Archive::new(&bytes[..]);
    let mut count = 0;
    while let Some(entry) = theirs.next_entry() {
        let mut entry = entry.unwrap();
        let mut member = ours.next_member().unwrap().unwrap();
        assert_eq!(member.name().as_str().as_bytes(), entry.header().identifier());
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        entry.read_to_end(&mut expected).unwrap();
        member.read_to_end(&mut found).unwrap();
        assert_eq!(found, expected);
        count += 1;
    }
    assert_eq!(count, 4);
    assert!(ours.next_member().unwrap().is_none());
}
