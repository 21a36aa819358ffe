//! Unusual packages that dpkg reads: read the same way here.

use debian_control::limits::Limits;
use debian_deb::build::{DebBuilder, assemble, compress};
use debian_deb::compression::Compression::{self, Gzip, None as Plain, Xz, Zstd};
use debian_deb::{Data, Deb};

use crate::dpkg::Asked;
use crate::raw::{
    Block, END, Member, archive, control_gz, data_xz, hello, tar, unfinished_tar, with_control_member,
    with_control_tar, with_data_member, with_data_tar,
};

fn read(bytes: &[u8]) -> Deb {
    debian_deb::read(bytes, &Limits::default(), Data::List).unwrap_or_else(|error| panic!("{error}"))
}

/// Checks that both readers see the same control file and the same files.
fn same_as_dpkg(bytes: &[u8]) -> Deb {
    let ours = read(bytes);
    let asked = Asked::new(bytes);
    let control = asked.control().expect("dpkg-deb reads the control file");
    assert_eq!(
        ours.control_files
            .get("control")
            .unwrap()
            .escape_ascii()
            .to_string(),
        control.escape_ascii().to_string()
    );
    assert!(asked.parses());
    let mut theirs: Vec<_> = asked
        .names()
        .expect("dpkg-deb reads the data")
        .into_iter()
        .collect();
    theirs.retain(|name| !name.ends_with('/'));
    let mut theirs: Vec<_> = theirs
        .iter()
        .map(|name| name.trim_start_matches(['.', '/']).to_owned())
        .collect();
    theirs.sort();
    let files = ours
        .files
        .as_ref()
        .unwrap()
        .iter()
        .map(|path| path.as_str().unwrap().to_owned());
    assert_eq!(files.collect::<Vec<_>>(), theirs);
    let skipped = debian_deb::read(bytes, &Limits::default(), Data::Skip).unwrap();
    assert_eq!(skipped.control_files, ours.control_files);
    assert!(skipped.files.is_none());
    ours
}

#[test]
fn every_compression_that_dpkg_reads() {
    for control in [Plain, Gzip, Xz, Zstd] {
        for data in Compression::ALL {
            same_as_dpkg(&hello().compressed(control, data).build());
        }
    }
}

#[test]
fn members_of_odd_size_are_padded() {
    let mut sizes = [false; 2];
    for length in 0..4 {
        let content = vec![b'x'; length];
        let bytes = hello()
            .field("X-Length", &length.to_string())
            .file("usr/share/x", &content)
            .build();
        sizes[bytes.len() % 2] = true;
        same_as_dpkg(&bytes);
    }
    let odd = assemble(&[
        ("debian-binary", b"2.0\nx"),
        ("control.tar.gz", &control_gz()),
        ("data.tar.xz", &data_xz()),
    ]);
    same_as_dpkg(&odd);
}

#[test]
fn extra_members_that_start_with_an_underscore() {
    same_as_dpkg(&assemble(&[
        ("debian-binary", b"2.0\n"),
        ("_gpgbuilder", b"odd"),
        ("control.tar.gz", &control_gz()),
        ("_more", b""),
        ("_data.tar", b"even"),
        ("data.tar.xz", &data_xz()),
        ("_gpgorigin", b"signature"),
    ]));
}

#[test]
fn any_member_may_stand_behind_the_data_but_a_second_set() {
    same_as_dpkg(&assemble(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", &control_gz()),
        ("data.tar.xz", &data_xz()),
        ("signature", b"odd"),
    ]));
}

#[test]
fn names_in_the_gnu_spelling_end_with_a_slash() {
    let members = [
        Member::new("debian-binary/", b"2.0\n"),
        Member::new("control.tar.zst/", &compress(Zstd, &hello().control_tar())),
        Member::new("data.tar.xz/", &data_xz()),
    ];
    same_as_dpkg(&archive(&members.map(|member| member.bytes())));
}

