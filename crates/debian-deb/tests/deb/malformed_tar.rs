//! Packages with one thing wrong inside a tar archive, each refused with words that say what.

use debian_control::limits::Limits;
use debian_deb::Data;

use crate::dpkg::Asked;
use crate::malformed::refused;
use crate::raw::{Block, END, control_text, hello, tar, unfinished_tar, with_control_tar, with_data_tar};

/// Checks that a `control.tar` of these entries is refused, also when `data.tar` is not looked at.
fn refused_control(blocks: &[Block], words: &[&str]) {
    let bytes = with_control_tar(&tar(blocks));
    refused(&bytes, words);
    refused(&bytes, &["`control.tar`"]);
    assert!(debian_deb::read(&bytes[..], &Limits::default(), Data::Skip).is_err());
}

/// Checks that a `data.tar` of these entries is refused.
fn refused_data(blocks: &[Block], words: &[&str]) {
    let bytes = with_data_tar(&tar(blocks));
    refused(&bytes, words);
    refused(&bytes, &["`data.tar`"]);
}

/// Checks one entry, followed by a right one, in both archives.
fn refused_in_both(block: &Block, words: &[&str]) {
    refused_control(&[block.clone(), Block::control()], words);
    refused_data(
        &[Block::directory("./"), block.clone(), Block::file("./z", b"z")],
        words,
    );
}

#[test]
fn pax_headers() {
    for kind in [b'x', b'g'] {
        for record in ["16 path=control\n", "19 size=00000000512\n", "not a record"] {
            let block = Block::new("PaxHeader", kind, record.as_bytes()).ustar("");
            refused_in_both(&block, &["`PaxHeader`", "PAX header", "not read by dpkg"]);
        }
    }
}

#[test]
fn types_that_dpkg_does_not_read() {
    for kind in *b"7SDMNVXA89Zaz\x01\xff" {
        let block = Block::new("./odd", kind, b"");
        refused_in_both(
            &block,
            &[
                "`./odd`",
                &format!("`{}`", kind.escape_ascii()),
                "not read by dpkg",
            ],
        );
    }
}

#[test]
fn headers_with_a_wrong_checksum() {
    refused_in_both(
        &Block::file("./a", b"").checksum(b"000001\0 "),
        &["entry", "checksum"],
    );
    let signed = Block::file("./a", b"").set(265, b"\xff");
    let sum = signed.bytes()[..512]
        .iter()
        .enumerate()
        .map(|(place, &byte)| {
            if (148..156).contains(&place) {
                32
            } else {
                i32::from(byte.cast_signed())
            }
        })
        .sum::<i32>();
    let field = format!("{sum:06o}\0 ");
    refused_in_both(
        &signed.checksum(field.as_bytes().try_into().unwrap()),
        &["entry", "checksum"],
    );
}

#[test]
fn numbers_that_readers_take_differently() {
    let sizes: [&[u8; 12]; 9] = [
        b"\x000000000005\0",
        b"00005\0junk\0\0",
        b"            ",
        b"0000000000x\0",
        b"00000000008\0",
        b"-0000000005\0",
        b"\t000000005\0\0",
        b"\x81\0\0\0\0\0\0\0\0\0\0\x05",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfb",
    ];
    for size in sizes {
        refused_in_both(&Block::file("./a", b"12345").size(size), &["entry"]);
    }
    for (offset, field) in [(100, "mode"), (108, "owner"), (116, "group"), (136, "time")] {
        let width = if field == "time" { 12 } else { 8 };
        for text in [&b"wrong"[..], b"            ", b"\x00000123", b"123 junk", b"9"] {
            let mut bytes = text[..text.len().min(width)].to_vec();
            bytes.resize(width, 0);
            refused_in_both(&Block::file("./a", b"").set(offset, &bytes), &["`./a`", field]);
        }
    }
    // Larger than any user there can be.
    let owner = Block::file("./a", b"").set(108, b"\x80\0\0\x01\0\0\0\0");
    refused_in_both(&owner, &["`./a`", "owner"]);
    let device = Block::new("./a", b'3', b"").set(329, b"        ");
    refused_data(&[device], &["`./a`", "device major"]);
    // mknod(2) of Linux takes 12 bits and 20.
    let device = |numbers: &[u8; 16]| Block::new("./a", b'4', b"").set(329, numbers);
    refused_data(&[device(b"0010000\x000000000\0")], &["`./a`", "device major"]);
    refused_data(&[device(b"0000000\x004000000\0")], &["`./a`", "device minor"]);
    let largest = tar(&[device(b"0007777\x003777777\0")]);
    debian_deb::read(&with_data_tar(&largest)[..], &Limits::default(), Data::List).unwrap();
}

