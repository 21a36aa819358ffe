//! `cpkgs man`, `repogen man`, `uploader man`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use archive_tests::{Run, archive};
use regex_lite::Regex;

/// Returns the man pages of a program: what is asked for by the name of a file.
fn pages(program: &Path) -> impl Fn(&str) -> String + use<> {
    let folder = tempfile::tempdir().unwrap();
    Run::of(Command::new(program).arg("man").arg(folder.path())).ok();
    move |name: &str| fs::read_to_string(folder.path().join(name)).unwrap()
}

fn reference_page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/reference")
        .join(name)
}

#[test]
fn every_command_has_a_page_with_what_holds_for_all() {
    let programs = [
        (
            archive::cpkgs(),
            ["cpkgs.1", "cpkgs-install.1", "cpkgs-source-add.1"],
        ),
        (
            archive::repogen(),
            ["repogen.1", "repogen-publish.1", "repogen-key-import.1"],
        ),
        (
            archive::uploader(),
            ["uploader.1", "uploader-serve.1", "uploader-user-add.1"],
        ),
    ];
    for (program, names) in programs {
        let page = pages(&program);
        for name in names {
            for heading in [
                "NAME",
                "SYNOPSIS",
                "OPTIONS",
                "\"EXIT STATUS\"",
                "\"ENVIRONMENT\"",
                "\"FILES\"",
                "\"SEE ALSO\"",
            ] {
                assert!(
                    page(name).contains(&format!(".SH {heading}\n")),
                    "{name}: {heading}"
                );
            }
        }
    }
}

#[test]
fn the_variables_of_the_reference_are_in_the_page() {
    let named = Regex::new("`([A-Z]+(?:_[A-Z]+)+)`").unwrap();
    for (program, name, reference) in [
        (archive::cpkgs(), "cpkgs.1", "cpkgs.md"),
        (archive::repogen(), "repogen.1", "repogen.toml.md"),
        (archive::uploader(), "uploader.1", "uploader.md"),
    ] {
        let text = fs::read_to_string(reference_page(reference)).unwrap();
        let page = pages(&program)(name);
        let (_, environment) = page.split_once(".SH \"ENVIRONMENT\"\n").unwrap();
        let (environment, _) = environment.split_once("\n.SH ").unwrap();
        let rows = text.lines().filter(|line| line.starts_with('|'));
        let variables: Vec<&str> = rows
            .flat_map(|row| {
                named
                    .captures_iter(row)
                    .map(|found| found.get(1).unwrap().as_str())
            })
            .collect();
        assert!(variables.len() > 2, "{reference}: {variables:?}");
        for variable in variables {
            assert!(environment.contains(variable), "{name}: {variable}");
        }
    }
}

#[test]
fn the_reference_has_every_option_and_no_other() {
    let option = Regex::new(r"--[a-z][a-z-]+").unwrap();
    let options_of = |text: &str| -> BTreeSet<String> {
        option
            .find_iter(text)
            .map(|found| found.as_str().to_owned())
            // Every command has these.
            .filter(|option| !["--help", "--version"].contains(&option.as_str()))
            .collect()
    };
    for (program, reference, heading) in [
        (archive::cpkgs(), "cpkgs.md", "## Commands and options\n"),
        (archive::repogen(), "repogen.md", "## Options\n"),
        (archive::uploader(), "uploader.md", "## Commands\n"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        Run::of(Command::new(&program).arg("man").arg(folder.path())).ok();
        let mut options = BTreeSet::new();
        for page in fs::read_dir(folder.path()).unwrap() {
            let page = fs::read_to_string(page.unwrap().path())
                .unwrap()
                .replace("\\-", "-");
            let lines = page.lines().filter(|line| line.starts_with("\\fB-"));
            lines.for_each(|line| options.extend(options_of(line)));
        }
        let text = fs::read_to_string(reference_page(reference)).unwrap();
        let (_, section) = text.split_once(heading).unwrap();
        let (section, _) = section.split_once("\n## ").unwrap();
        assert_eq!(options_of(section), options, "{reference}");
    }
}

#[test]
fn a_page_has_commands_as_they_are_typed() {
    let page = pages(&archive::cpkgs());
    let synopsis = page("cpkgs-install.1");
    assert!(
        synopsis.contains("\ncpkgs install [OPTIONS] [PACKAGE]...\n"),
        "{synopsis}"
    );
    // One line each, as it is typed.
    let root = page("cpkgs.1");
    let examples: Vec<&str> = root
        .lines()
        .skip_while(|line| *line != ".SH EXAMPLES")
        .skip(1)
        .take(3)
        .collect();
    assert_eq!(examples[0], ".nf");
    assert!(examples[1].starts_with("cpkgs source add "), "{examples:?}");
    assert!(examples[2].starts_with("cpkgs update && "), "{examples:?}");
}
