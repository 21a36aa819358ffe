use proptest::prelude::*;

use super::*;
use crate::inrelease::check_fit;

fn release() -> Release {
    Release {
        origin: Some("Example".into()),
        label: Some("Example".into()),
        suite: Some("stable".into()),
        codename: Some("bookworm".into()),
        date: Some(1_700_000_000),
        valid_until: Some(1_700_086_400),
        acquire_by_hash: true,
        not_automatic: true,
        architectures: vec!["all".into(), "amd64".into()],
        components: vec!["main".into()],
        sha256: vec![IndexFile {
            path: "main/binary-amd64/Packages".into(),
            sha256: Sha256::from_bytes([1; 32]),
            size: 0,
        }],
        ..Release::default()
    }
}

#[test]
fn what_is_written_is_read_again() {
    assert_eq!(Release::parse(&release().render()), Ok(release()));
}

#[test]
fn comments_stand_between_fields() {
    let text = release().render();
    let commented = format!("# of tonight\n{}", text.replace("\nSuite:", "\n# next\nSuite:"));
    assert_eq!(Release::parse(&commented), Ok(release()));
}

#[test]
fn a_value_never_makes_a_field() {
    let text = Release {
        origin: Some("A\nSuite: evil".into()),
        ..release()
    }
    .render();
    assert_eq!(Release::parse(&text).unwrap().suite.as_deref(), Some("stable"));
}

#[test]
fn a_release_of_debians_own_shape_is_read() {
    let text = "Origin: Debian\nLabel: Debian\nSuite: oldstable\nVersion: 12.9\nCodename: bookworm\nChangelogs: https://x/@CHANGEPATH@\nDate: Sat, 11 Jan 2025 10:23:04 UTC\nAcquire-By-Hash: yes\nNo-Support-for-Architecture-all: Packages\nArchitectures: all amd64\nComponents: main contrib\nDescription: Debian 12.9 Released 11 January 2025\nMD5Sum:\n 0ed6d4c8891eb86358b94bb35d9e4da4  1484322 contrib/Contents-all\nSHA256:\n d6c9c82f4e61b4662f9ba16b9ebb379c57b4943f8b7813091d1f637325ddfb79  1484322 contrib/Contents-all\n";
    let release = Release::parse(text).unwrap();
    assert_eq!(release.date, Some(1_736_590_984));
    assert_eq!(release.sha256[0].size, 1_484_322);
    assert_eq!(release.components, ["main", "contrib"]);
}

#[test]
fn lines_that_lead_out_of_the_folder_are_passed_over() {
    let digest = "0".repeat(64);
    for path in ["../a", "/a", "a b", "a//b", "./a"] {
        let text = format!("Suite: a\nSHA256:\n {digest} 1 {path}\n {digest} 2 b\n");
        let listed = Release::parse(&text).unwrap().sha256;
        assert_eq!(
            listed.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(),
            ["b"],
            "{path}"
        );
    }
}

#[test]
fn lines_that_are_no_entries_are_refused() {
    let digest = "0".repeat(64);
    for line in ["0 1 a", &format!("{digest} -1 a"), &format!("{digest} 1")] {
        assert!(
            Release::parse(&format!("Suite: a\nSHA256:\n {line}\n")).is_err(),
            "{line}"
        );
    }
}

#[test]
fn a_name_of_another_field_never_makes_a_field() {
    let other = [
        "A\nSuite", "Suite", "suite", "SHA256", "A:", "", "#a", " a", "X-Good",
    ];
    let text = Release {
        other: other.map(|name| (name.into(), "evil".into())).to_vec(),
        ..release()
    }
    .render();
    let parsed = Release::parse(&text).unwrap();
    assert_eq!(parsed.other, [("X-Good".to_owned(), "evil".to_owned())]);
    assert_eq!(parsed.suite.as_deref(), Some("stable"));
}

#[test]
fn a_path_never_makes_a_line() {
    let file = |path: &str| IndexFile {
        path: path.into(),
        ..release().sha256[0].clone()
    };
    let text = Release {
        sha256: vec![file("a\n 0 1 b"), file("c")],
        ..release()
    }
    .render();
    assert_eq!(text.lines().count(), release().render().lines().count() + 1);
}

#[test]
fn fields_without_a_value_are_left_out() {
    let empty = Release {
        origin: Some(String::new()),
        label: Some(" \t".into()),
        ..Release::default()
    };
    assert_eq!(empty.render(), "SHA256:\n");
}