#[test]
fn sizes_beyond_the_archive() {
    for size in [
        b"77777777777\0",
        b"00000200000\0",
        b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff",
    ] {
        refused_data(&[Block::file("./a", b"x").size(size)], &["`a`", "ends after"]);
        refused_control(&[Block::file("./a", b"x").size(size)], &["`a`", "ends after"]);
    }
}

#[test]
fn an_archive_that_is_cut_off() {
    let blocks = [
        Block::directory("./"),
        Block::file("./a", &[7; 700]),
        Block::file("./b", &[7; 700]),
    ];
    let whole = unfinished_tar(&blocks);
    for length in 1..whole.len() {
        let at_entry = [512, 2048].contains(&length);
        let read = debian_deb::read(
            &with_data_tar(&whole[..length])[..],
            &Limits::default(),
            Data::List,
        );
        assert_eq!(read.is_ok(), at_entry, "cut at {length}");
    }
}

#[test]
fn a_second_archive_behind_the_end_mark() {
    let evil = Block::file("./control", b"Package: evil\n");
    let control = unfinished_tar(&[Block::control()]);
    for end in [&END[..512], &END] {
        let both = [&control[..], end, &tar(std::slice::from_ref(&evil))].concat();
        refused(&with_control_tar(&both), &["`control.tar`", "end mark"]);
        refused(&with_data_tar(&both), &["`data.tar`", "end mark"]);
    }
    let garbage = [&tar(&[Block::control()])[..], b"garbage"].concat();
    refused(&with_control_tar(&garbage), &["`control.tar`", "end mark"]);
}

#[test]
fn content_after_what_has_none() {
    for kind in *b"123456" {
        let block = Block::link("./a", kind, "./b");
        let block = Block::new("./a", kind, &[b'x'; 512]).set(157, &block.bytes()[157..160]);
        refused_in_both(
            &block.set(329, b"0000001\x000000001\0"),
            &["`./a`", "and yet 512 bytes long"],
        );
    }
}

#[test]
fn headers_of_an_unknown_format() {
    for magic in [b"JUNKJUNK", b"ustar1\0\0", b"USTAR\x0000"] {
        let block = Block::file("./a", b"").set(257, magic);
        refused_in_both(&block, &["`./a`", "unknown magic"]);
    }
    // With a prefix, it matters whether the magic is right.
    for magic in [b"ustar\x0001", b"ustar 00", &[0; 8]] {
        let block = Block::file("./a", b"").ustar("prefix").set(257, magic);
        refused_in_both(&block, &["`./a`", "unknown magic"]);
    }
    let long = Block::long(b'L', "./a").set(257, &[0; 8]);
    refused_in_both(&long, &["`././@LongLink`", "type `L`", "not GNU's"]);
}

#[test]
fn entries_without_a_name() {
    refused_in_both(&Block::file("", b"x"), &["name is empty"]);
    refused_in_both(&Block::file("", b"x").ustar("prefix"), &["name is empty"]);
}

#[test]
fn paths_that_lead_out() {
    for name in ["..", "../a", "./usr/../../a", "a/.."] {
        let text = control_text();
        refused_in_both(&Block::file(name, &text), &[&format!("`{name}`"), "`..`"]);
    }
    refused_in_both(&Block::file("..", b"").ustar("usr"), &["`usr/..`", "`..`"]);
    refused_data(
        &[Block::long(b'L', "./x/../y"), Block::file("short", b"")],
        &["`./x/../y`", "`..`"],
    );
    refused_data(
        &[Block::link("./a", b'1', "../b")],
        &["`./a`", "hard link", "`..`"],
    );
    refused_data(&[Block::file("./a\nb", b"")], &["`./a\\nb`", "newline"]);
}

