//! Versions against the real dpkg, in its two implementations.

use std::cmp::Ordering;
use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::{any_version, version};

/// Versions such as archives have them: releases, backports, rebuilds, snapshots, repacked and odd ones.
const REAL: &[&str] = &[
    "2.36-9+deb12u10",
    "2.36-9+deb12u9",
    "1:1.2.13.dfsg-1",
    "1:1.2.13.dfsg-1+b1",
    "20230311+deb12u1",
    "20230311",
    "5.10~git20230101.abcdef0-1",
    "5.10-1~bpo12+1",
    "5.10-1",
    "5.10-1+b2",
    "5.10-1.1",
    "5.10-1ubuntu0.22.04.1",
    "7.88.1-10+deb12u5",
    "7.88.1~rc1-1",
    "0~20220101-2",
    "0~20220101.1-2",
    "0.0~git20210726.e7812ac-4",
    "1.0~beta2+dfsg-1",
    "1.0~beta10+dfsg-1",
    "1.0~alpha+really0.9-1",
    "3.0.11-1~deb12u2",
    "3.0.9-1",
    "2:9.0.1378-2",
    "2:9.0.1378-2+deb12u2",
    "1:2.39.5-0+deb12u2",
    "1:2.39.5-0",
    "1:2.39.5",
    "4:22.12.3-1+b1",
    "252.30-1~deb12u2",
    "252-1",
    "6.1.0-18-amd64",
    "6.1.76-1",
    "6.1.0",
    "1.4.0a-1",
    "1.4.0A-1",
    "1.4.0.a-1",
    "1.4.0+a-1",
    "1.4.0-a-1",
    "9.99.99",
    "10.0.0",
    "1.0.0.0",
    "1.0.0",
    "2024.01.18-1",
    "2024.1.18-1",
    "0.r12-1",
    "1.2.3+dfsg1-4",
    "1.2.3+dfsg-4",
    "1.2.3+repack-1",
    "1.2.3+ds-1",
    "1.2.3+ds1-1",
    "0.5~",
    "0.5~~",
    "0.5",
    "0.5-0~",
    "0.5-0",
    "1.18446744073709551616-1",
    "1.18446744073709551615-1",
    "1.000000000000000000000000000000001",
    "1.1",
    "1.01",
];

/// Pairs of real and of made up versions.
fn pairs(count: usize) -> Vec<(String, String)> {
    let either = || prop_oneof![prop::sample::select(REAL).prop_map(str::to_owned), any_version()];
    // A change of one character makes a neighbour of a version.
    let neighbour = (
        either(),
        any::<prop::sample::Index>(),
        prop::sample::select(vec!["", "~", "0", "1", "a", "+", "."]),
    )
        .prop_map(|(text, at, piece)| {
            let (before, after) = text.split_at(at.index(text.len() + 1));
            let changed = format!("{before}{piece}{after}");
            (
                text.clone(),
                if changed.parse::<super::Version>().is_ok() {
                    changed
                } else {
                    text
                },
            )
        });
    let strategy = prop_oneof![(either(), either()), neighbour];
    let mut runner = TestRunner::deterministic();
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

/// Runs a program that answers each pair, given as a line, with `-1`, `0` or `1`.
fn answers(program: &str, arguments: &[&str], pairs: &[(String, String)]) -> Vec<Ordering> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let lines: String = pairs
        .iter()
        .map(|(left, right)| format!("{left} {right}\n"))
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| line.parse::<i32>().unwrap().cmp(&0))
        .collect()
}

fn check(pairs: &[(String, String)], answers: &[Ordering]) {
    assert_eq!(answers.len(), pairs.len());
    for ((left, right), expected) in pairs.iter().zip(answers) {
        let (left, right) = (version(left), version(right));
        assert_eq!(left.cmp(&right), *expected, "{left} {right}");
        assert_eq!(
            left.sort_key().cmp(&right.sort_key()),
            *expected,
            "{left} {right}"
        );
    }
}

#[test]
fn versions_order_as_dpkg_orders_them() {
    let pairs = pairs(300);
    let script = "while read -r left right; do \
        if dpkg --compare-versions \"$left\" lt \"$right\"; then echo -1; \
        elif dpkg --compare-versions \"$left\" eq \"$right\"; then echo 0; else echo 1; fi; done";
    check(&pairs, &answers("sh", &["-c", script], &pairs));
}

#[test]
fn versions_order_as_the_perl_of_dpkg_orders_them() {
    // Perl compares numbers as floating point; dpkg itself takes any length.
    let is_short = |text: &str| {
        text.split(|letter: char| !letter.is_ascii_digit())
            .all(|run| run.len() < 16)
    };
    let mut pairs = pairs(10_000);
    pairs.retain(|(left, right)| is_short(left) && is_short(right));
    assert!(pairs.len() > 5_000);
    let script = "chomp; my ($left, $right) = split / /; print version_compare($left, $right), \"\\n\"";
    check(
        &pairs,
        &answers("perl", &["-MDpkg::Version", "-ne", script], &pairs),
    );
}
