//! `cpkgs man`.

use std::fs;

use archive_tests::{Client, TestArchive};

#[test]
fn every_command_has_a_page_with_what_holds_for_all() {
    let archive = TestArchive::new();
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    let folder = client.folder().join("man");
    client.run(&["man", &folder.display().to_string()]).ok();
    let page = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    for name in ["cpkgs.1", "cpkgs-install.1", "cpkgs-source-add.1"] {
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
