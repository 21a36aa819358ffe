use crate::limits::Limits;
use proptest::prelude::*;

use super::*;

fn parse(control: &str) -> Result<BinaryPackage, ControlError> {
    BinaryPackage::parse(control.as_bytes(), &Limits::default())
}

fn with(line: &str) -> String {
    format!("Package: hello\nVersion: 1:2.0-3\nArchitecture: amd64\n{line}\n")
}

fn refused(control: &str) -> String {
    parse(control)
        .map(|package| package.control().to_owned())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_package_is_what_its_fields_say() {
    let control = "package: hello\nVersion: 1:2.0-3+b1\nArchitecture: amd64\nSource: greet (1:2.0-3)\nInstalled-Size: 42\nEssential: yes\nDepends: libc6 (>= 2.28) | libc6.1,\n perl:any\nDescription: greets\n At length.\n .\n  As it is.\n";
    let package = parse(control).unwrap();
    assert_eq!(package.control(), control);
    assert_eq!(package.file_name(), "hello_2.0-3+b1_amd64.deb");
    assert_eq!(
        (package.source().as_str(), package.source_version().as_str()),
        ("greet", "1:2.0-3")
    );
    assert_eq!((package.installed_size(), package.essential()), (Some(42), true));
    assert_eq!(
        package.relations(RelationKind::Depends).to_string(),
        "libc6 (>= 2.28) | libc6.1, perl:any"
    );
    assert_eq!(package.relations(RelationKind::Breaks).0.len(), 0);
    assert_eq!(package.description().unwrap(), "greets\nAt length.\n\n As it is.");
    assert_eq!(
        (package.section(), package.priority(), package.maintainer()),
        (None, None, None)
    );
}

#[test]
fn what_only_an_index_says_is_dropped() {
    let package = parse(&with(
        "filename: /etc/passwd\nSize: 1\nSHA256: x\nMD5sum: y\nX-Kept: z",
    ))
    .unwrap();
    assert_eq!(package.control(), with("X-Kept: z"));
}

#[test]
fn how_far_an_update_is_handed_out_is_kept() {
    let control = with("Phased-Update-Percentage: 10");
    assert_eq!(parse(&control).unwrap().control(), control);
}

#[test]
fn line_ends_of_another_system_are_made_plain() {
    assert_eq!(
        parse(&with("X-A: b").replace('\n', "\r\n")).unwrap().control(),
        with("X-A: b")
    );
    assert!(refused(&with("X-A: b\rc")).contains("control character"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn every_rule_is_named_with_its_field_or_line() {
    for (control, message) in [
        (String::new(), "found nothing"),
        (
            "Package: hello\nVersion: 1\n".into(),
            "field `Architecture` is missing",
        ),
        (
            "Package:\nVersion: 1\nArchitecture: all\n".into(),
            "field `Package` is missing or empty",
        ),
        (with("\nPackage: second"), "line 4: an empty line ends the stanza"),
        (with("X-A: b\n  \nX-C: d"), "line 5: only blanks"),
        (with("PACKAGE: other"), "line 4: field `PACKAGE` stands twice"),
        (with("# comment"), "line 4"),
        (with("X-A: \u{1b}[2J"), "line 4: control character"),
        (format!("\u{feff}{}", with("X-A: b")), "byte order mark"),
        (
            with("Depends: foo (bar"),
            "field `Depends`: `(` after `foo` has no end",
        ),
        (
            with("Depends: foo [amd64]"),
            "field `Depends`: `foo [amd64]` has what only source packages have",
        ),
        (with("Recommends: foo <!nocheck>"), "only source packages"),
        (with("Provides: foo (>= 1)"), "field `Provides`"),
        (with("Conflicts: a | b"), "no alternatives"),
        (with("Multi-Arch: maybe"), "field `Multi-Arch`: `maybe`"),
        (with("Essential: perhaps"), "field `Essential`"),
        (with("Important: perhaps"), "field `Important`"),
        (
            with("Installed-Size: 1\n 2"),
            "field `Installed-Size` goes on over more than one line",
        ),
        (
            with("Section: a\n b"),
            "field `Section` goes on over more than one line",
        ),
        (with("Source: ../x"), "field `Source`: invalid package name"),
        (with("Source: greet 1"), "field `Source`"),
        (with("Source: greet (x)"), "field `Source`: invalid version"),
        (
            with(&format!("X-A: {}", "x".repeat(70_000))),
            "field `X-A`: 70001 bytes",
        ),
        (
            with(
                &(0..200)
                    .map(|at| format!("X-{at}: y"))
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            "203 fields: expected at most 200",
        ),
        (
            with(&format!("Depends: {}", vec!["aa"; 10_001].join(","))),
            "more than 10000 relations",
        ),
        (
            "Package: he/llo\nVersion: 1\nArchitecture: all\n".into(),
            "field `Package`: invalid package name `he/llo`",
        ),
        (
            "Package: hello\nVersion: one\nArchitecture: all\n".into(),
            "field `Version`: invalid version `one`",
        ),
        (
            "Package: hello\nVersion: 1\nArchitecture: any\n".into(),
            "field `Architecture`",
        ),
        (
            "Package: hello\nVersion: 1\nArchitecture: amd64 i386\n".into(),
            "field `Architecture`",
        ),
    ] {
        let error = refused(&control);
        assert!(error.contains(message), "{error:?} does not say {message:?}");
    }
    assert!(
        parse(&"x".repeat(2 << 20))
            .unwrap_err()
            .to_string()
            .contains("expected at most 1048576")
    );
    let latin = [with("Maintainer: J").as_bytes().trim_ascii_end(), b"\xf6rg\n"].concat();
    assert!(
        BinaryPackage::parse(&latin, &Limits::default())
            .unwrap_err()
            .to_string()
            .contains("line 4: not UTF-8")
    );
}

#[test]
fn what_is_only_to_be_installed_may_have_the_bytes_that_dpkg_carries() {
    let control =
        b"Package: a\nVersion: 1\nArchitecture: all\nMaintainer: J\xf6rg \x01\r <x>\r\nDescription: d\n";
    let read = |control: &[u8]| BinaryPackage::parse(control, &Limits::for_installing());
    let package = read(control).unwrap();
    assert_eq!(package.maintainer(), Some("J?rg ?? <x>"));
    let provides = b"Package: a\nVersion: 1\nArchitecture: all\nProvides: v (>= 1)\nDescription: d\n";
    assert!(
        read(provides)
            .unwrap()
            .relations(RelationKind::Provides)
            .0
            .is_empty()
    );
    assert!(BinaryPackage::parse(provides, &Limits::default()).is_err());
    assert!(read(b"Package: a\xf6\nVersion: 1\nArchitecture: all\n").is_err());
    assert!(read(b"Package: a\nVersion: 1\nArchitecture: all\nDescription: \0\n").is_err());
}

#[test]
fn what_dpkg_refuses_or_reads_as_something_else_is_refused() {
    for (control, message) in [
        (
            "Status: install ok installed",
            "field `Status` belongs to the database",
        ),
        ("config-version: 1", "field `Config-Version` belongs"),
        ("Triggers-Awaited: a", "field `Triggers-Awaited` belongs"),
        ("Revision: 2", "field `Revision` is obsolete: expected `Version`"),
        ("Package_Revision: 2", "expected `Version`"),
        ("Recommended: a", "expected `Recommends`"),
        ("Optional: a", "expected `Suggests`"),
        ("A: b", "field `A`: expected a name of two characters"),
        ("X-Last:", "the last line is not whole"),
        ("X-Last: \nSHA256: x", "the last line is not whole"),
    ] {
        let error = refused(&with(control));
        assert!(error.contains(message), "{error:?} does not say {message:?}");
    }
    assert!(refused(with("X-A: b").trim_end()).contains("the last line is not whole"));
}

#[test]
fn what_apt_reads_no_index_with_is_refused() {
    assert!(refused(&with("Provides:\nX-A: b")).contains("field `Provides` is empty"));
    assert!(refused(&with("Depends: foo (=1)")).contains("too short for apt"));
    assert_eq!(
        parse(&with("Depends:\nX-A: b"))
            .unwrap()
            .relations(RelationKind::Depends)
            .0
            .len(),
        0
    );
}

#[test]
fn one_line_of_any_text_is_a_section() {
    assert_eq!(
        parse(&with("Section: Net Tools, odd")).unwrap().section(),
        Some("Net Tools, odd")
    );
}

#[test]
fn words_are_taken_in_any_case() {
    let package = parse(&with("Essential: YES\nMulti-Arch: Foreign")).unwrap();
    assert_eq!(
        (package.essential(), package.multi_arch()),
        (true, Some("Foreign"))
    );
}

#[test]
fn empty_lines_around_the_stanza_are_passed_over() {
    assert_eq!(
        parse(&format!("\n\n{}\n\n", with("X-A: b"))).unwrap().control(),
        with("X-A: b")
    );
}

#[test]
fn relations_may_fill_more_than_other_fields() {
    let many = (0..9_000)
        .map(|at| format!("virtual-{at} (= 1)"))
        .collect::<Vec<_>>()
        .join(", ");
    assert!(many.len() > 100_000);
    assert_eq!(
        parse(&with(&format!("Provides: {many}")))
            .unwrap()
            .relations(RelationKind::Provides)
            .0
            .len(),
        9_000
    );
}

#[test]
fn a_file_name_that_no_disk_takes_is_refused() {
    let control = |length: usize| {
        format!(
            "Package: {}\nVersion: 1.{}\nArchitecture: amd64\n",
            "a".repeat(128),
            "0".repeat(length)
        )
    };
    let longest = 255 - "_1._amd64.deb".len() - 128;
    assert_eq!(parse(&control(longest)).unwrap().file_name().len(), 255);
    assert!(refused(&control(longest + 1)).contains("longer than 255 bytes"));
}

#[test]
fn both_readers_agree_on_what_is_odd_but_valid() {
    for odd in [
        "X-A:",
        "X-A: \t",
        "X-A:b",
        "X-A:\tb\t",
        "X-A: b  ",
        "X-A:\n b\n\tc",
        "X-A:\n  .\n .",
        "X-A: :\n : :",
        "X-A: é\u{a0}\u{2028}\n \u{3000}x",
        "X-A: Gro\u{c3}\u{9f}",
        "X-A: #\n #\n  -x",
        "!a: b",
        "X_A~: b",
    ] {
        parse(&with(&format!("{odd}\nX-End: x"))).unwrap_or_else(|error| panic!("{odd:?}: {error}"));
    }
    let long = format!("Description: {}\n {}", "x".repeat(200_000), "y ".repeat(200_000));
    parse(&with(&long)).unwrap();
    // Fields that list what is in a package, or what it was built with.
    for field in ["Build-Ids", "Built-Using", "Static-Built-Using", "Tag"] {
        parse(&with(&format!("{field}: {}", "0123456789abcdef ".repeat(8000)))).unwrap();
    }
    let text = with(&format!("X-A: {}", "0123456789abcdef ".repeat(8000)));
    assert!(refused(&text).contains("at most 65536"));
}

#[test]
fn a_disagreement_of_the_readers_is_an_error() {
    let stanza = Stanza::parse("Package: hello\nX-A: b\n").unwrap();
    let check = |text| second_reader::check(text, &stanza).map_err(|error| error.to_string());
    assert_eq!(check("Package: hello\nX-A:   b\n"), Ok(()));
    for (text, on) in [
        ("Package: hello\nX-A: c\n", "the field `X-A`"),
        ("Package: hello\nX-B: b\n", "the field `X-A`"),
        ("Package: hello\n", "how many fields it has"),
        ("Package: hello\n\nX-A: b\n", "how many stanzas it has"),
        ("Package: hello\nX-A\n", "whether it is well formed"),
    ] {
        assert_eq!(
            check(text),
            Err(format!("two readers of control files disagree on {on}"))
        );
    }
}

proptest! {
    #[test]
    fn what_is_kept_is_read_again(
        fields in prop::collection::btree_map("X-[a-z]{1,4}", "[ -~é]{0,12}(\n[ \t]{1,2}[!-~][ -~\t]{0,12}){0,3}", 0..6),
        dropped in prop::sample::select(vec!["", "SHA256: x\n", "Description-md5:\n"]),
    ) {
        let fields: String = fields.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let control = with(&format!("{fields}{dropped}X-End: x"));
        let package = parse(&control).unwrap();
        prop_assert_eq!(package.control(), control.replace(dropped, ""));
        let again = parse(package.control()).unwrap();
        prop_assert_eq!(again.control(), package.control());
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100), line in "\\PC{0,40}") {
        let _ = BinaryPackage::parse(&bytes, &Limits::default());
        if let Ok(package) = parse(&with(&line)) {
            prop_assert!(parse(package.control()).is_ok());
        }
    }
}

#[test]
fn many_fields_and_lines_take_linear_time() {
    let lines = format!("Description: x\n{}", " y\n".repeat(300_000));
    assert!(parse(&with(lines.trim_end())).is_ok());
}
