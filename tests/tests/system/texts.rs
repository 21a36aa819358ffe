//! What the programs print, to the letter: a change of a text is seen in a snapshot, and read before it is kept.
//!
//! `INSTA_UPDATE=always cargo test --test system texts` writes the snapshots anew.

use std::path::Path;
use std::process::Command;

use archive_tests::{Client, DebBuilder, Run, TestArchive, WriteDeb as _, archive};
use regex_lite::Regex;

/// What differs from run to run, and what stands for it. In this order: a long form goes before what is a part of it.
const MASKS: [(&str, &str); 13] = [
    (r"[0-9A-F]{40}", "FINGERPRINT"),
    (r"([0-9A-F]{4} ){4} ([0-9A-F]{4} ){4}[0-9A-F]{4}", "FINGERPRINT"),
    (r"\b[0-9a-f]{64}\b", "SHA256"),
    (r"\b\d{8}T\d{6}Z\b", "SNAPSHOT"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?", "TIME"),
    (r"\b\d{4}-\d\d-\d\d\b", "DAY"),
    (r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} UTC", "TIME"),
    (r"\b\d+(\.\d+)? (ms|s)\b", "SECONDS"),
    (r"localhost:\d+|127\.0\.0\.1:\d+", "SERVER"),
    (r"(?m)^(\S+\tpublished(\t\d+){3})\t\d+$", "$1\tMILLISECONDS"),
    (r"\([\d.]+ [kMGT]?B free\)", "(SIZE free)"),
    (r"keyrings/\S+\.pgp", "keyrings/KEYRING"),
    (r"\b[0-9a-f]{32}\b", "ID"),
];

/// A run of a command as it is kept: the command, its exit code and both outputs, without what differs from run to run.
fn masked(shown: &str, run: &Run, folders: &[(&str, &str)]) -> String {
    let mut text = format!("$ {shown}\n[{}]\n{}", run.code, run.stdout);
    if !run.stderr.is_empty() {
        text.push_str("--- stderr\n");
        text.push_str(&run.stderr);
    }
    for (folder, name) in folders {
        text = text.replace(folder, name);
    }
    for (pattern, name) in MASKS {
        text = Regex::new(pattern).unwrap().replace_all(&text, name).into_owned();
    }
    text.push('\n');
    text
}

fn packages() -> [DebBuilder; 4] {
    let tool = DebBuilder::new("tool", "1.0", "all")
        .field("Section", "utils")
        .field("Homepage", "https://tool.example.org/")
        .field(
            "Description",
            "does things\n It does them well.\n .\n And quickly.",
        )
        .depends("library (>= 1), interpreter")
        .file("usr/bin/tool", "#!/bin/sh\necho tool\n");
    let library = DebBuilder::new("library", "1:1.2-3", "all").file("usr/share/library/data", "data");
    let interpreter = DebBuilder::new("interpreter", "2", "all")
        .field("Provides", "language")
        .file("usr/bin/interpreter", "#!/bin/sh\n");
    let rival = DebBuilder::new("rival", "1", "all").field("Conflicts", "tool");
    [tool, library, interpreter, rival]
}

#[test]
fn of_cpkgs() {
    let archive = TestArchive::new();
    archive.add(&packages()).ok();
    archive.publish();
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    let (root, home) = (
        archive.root().display().to_string(),
        client.home().display().to_string(),
    );
    let folder = client.folder().display().to_string();
    let mut text = String::new();
    for command in [
        "update",
        "source list",
        "source list --json",
        "search thing",
        "search thing --json",
        "info tool",
        "depends tool",
        "rdepends library",
        "files tool",
        "why tool",
        "install -s tool",
        "install -s tool --json",
        "install --yes tool",
        "install --yes tool",
        "list --installed",
        "list --installed --json",
        "why library",
        "hold tool",
        "upgrade",
        "remove -s library",
        "install rival",
        "install absent",
        "install toll",
        "remove --yes tool",
        "autoremove --yes",
        "history",
        "rollback -s",
        "gc",
        "repair",
        "check",
        "frobnicate",
        "install",
        "source add http://localhost:1/nothing --suite stable",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let folders = [(home.as_str(), "HOME"), (&folder, "FOLDER"), (&root, "ROOT")];
        text.push_str(&masked(
            &format!("cpkgs {command}"),
            &client.run(&words),
            &folders,
        ));
    }
    insta::assert_snapshot!("cpkgs", text);
}

#[test]
fn of_repogen() {
    let archive = TestArchive::empty();
    let root = archive.root().display().to_string();
    let outside = archive.outside();
    let [tool, library, ..] = packages();
    let paths = [&tool, &library].map(|package| package.write_into(&outside).display().to_string());
    let other = DebBuilder::new("tool", "1.0", "all").write_into(&outside.join("other"));
    let outside = outside.display().to_string();
    std::fs::write(archive.root().join("no.deb"), "no package").unwrap();
    let mut text = String::new();
    for command in [
        "init --suite stable --architecture amd64",
        "init",
        &format!("add {}", paths.join(" ")),
        &format!("add {}", paths.join(" ")),
        &format!("add {}", other.display()),
        "add no.deb",
        "add absent.deb",
        "publish",
        "publish",
        "list",
        "list --json",
        "check",
        "verify",
        "snapshot list",
        "remove absent",
        "remove tool",
        "publish",
        "rollback --suite stable 20200101T000000Z",
        "prune --dry-run",
        "key list",
        "publish --suite absent",
        "frobnicate",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let folders = [(outside.as_str(), "OUTSIDE"), (&root, "ROOT")];
        text.push_str(&masked(
            &format!("repogen {command}"),
            &archive.repogen(&words),
            &folders,
        ));
    }
    insta::assert_snapshot!("repogen", text);
}

/// Returns the help of a program and of all its commands, each under its command line.
fn help(program: &Path, commands: &[&str]) -> String {
    let arguments = [commands, &["--help"]].concat();
    let run = Run::of(Command::new(program).args(&arguments).env_clear()).ok();
    let name = program.file_name().unwrap().to_str().unwrap();
    let mut text = format!("$ {name} {}\n{}\n", arguments.join(" "), run.stdout);
    let below = run.stdout.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in below.take_while(|line| !line.is_empty()) {
        // A command stands at two blanks, the further lines of its text at more.
        let command = line.strip_prefix("  ").filter(|line| !line.starts_with(' '));
        let command = command.and_then(|line| line.split_whitespace().next());
        if let Some(command) = command.filter(|command| *command != "help") {
            text.push_str(&help(program, &[commands, &[command]].concat()));
        }
    }
    text
}

#[test]
fn of_help() {
    for program in [archive::cpkgs(), archive::repogen(), archive::uploader()] {
        let name = program.file_name().unwrap().to_str().unwrap().to_owned();
        insta::assert_snapshot!(format!("help_of_{name}"), help(&program, &[]));
    }
}