#[test]
fn member_headers_may_be_blank_where_nothing_is_known() {
    let member = Member {
        date: b"",
        owner: b"",
        mode: b"",
        ..Member::new("control.tar.gz", &control_gz())
    };
    let members = [
        Member::new("debian-binary", b"2.0\n"),
        member,
        Member::new("data.tar.xz", &data_xz()),
    ];
    same_as_dpkg(&archive(&members.map(|member| member.bytes())));
}

#[test]
fn the_format_may_have_another_minor_version_and_further_lines() {
    for format in [&b"2.7\n"[..], b"2.0\nmore\nlines\n", b"02.00\n"] {
        same_as_dpkg(&assemble(&[
            ("debian-binary", format),
            ("control.tar.gz", &control_gz()),
            ("data.tar.xz", &data_xz()),
        ]));
    }
}

/// As xz(1) and gzip(1) have it: padding holds nothing.
#[test]
fn zeros_behind_gzip_and_xz_pad_them() {
    let tars = [hello().control_tar(), hello().data_tar()];
    for (compression, padding) in [(Gzip, 1), (Gzip, 700), (Xz, 4), (Xz, 400)] {
        let [control, data] = tars.each_ref().map(|tar| {
            let mut stream = compress(compression, tar);
            stream.resize(stream.len() + padding, 0);
            stream
        });
        let end = compression.extension();
        same_as_dpkg(&assemble(&[
            ("debian-binary", b"2.0\n"),
            (&format!("control.tar{end}"), &control),
            (&format!("data.tar{end}"), &data),
        ]));
    }
}

#[test]
fn gzip_members_are_joined() {
    let join = |bytes: &[u8]| {
        let (first, second) = bytes.split_at(700);
        [compress(Gzip, first), compress(Gzip, b""), compress(Gzip, second)].concat()
    };
    same_as_dpkg(&with_control_member(
        "control.tar.gz",
        &join(&hello().control_tar()),
    ));
    same_as_dpkg(&with_data_member("data.tar.gz", &join(&hello().data_tar())));
}

#[test]
fn the_control_file_under_both_spellings_of_its_name() {
    for name in ["control", "./control"] {
        let block = Block::file(name, &crate::raw::control_text());
        same_as_dpkg(&with_control_tar(&tar(&[Block::directory("./"), block])));
    }
}

#[test]
fn the_control_file_under_a_long_name_and_under_a_prefix() {
    let text = crate::raw::control_text();
    let long = [Block::long(b'L', "./control"), Block::file("zzz", &text)];
    same_as_dpkg(&with_control_tar(&tar(&long)));
    let prefixed = Block::file("control", &text).ustar(".");
    same_as_dpkg(&with_control_tar(&tar(&[prefixed])));
    // In GNU headers the prefix is something else.
    let gnu = Block::file("control", &text).set(345, b"other");
    same_as_dpkg(&with_control_tar(&tar(&[gnu])));
}

#[test]
fn numbers_in_every_form_that_dpkg_and_tar_share() {
    let text = crate::raw::control_text();
    let mut base_256 = [0; 12];
    base_256[0] = 0x80;
    base_256[10..].copy_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
    let blanks = format!("{:>11o} ", text.len());
    let full = format!("{:012o}", text.len());
    for size in [
        &base_256,
        blanks.as_bytes().try_into().unwrap(),
        full.as_bytes().try_into().unwrap(),
    ] {
        same_as_dpkg(&with_control_tar(&tar(&[
            Block::file("control", &text).size(size)
        ])));
    }
    let zeros = Block::control().set(100, &[0; 24]).set(136, &[0; 12]);
    same_as_dpkg(&with_control_tar(&tar(&[zeros])));
    let before_1970 = Block::control().set(136, &[0xff; 12]);
    same_as_dpkg(&with_control_tar(&tar(&[before_1970])));
}

