//! Settings that have no place any more for what is published: nothing vanishes in silence, and nothing stays served.

use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, TestArchive, Watching};

fn hello(architecture: &str) -> DebBuilder {
    DebBuilder::new("hello", "1.0", architecture)
}

/// Returns an archive with `hello` published in the last of two components.
fn with_contrib() -> TestArchive {
    let archive = TestArchive::init(&["--component", "main", "--component", "contrib"]);
    let file = hello("amd64").write_into(&archive.outside());
    archive
        .repogen(&["add", "--component", "contrib", file.to_str().unwrap()])
        .ok();
    archive.publish();
    archive
}

#[test]
fn a_component_that_is_gone_takes_its_packages_only_when_told() {
    let archive = with_contrib();
    archive.configure(r#"["main", "contrib"]"#, r#"["main"]"#);
    let before = archive.read("dists/stable/InRelease");
    for arguments in [&["publish"][..], &["publish", "--force"]] {
        let refused = archive.repogen(arguments);
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(
            refused.stderr.contains("1 package of component `contrib`"),
            "{}",
            refused.stderr
        );
        assert!(refused.stderr.contains("--drop"), "{}", refused.stderr);
    }
    assert_eq!(archive.read("dists/stable/InRelease"), before);
    let found = archive.repogen(&["verify"]);
    assert_eq!(found.code, 1);
    assert!(found.stdout.contains("component `contrib`"), "{}", found.stdout);
    let counts = |arguments: &[&str]| {
        let published = archive.repogen(arguments).ok();
        let row = published.rows()[0].join(" ");
        row.rsplit_once(' ').unwrap().0.to_owned()
    };
    assert_eq!(counts(&["publish", "--drop"]), "stable published 0 0 1");
    assert!(
        archive
            .read("dists/stable/Release")
            .contains("Components: main\n")
    );
    archive.repogen(&["verify"]).ok();
    // What was let go is no matter any more, and can still be seen and moved.
    archive.add(&[DebBuilder::new("other", "1.0", "amd64")]);
    assert_eq!(counts(&["publish"]), "stable published 1 1 0");
    let listed = archive.repogen(&["list"]).ok();
    assert!(listed.stdout.contains("stable\tcontrib"), "{}", listed.stdout);
    assert!(
        listed.stderr.contains("component or architecture: 1 of them"),
        "{}",
        listed.stderr
    );
    archive.repogen(&["remove", "hello"]).ok();
    // It left no index, and now comes into one.
    archive.add(&[hello("amd64")]);
    assert_eq!(counts(&["publish"]), "stable published 2 1 0");
    archive.repogen(&["remove", "other"]).ok();
    assert_eq!(counts(&["publish"]), "stable published 1 0 1");
}

#[test]
fn an_architecture_that_is_gone_takes_its_packages_only_when_told() {
    let archive = TestArchive::init(&[
        "--architecture",
        "amd64",
        "--architecture",
        "arm64",
        "--architecture",
        "i386",
    ]);
    archive.add(&[hello("arm64"), DebBuilder::new("data", "1.0", "all")]);
    archive.publish();
    // Also of one that no package is built for, the clients lose what is for all.
    for (gone, lost) in [("arm64", "2 packages"), ("i386", "1 package")] {
        archive.configure(&format!(r#", "{gone}""#), "");
        let refused = archive.repogen(&["publish"]).exits(1);
        let said = format!("{lost} of architecture `{gone}`");
        assert!(refused.stderr.contains(&said), "{}", refused.stderr);
        archive.repogen(&["publish", "--drop"]).ok();
    }
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_suite_does_not_go_back_to_what_no_publish_would_show() {
    let archive = with_contrib();
    let id = archive.repogen(&["snapshot", "create"]).ok().stdout;
    archive.repogen(&["remove", "hello"]).ok();
    archive.add(&[DebBuilder::new("other", "1.0", "amd64")]).ok();
    archive.publish();
    archive.configure(r#"["main", "contrib"]"#, r#"["main"]"#);
    let before = archive.repogen(&["list"]).ok().stdout;
    let refused = archive.repogen(&["rollback", id.trim()]).exits(1);
    assert!(
        refused.stderr.contains("1 package of component `contrib`"),
        "{}",
        refused.stderr
    );
    assert_eq!(archive.repogen(&["list"]).ok().stdout, before);
}

#[test]
fn a_package_that_was_removed_before_its_component_went_is_no_loss() {
    let archive = with_contrib();
    archive.repogen(&["remove", "hello"]).ok();
    archive.configure(r#"["main", "contrib"]"#, r#"["main"]"#);
    archive.publish();
}

#[test]
fn a_suite_that_is_gone_stops_being_served_when_told() {
    let archive = TestArchive::init(&["--url", "http://localhost", "--suite", "old", "--suite", "other"]);
    archive.configure("codename      = \"old\"", "codename = \"old\"\nsuite = \"was\"");
    let file = hello("amd64").write_into(&archive.outside());
    archive
        .repogen(&["add", "--suite", "old", file.to_str().unwrap()])
        .ok();
    archive.publish();
    archive.repogen(&["snapshot", "create", "--suite", "old"]).ok();
    let text = archive.read("repogen.toml");
    let (before, rest) = text.split_once("[[suite]]").unwrap();
    let (_, other) = rest.split_once("[[suite]]").unwrap();
    std::fs::write(
        archive.root().join("repogen.toml"),
        format!("{before}[[suite]]{other}"),
    )
    .unwrap();

    let refused = archive.repogen(&["publish"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stdout.contains("other\t"),
        "the other suite goes on: {}",
        refused.stdout
    );
    assert!(
        refused
            .stderr
            .contains("`old` is still served, but is not in repogen.toml (packages in it: 1)"),
        "{}",
        refused.stderr
    );
    let found = archive.repogen(&["verify"]);
    for path in ["dists/old", "dists/was", "old.sources", "snapshots/"] {
        assert!(found.stdout.contains(path), "{path}: {}", found.stdout);
    }
    let dropped = archive.repogen(&["publish", "--drop"]).ok();
    assert!(dropped.stdout.contains("old\tdropped\t1"), "{}", dropped.stdout);
    for path in ["dists/old", "dists/was", "old.sources", "snapshots"] {
        let left = archive.root().join(path);
        let is_empty = std::fs::read_dir(&left).is_ok_and(|mut entries| entries.next().is_none());
        assert!(is_empty || left.symlink_metadata().is_err(), "{path} is left");
    }
    archive.repogen(&["verify"]).ok();
    archive.publish();
    let listed = archive.repogen(&["list", "--suite", "old"]).ok();
    assert!(listed.stdout.contains("hello"), "{}", listed.stdout);
    archive
        .repogen(&["copy", "--from", "old", "--to", "other", "hello"])
        .ok();
    archive.publish();
}

#[test]
fn an_alias_takes_over_the_name_of_a_codename_that_is_gone() {
    let archive = TestArchive::new();
    archive.add(&[hello("amd64")]);
    archive.publish();
    archive.configure("= \"stable\"", "= \"bookworm\"\nsuite = \"stable\"");
    let refused = archive.repogen(&["publish"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("`stable`") && !refused.stderr.contains("directory"),
        "{}",
        refused.stderr
    );
    assert!(
        archive
            .read("dists/stable/Release")
            .contains("Codename: stable\n")
    );
    archive.repogen(&["publish", "--drop"]).ok();
    assert!(archive.root().join("dists/stable").is_symlink());
    assert!(
        archive
            .read("dists/stable/Release")
            .contains("Codename: bookworm\n")
    );
    archive.repogen(&["copy", "--from", "stable", "--to", "bookworm", "hello"]);
    archive.publish();
    archive.repogen(&["verify"]).ok();
}

#[test]
fn watch_says_once_what_it_will_not_drop_and_goes_on_with_others() {
    let archive = TestArchive::init(&[
        "--suite",
        "stable",
        "--suite",
        "other",
        "--component",
        "main",
        "--component",
        "contrib",
    ]);
    let file = hello("amd64").write_into(&archive.outside());
    let add = [
        "add",
        "--suite",
        "stable",
        "--component",
        "contrib",
        file.to_str().unwrap(),
    ];
    archive.repogen(&add).ok();
    archive.publish();
    let text = archive.read("repogen.toml");
    let changed = text.replacen(r#"["main", "contrib"]"#, r#"["main"]"#, 1);
    std::fs::write(archive.root().join("repogen.toml"), changed).unwrap();
    let mut watching = Watching::start(&archive);
    watching.until("the refusal", |watching| watching.stderr().contains("contrib"));
    for version in ["1.0", "2.0", "3.0"] {
        let file = DebBuilder::new("more", version, "all").write_into(&archive.outside());
        let seen = watching.stdout().matches("other\tpublished").count();
        archive
            .repogen(&["add", "--suite", "other", file.to_str().unwrap()])
            .ok();
        watching.until("the other suite goes on", |watching| {
            watching.stdout().matches("other\tpublished").count() > seen
        });
    }
    assert_eq!(
        watching.stderr().matches("`contrib`").count(),
        1,
        "{}",
        watching.stderr()
    );
}

/// Returns an archive with one package in `bookworm`, which has the alias `stable`, and `trixie` beside it.
fn with_alias() -> TestArchive {
    let archive = TestArchive::init(&["--suite", "bookworm", "--suite", "trixie"]);
    archive.configure(
        "codename      = \"bookworm\"",
        "codename = \"bookworm\"\nsuite = \"stable\"",
    );
    let file = hello("amd64").write_into(&archive.outside());
    archive
        .repogen(&["add", "--suite", "bookworm", file.to_str().unwrap()])
        .ok();
    archive.publish();
    archive
}

#[test]
fn an_alias_that_is_gone_is_taken_from_clients_only_when_told() {
    let archive = with_alias();
    archive.configure("suite = \"stable\"", "suite = \"oldstable\"");
    let before = archive.read("dists/stable/InRelease");
    for arguments in [&["publish"][..], &["publish", "--force"]] {
        let refused = archive.repogen(arguments).exits(1);
        assert!(
            refused.stderr.contains("its alias `stable` would disappear"),
            "{}",
            refused.stderr
        );
        assert!(refused.stderr.contains("--drop"), "{}", refused.stderr);
    }
    assert_eq!(archive.read("dists/stable/InRelease"), before);
    archive.repogen(&["publish", "--drop"]).ok();
    assert!(archive.root().join("dists/stable").symlink_metadata().is_err());
    assert!(
        archive
            .read("dists/oldstable/Release")
            .contains("Suite: oldstable\n")
    );
    archive.repogen(&["verify"]).ok();
}

#[test]
fn an_alias_goes_from_one_suite_to_the_next_without_being_told() {
    let archive = with_alias();
    archive.configure("suite = \"stable\"", "suite = \"oldstable\"");
    archive.configure(
        "codename      = \"trixie\"",
        "codename = \"trixie\"\nsuite = \"stable\"",
    );
    archive.publish();
    let shown = std::fs::read_link(archive.root().join("dists/stable")).unwrap();
    assert_eq!(shown.to_str(), Some("trixie"));
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_suite_that_takes_the_name_of_an_alias_has_all_its_files_there() {
    let archive = with_alias();
    archive.configure(
        "codename = \"bookworm\"\nsuite = \"stable\"",
        "codename = \"stable\"",
    );
    archive.repogen(&["publish", "--drop"]).ok();
    archive.repogen(&["verify"]).ok();
}