#[test]
fn names_that_are_no_names() {
    for kind in *b"0\0" {
        for content in [&b""[..], b"content"] {
            refused_in_both(&Block::new("./a/", kind, content), &["`./a/`", "a file"]);
        }
    }
    refused_in_both(&Block::directory("./a//"), &["`./a//`", "several slashes"]);
    refused_data(&[Block::link("./a/", b'2', "b")], &["`./a/`", "a symbolic link"]);
    refused_data(&[Block::file(".", b"")], &["`.`", "a file"]);
    refused_data(&[Block::link("./", b'2', "b")], &["`./`", "a symbolic link"]);
}

#[test]
fn links_without_a_target() {
    for kind in *b"12" {
        refused_data(&[Block::link("./a", kind, "")], &["`./a`", "without a target"]);
    }
    refused_data(&[Block::link("./a", b'1', "./")], &["`./a`", "without a target"]);
}

#[test]
fn long_names_are_one_string_for_one_entry() {
    let file = || Block::file("short", &control_text());
    let raw = |content: &[u8]| Block::new("././@LongLink", b'L', content);
    for content in [
        &b"./control"[..],
        b"./control\0evil\0",
        b"./control\0\0",
        b"\0",
        b"",
        b"\0./control\0",
    ] {
        refused_control(&[raw(content), file()], &["entry 1", "NUL"]);
        refused_data(&[raw(content), file()], &["entry 1", "NUL"]);
    }
    let twice = [
        Block::long(b'L', "./other"),
        Block::long(b'L', "./control"),
        file(),
    ];
    refused_control(&twice, &["entry 2", "follows another long name"]);
    refused_data(&twice, &["entry 2", "follows another long name"]);
    let links = [
        Block::long(b'K', "x"),
        Block::long(b'K', "y"),
        Block::link("./a", b'2', "z"),
    ];
    refused_data(&links, &["entry 2", "follows another long name"]);
    refused_data(
        &[Block::long(b'K', "x"), Block::file("./a", b"")],
        &["`./a`", "belongs to nothing"],
    );
    refused_data(
        &[Block::file("./a", b""), Block::long(b'L', "x")],
        &["belongs to nothing"],
    );
}

#[test]
fn long_names_are_bounded_before_they_are_read() {
    for size in [b"00000010002\0", b"00400000000\0", b"77777777777\0"] {
        let block = Block::new("././@LongLink", b'L', b"x\0").size(size);
        refused_in_both(&block, &["`././@LongLink`", "more than 4096"]);
    }
    let longest = "p".repeat(4096);
    refused_data(
        &[Block::long(b'L', &longest), Block::file("short", b"")],
        &["4096 bytes long, more than the 246"],
    );
    refused_data(
        &[
            Block::long(b'L', &format!("{longest}p")),
            Block::file("short", b""),
        ],
        &["4098", "4096"],
    );
}

#[test]
fn control_is_exactly_one_file() {
    refused_control(&[], &["no entry `control`"]);
    refused_control(
        &[Block::file("./Control", &control_text())],
        &["no entry `control`"],
    );
    for second in ["control", "./control"] {
        let evil = Block::file(second, b"Package: evil\n");
        refused_control(&[Block::control(), evil], &["entry `control`", "twice"]);
    }
    let renamed = [
        Block::control(),
        Block::long(b'L', "./control"),
        Block::file("x", b"Package: evil\n"),
    ];
    refused_control(&renamed, &["entry `control`", "twice"]);
    for odd in ["/control", ".//control", "././control", "//control"] {
        let block = Block::file(odd, &control_text());
        refused_control(&[block], &[&format!("`{odd}`"), "expected the name `./control`"]);
    }
}

