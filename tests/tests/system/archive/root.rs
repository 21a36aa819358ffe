//! What all commands share: the root, the configuration, a closed pipe.

use super::state;
use archive_tests::{DebBuilder, Run, TestArchive};
use std::path::Path;
use std::process::Command;

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

#[test]
fn the_root_is_the_option_then_the_environment_then_the_working_directory() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let root = archive.root();
    let elsewhere = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], environment: Option<&Path>| {
        let mut command = archive.command(arguments);
        command.current_dir(elsewhere.path());
        if let Some(root) = environment {
            command.env("REPOGEN_ROOT", root);
        }
        Run::of(&mut command)
    };
    let root_text = root.display().to_string();
    assert!(
        run(&["--root", &root_text, "list"], None)
            .ok()
            .stdout
            .contains("hello")
    );
    assert!(run(&["list"], Some(&root)).ok().stdout.contains("hello"));
    assert!(
        run(&["--root", &root_text, "list"], Some(elsewhere.path()))
            .ok()
            .stdout
            .contains("hello")
    );
    assert_ne!(run(&["list"], None).code, 0);
}

#[test]
fn an_unknown_key_of_the_configuration_is_named_with_its_line() {
    let archive = TestArchive::new();
    let before = state(&archive.root().join("dists"));
    archive.configure_last_suite("colour = \"blue\"");
    let text = archive.read("repogen.toml");
    let line = text.lines().position(|line| line.starts_with("colour")).unwrap() + 1;
    let run = archive.repogen(&["publish", "--force"]).exits(2);
    assert!(
        run.stderr.contains("colour") && run.stderr.contains(&line.to_string()),
        "{}",
        run.report()
    );
    assert_eq!(state(&archive.root().join("dists")), before);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    let program = archive_tests::archive::repogen();
    let script = format!("set -o pipefail; '{}' list | true", program.display());
    Run::of(
        Command::new("bash")
            .arg("-c")
            .arg(script)
            .current_dir(archive.root()),
    )
    .ok();
}