#[test]
fn a_tar_archive_from_before_posix() {
    let plain = |block: Block| block.set(257, &[0; 8]).set(156, b"\0");
    let bytes = with_control_tar(&tar(&[plain(Block::control())]));
    same_as_dpkg(&bytes);
    let directory = Block::directory("./usr/").set(257, &[0; 8]);
    let data = tar(&[directory, plain(Block::file("./usr/file", b"x"))]);
    same_as_dpkg(&with_data_tar(&data));
}

#[test]
fn a_magic_that_is_nearly_right() {
    for magic in [b"ustar 00", b"ustar\0  ", b"ustar\0\0\0"] {
        let control = Block::control().set(257, magic);
        same_as_dpkg(&with_control_tar(&tar(&[control])));
    }
}

#[test]
fn a_tar_archive_may_end_in_fewer_or_more_zeros_than_two_blocks() {
    let control = unfinished_tar(&[Block::control()]);
    let zeros = [&control[..], &END, &END, b"\0\0\0"].concat();
    let one_block = [&control[..], &END[..512]].concat();
    for tar in [&control, &one_block, &zeros] {
        same_as_dpkg(&with_control_tar(tar));
    }
    same_as_dpkg(&with_data_tar(&END));
}

#[test]
fn data_of_every_type() {
    let data = [
        Block::directory("./"),
        Block::directory("./dev/"),
        Block::file("./dev/file", b"content"),
        Block::link("./dev/hard", b'1', "./dev/file"),
        Block::link("./dev/soft", b'2', "/anywhere/../else"),
        Block::new("./dev/null", b'3', b"").set(329, b"0000001\x000000003\0"),
        Block::new("./dev/sda", b'4', b"").set(329, b"0000010\x000000000\0"),
        Block::new("./dev/pipe", b'6', b""),
    ];
    let deb = same_as_dpkg(&with_data_tar(&tar(&data)));
    assert_eq!(deb.files.unwrap().len(), 6);
}

#[test]
fn names_longer_than_a_header() {
    let long = "directory/".repeat(30);
    let target = "target/".repeat(40);
    let deb = DebBuilder::new("hello", "1.0", "all")
        .file(&format!("{long}file"), b"x")
        .symlink(&format!("{long}link"), &target)
        .build();
    let deb = same_as_dpkg(&deb);
    assert_eq!(
        deb.files.unwrap()[0].as_str(),
        Some(format!("{long}file").as_str())
    );
}

#[test]
fn paths_are_listed_once_in_byte_order_and_cleaned() {
    let data = [
        Block::directory("./usr"),
        Block::file("./usr/z", b"1"),
        Block::file("/usr/./a", b"2"),
        Block::file("usr/z", b"3"),
        Block::file("usr/\u{e9}", b"4"),
    ];
    let deb = read(&with_data_tar(&tar(&data)));
    let paths: Vec<_> = deb
        .files
        .unwrap()
        .iter()
        .map(|path| path.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(paths, ["usr/a", "usr/z", "usr/\u{e9}"]);
}

#[test]
fn names_need_not_be_utf_8() {
    let data = Block::file("./caf", b"x").set(5, b"\xe9");
    let deb = read(&with_data_tar(&tar(&[data])));
    let files = deb.files.unwrap();
    assert_eq!(files[0].as_bytes(), b"caf\xe9");
    assert_eq!(files[0].as_str(), None);
}

#[test]
fn other_files_beside_the_control_file_are_kept() {
    let bytes = hello()
        .control_file("conffiles", b"/etc/hello.conf\n")
        .control_file("postinst", b"#!/bin/sh\n")
        .control_file("triggers", b"")
        .build();
    let files = same_as_dpkg(&bytes).control_files;
    assert_eq!(
        files.names().collect::<Vec<_>>(),
        ["conffiles", "control", "postinst", "triggers"]
    );
    assert_eq!(files.scripts().collect::<Vec<_>>(), ["postinst"]);
    assert_eq!(
        files.conffiles().unwrap()[0].path.escape_ascii().to_string(),
        "/etc/hello.conf"
    );
}