#[test]
fn control_is_a_file_and_nothing_else() {
    refused_control(
        &[Block::link("./control", b'2', "/etc/hostname")],
        &["`control`", "symbolic link"],
    );
    let hard = [
        Block::file("./x", &control_text()),
        Block::link("./control", b'1', "./x"),
    ];
    refused_control(&hard, &["`control`", "hard link"]);
    refused_control(
        &[Block::new("./control", b'6', b"")],
        &["`control`", "named pipe"],
    );
    refused_control(&[Block::directory("./control")], &["`control`", "a directory"]);
    for kind in *b"34" {
        let device = Block::new("./control", kind, b"").set(329, b"0000001\x000000003\0");
        refused_control(&[device], &["`control`", "a device"]);
    }
}

#[test]
fn control_tar_holds_files_in_one_place() {
    refused_control(
        &[Block::directory("./sub/"), Block::control()],
        &["`sub`", "a directory"],
    );
    refused_control(
        &[Block::file("./sub/control", b""), Block::control()],
        &["`sub/control`", "in a directory"],
    );
    // Through such a link a later entry would land on the control file.
    let through = [
        Block::control(),
        Block::link("./a", b'2', "."),
        Block::file("./a/control", b"evil"),
    ];
    refused_control(&through, &["`a`", "symbolic link"]);
    let twice = [
        Block::file("./postinst", b"1"),
        Block::file("postinst", b"2"),
        Block::control(),
    ];
    refused_control(&twice, &["entry `postinst`", "twice"]);
}

#[test]
fn control_must_describe_a_package() {
    for text in [&b""[..], b"\n\n", b"Package: hello\n", b"not a field\n"] {
        refused_control(&[Block::file("./control", text)], &["entry `control`"]);
    }
    let two = [control_text(), b"\n".to_vec(), control_text()].concat();
    refused_control(&[Block::file("./control", &two)], &["entry `control`"]);
    let long = [control_text(), vec![b' '; 1 << 20]].concat();
    refused_control(
        &[Block::file("./control", &long)],
        &["entry `control`", "more than 1048576"],
    );
}

/// dpkg reads no field at the very end of the file.
#[test]
fn control_ends_in_a_value_and_a_line_break() {
    let text = control_text();
    for wrong in [
        text.trim_ascii_end().to_vec(),
        [&text[..], b"X-Empty:\n"].concat(),
    ] {
        let bytes = with_control_tar(&tar(&[Block::file("./control", &wrong)]));
        refused(&bytes, &["`control.tar`", "entry `control`", "line break"]);
        assert!(!Asked::new(&bytes).parses());
    }
}

#[test]
fn more_entries_than_allowed() {
    let mut blocks = vec![Block::control()];
    blocks.extend((0..1000).map(|number| Block::file(&format!("./{number}"), b"")));
    refused_control(&blocks, &["more than 1000 entries"]);
    let limits = Limits {
        max_data_entries: 10,
        ..Limits::default()
    };
    let blocks: Vec<_> = (0..11)
        .map(|number| Block::file(&format!("./{number}"), b""))
        .collect();
    let error = debian_deb::read(&with_data_tar(&tar(&blocks))[..], &limits, Data::List).unwrap_err();
    assert_eq!(error.to_string(), "member `data.tar`: more than 10 entries");
}

#[test]
fn more_path_bytes_than_allowed() {
    let limits = Limits {
        max_paths_bytes: 100,
        max_path_bytes: 60,
        ..Limits::default()
    };
    let read = |bytes: &[u8]| {
        debian_deb::read(bytes, &limits, Data::List)
            .unwrap_err()
            .to_string()
    };
    let long = hello().file(&"p".repeat(70), b"").build();
    assert!(
        read(&long).contains("bytes long, more than 60"),
        "{}",
        read(&long)
    );
    let link = hello().symlink("link", &"t".repeat(70)).build();
    assert!(
        read(&link).contains("70 bytes long, more than 60"),
        "{}",
        read(&link)
    );
    let many = hello()
        .file(&"p".repeat(50), b"")
        .file(&"q".repeat(50), b"")
        .build();
    assert!(
        read(&many).contains("longer than 100 bytes together"),
        "{}",
        read(&many)
    );
}
