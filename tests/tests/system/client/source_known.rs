//! Sources that nobody describes by hand: distributions that cpkgs knows by name, and those that apt has.

use std::fs;
use std::path::Path;

use archive_tests::{Client, Nginx, TestArchive};

/// Makes an archive with these suites; returns it and the file with its keys.
fn archive(suites: &[&str]) -> (TestArchive, String) {
    let arguments: Vec<&str> = suites.iter().flat_map(|suite| ["--suite", suite]).collect();
    let archive = TestArchive::init(&arguments);
    archive.publish().ok();
    let keys = archive.root().join("archive-keyring.pgp").display().to_string();
    (archive, keys)
}

/// Returns URL, suites and components of each source.
fn listed(client: &Client) -> Vec<String> {
    let sources = client.json(&["source", "list"]);
    let words = |value: &serde_json::Value| {
        let words = value
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap());
        words.collect::<Vec<_>>().join(" ")
    };
    let lines = sources.iter().map(|source| {
        let url = source["url"].as_str().unwrap();
        format!(
            "{url} {} {}",
            words(&source["suites"]),
            words(&source["components"])
        )
    });
    lines.collect()
}

#[test]
fn a_release_of_debian_comes_with_its_updates_by_name() {
    let (archive, keys) = archive(&["trixie", "trixie-updates", "trixie-security"]);
    // The main archive, and beside it the security fixes, as mirrors have them.
    let nginx = Nginx::serve_with(&archive.root(), |shipped| {
        let types = "default_type application/octet-stream;";
        assert!(shipped.contains(types));
        shipped.replacen(
            types,
            &format!("{types}\nrewrite ^/debian(-security)?/(.*)$ /$2;"),
            1,
        )
    });
    let client = Client::new();
    let mirror = format!("{}/debian", nginx.url());
    let add = |release: &str| {
        let source = ["source", "add", "debian", release, "--archive", &mirror];
        client.run(&[&source[..], &["--signed-by", &keys]].concat())
    };
    let wrong = add("trixi").exits(3);
    assert!(wrong.stderr.contains("suite `trixi` of"), "{}", wrong.report());
    assert_eq!(listed(&client), [""; 0]);
    add("trixie").ok();
    assert_eq!(
        listed(&client),
        [
            format!("{mirror} trixie trixie-updates main"),
            format!("{mirror}-security trixie-security main")
        ]
    );
}

#[test]
fn an_archive_of_a_distribution_is_named_for_a_distribution_only() {
    let client = Client::new();
    let url = "http://127.0.0.1:9/debian";
    let run = client
        .run(&["source", "add", "http://127.0.0.1:9/x", "--archive", url])
        .exits(2);
    assert!(
        run.stderr.contains("--archive goes with `debian`"),
        "{}",
        run.report()
    );
    let run = client
        .run(&["source", "add", "debian", "trixie", "--archive", "gopher:x"])
        .exits(2);
    assert!(run.stderr.contains("gopher:x"), "{}", run.report());
}

#[test]
fn the_sources_of_apt_are_taken_with_their_keys_and_what_cannot_be_is_said() {
    let (archive, keys) = archive(&["stable", "testing"]);
    let url = format!("file:{}", archive.root().display());
    let client = Client::new();
    let lines = client.folder().join("a.list");
    fs::write(
        &lines,
        format!("# deb {url} old main\ndeb [trusted=yes] {url} stable main\ndeb-src {url} stable main\n"),
    )
    .unwrap();
    let armored = fs::read_to_string(archive.root().join("archive-keyring.asc")).unwrap();
    let folded: Vec<&str> = armored
        .lines()
        .map(|line| if line.is_empty() { "." } else { line })
        .collect();
    let stanzas = client.folder().join("b.sources");
    fs::write(
        &stanzas,
        format!(
            "Types: deb\nURIs: {url}\nSuites: stable testing\nComponents: main\nSigned-By: {keys}\n\n\
             Types: deb\nURIs: {url}\nSuites: absent\nComponents: main\nSigned-By:\n {}\n",
            folded.join("\n ")
        ),
    )
    .unwrap();
    let path = |file: &Path| file.display().to_string();
    let imported = client
        .run(&["source", "import", &path(&lines), &path(&stanzas)])
        .exits(1);
    for said in ["trusted=yes", "suite `absent` of"] {
        assert!(imported.stderr.contains(said), "{said}: {}", imported.report());
    }
    assert_eq!(listed(&client), [format!("{url} stable testing main")]);
    client.run(&["update"]).ok();
}

#[test]
fn components_of_one_suite_in_several_lines_are_one_source() {
    let archive = TestArchive::init(&["--component", "main", "--component", "contrib"]);
    archive.publish().ok();
    let client = Client::new();
    let root = archive.root().display().to_string();
    let file = client.folder().join("sources.list");
    let line = |name| format!("deb [signed-by={root}/archive-keyring.pgp] file:{root} stable {name}\n");
    fs::write(&file, ["main", "contrib"].map(line).concat()).unwrap();
    client
        .run(&["source", "import", &file.display().to_string()])
        .ok();
    assert_eq!(listed(&client), [format!("file:{root} stable main contrib")]);
}

#[test]
fn without_a_source_every_command_says_how_to_get_one() {
    let client = Client::new();
    for command in [
        &["update"][..],
        &["search", "x"],
        &["install", "x", "--yes"],
        &["search", "--file", "x"],
    ] {
        let run = client.run(command).exits(1);
        assert!(
            run.stderr.contains("cpkgs source add"),
            "{command:?}: {}",
            run.report()
        );
    }
}

#[test]
fn architectures_are_named_by_commas_and_what_is_none_is_refused_at_once() {
    let (archive, keys) = archive(&["stable"]);
    let url = archive.root().display().to_string();
    let client = Client::new();
    let add = |architectures: &str| {
        let source = ["source", "add", &url, "--suite", "stable", "--signed-by", &keys];
        client.run(&[&source[..], &["--architecture", architectures]].concat())
    };
    for wrong in ["any", "amd64,AMD64", "amd64 i386"] {
        let refused = add(wrong);
        let says = refused.stderr.contains("invalid architecture");
        assert!(refused.code != 0 && says, "{wrong}: {}", refused.report());
    }
    assert_eq!(listed(&client), [""; 0]);
    add("amd64,arm64").ok();
    let sources = client.json(&["source", "list"]);
    assert_eq!(sources[0]["architectures"], serde_json::json!(["amd64", "arm64"]));
}
