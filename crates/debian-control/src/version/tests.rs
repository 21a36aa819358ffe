mod dpkg;

use proptest::prelude::*;

use super::*;

fn version(text: &str) -> Version {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_parts_are_those_of_the_text() {
    let whole = version("2:1.0-rc1-3+b1");
    assert_eq!(
        (whole.epoch(), whole.upstream(), whole.revision()),
        (2, "1.0-rc1", Some("3+b1"))
    );
    assert_eq!(whole.without_epoch(), "1.0-rc1-3+b1");
    let bare = version("1.0");
    assert_eq!((bare.epoch(), bare.upstream(), bare.revision()), (0, "1.0", None));
}

#[test]
fn what_deb_version_does_not_allow_is_refused() {
    for text in [
        "",
        ":",
        "1:",
        ":1",
        "a",
        "1:a",
        "-1",
        "1-",
        "x:1",
        "-1:1",
        "2147483648:1",
        "99999999999:1",
        "1_0",
        "1 0",
        "1/0",
        "1.0-1_2",
        "1.0-a:b",
        "1\n",
        "é1",
        "1é",
        "+1",
        "~1",
    ] {
        assert!(text.parse::<Version>().is_err(), "{text:?}");
    }
    assert!("2147483647:1".parse::<Version>().is_ok());
}

#[test]
fn a_version_that_dpkg_kept_is_read_and_ordered_as_dpkg_does() {
    let kept = |text: &str| Version::of_status(text).unwrap();
    for text in ["a1.0", "1.0_1", "1:é-1_2", "-1-1"] {
        assert!(text.parse::<Version>().is_err(), "{text:?}");
        assert_eq!(kept(text).as_str(), text);
    }
    assert!(kept("a1.0") > kept("1.0"));
    assert!(kept("1.0_1") > kept("1.0+1"));
    for text in ["", "1:", "-1", "1-", "x:1", "1 0", "1\t"] {
        assert!(Version::of_status(text).is_err(), "{text:?}");
    }
}

#[test]
fn equal_versions_in_other_letters_are_equal_and_hash_alike() {
    for (left, right) in [
        ("1.0", "1.00"),
        ("0:1.0", "1.0"),
        ("1.0", "1.0-0"),
        ("1.", "1.0"),
        ("1a", "1a0"),
        ("1-0", "1-00"),
    ] {
        assert_eq!(version(left), version(right));
        assert_eq!(
            version(left).sort_key(),
            version(right).sort_key(),
            "{left} {right}"
        );
    }
}

/// Versions made of what decides comparisons, rather than of random letters.
fn any_version() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "0",
        "1",
        "9",
        "10",
        "00",
        "01",
        "~",
        "~~",
        "a",
        "z",
        "A",
        ".",
        "+",
        "-",
        "+b1",
        "~rc1",
        "18446744073709551617",
    ]);
    (prop::option::of(0..3_u32), prop::collection::vec(piece, 0..6)).prop_map(|(epoch, pieces)| {
        let epoch = epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
        format!("{epoch}1{}", pieces.concat())
            .trim_end_matches('-')
            .to_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn keys_order_as_versions_do(left in any_version(), right in any_version()) {
        let (left, right) = (version(&left), version(&right));
        prop_assert_eq!(left.cmp(&right), left.sort_key().cmp(&right.sort_key()));
    }

    #[test]
    fn the_order_is_total(mut versions in prop::collection::vec(any_version(), 3)) {
        versions.sort_by_key(|text| version(text));
        for pair in versions.windows(2) {
            prop_assert!(version(&pair[0]) <= version(&pair[1]));
        }
        prop_assert!(version(&versions[0]) <= version(&versions[2]));
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC*") {
        if let Ok(parsed) = text.parse::<Version>() {
            prop_assert_eq!(parsed.as_str(), text);
        }
    }
}