#[test]
fn the_list_is_ordered_by_path() {
    let file = |path: &str| IndexFile {
        path: path.into(),
        ..release().sha256[0].clone()
    };
    let text = Release {
        sha256: ["b", "a/c", "a"].map(file).to_vec(),
        ..Release::default()
    }
    .render();
    let paths: Vec<_> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next_back())
        .collect();
    assert_eq!(paths, ["a", "a/c", "b"]);
}

#[test]
fn a_path_with_two_files_is_refused() {
    let line = |digit: &str| format!(" {} 1 a\n", digit.repeat(64));
    let twice = |second: &str| Release::parse(&format!("SHA256:\n{}{}", line("0"), line(second)));
    assert!(twice("0").is_ok());
    assert_eq!(twice("1"), Err(ReleaseError::Twice("a".into())));
}

#[test]
fn a_second_stanza_is_refused() {
    assert!(Release::parse(&format!("{}\nSuite: evil\n", release().render())).is_err());
}

/// Text as values have it.
fn value() -> impl Strategy<Value = String> {
    "[!-~é]([ -~é\t]{0,9}[!-~é])?"
}

fn words_of(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-z][a-z0-9-]{0,6}", count)
}

proptest! {
    #[test]
    fn any_release_is_read_as_it_was_written(
        texts in prop::array::uniform8(prop::option::of(value())),
        flags in prop::array::uniform3(any::<bool>()),
        date in 0_i64..4_102_444_800,
        valid_for in prop::option::of(0_i64..100_000_000),
        (architectures, components) in (words_of(0..3), words_of(0..3)),
        other in prop::collection::btree_map("X-[A-Z]{1,3}", value(), 0..3),
        files in prop::collection::btree_map("[a-z]{1,5}(/[a-z]{1,5}){0,3}", (any::<[u8; 32]>(), any::<u64>()), 0..6),
    ) {
        let [origin, label, suite, version, codename, snapshots, signed_by, description] = texts;
        let release = Release {
            origin, label, suite, version, codename, snapshots, signed_by, description, architectures, components,
            changelogs: None,
            no_support_for_architecture_all: None,
            date: Some(date),
            valid_until: valid_for.map(|seconds| date + seconds),
            not_automatic: flags[0],
            but_automatic_upgrades: flags[1],
            acquire_by_hash: flags[2],
            other: other.into_iter().collect(),
            sha256: files
                .into_iter()
                .map(|(path, (digest, size))| IndexFile { path, sha256: Sha256::from_bytes(digest), size })
                .collect(),
        };
        let text = release.render();
        prop_assert_eq!(check_fit(&text), Ok(()));
        prop_assert_eq!(Release::parse(&text), Ok(release));
    }

    #[test]
    fn any_value_can_be_signed(text in "\\PC{0,20}|[\0-\x20a:]{0,9}") {
        let release = Release {
            origin: Some(text.clone()),
            components: vec![text.clone()],
            other: vec![(text.clone(), text.clone())],
            ..release()
        };
        prop_assert_eq!(check_fit(&release.render()), Ok(()));
        prop_assert_eq!(Release::parse(&release.render()).unwrap().suite, release.suite);
        let _ = Release::parse(&text);
    }
}

#[test]
fn a_path_by_digest_is_beside_the_usual_one() {
    let digest = Sha256::of(b"");
    assert_eq!(
        by_hash_path("main/binary-amd64/Packages.xz", &digest),
        format!("main/binary-amd64/by-hash/SHA256/{digest}")
    );
    assert_eq!(
        by_hash_path("Packages.xz", &digest),
        format!("by-hash/SHA256/{digest}")
    );
}

#[test]
fn an_unreadable_time_is_passed_over_only_where_it_does_not_count() {
    let text = "Suite: a\nDate: Mon, 01 Jan 2024 00:00:00 UTC\nValid-Until: never\n";
    assert!(Release::parse(text).is_err());
    let release = Release::parse_counting(text, &["Date"]).unwrap();
    assert_eq!((release.date, release.valid_until), (Some(1_704_067_200), None));
    let readable = text.replace("never", "Tue, 02 Jan 2024 00:00:00 UTC");
    assert_eq!(Release::parse_counting(&readable, &[]), Release::parse(&readable));
    let undated = text.replace("Mon, 01 Jan 2024 00:00:00 UTC", "never");
    assert!(Release::parse_counting(&undated, &["Date"]).is_err());
    let release = Release::parse_counting(&undated, &[]).unwrap();
    assert_eq!((release.date, release.valid_until), (None, None));
}
