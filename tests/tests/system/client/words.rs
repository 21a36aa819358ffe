//! Words of commands that mean several packages or say what goes, and commands for those who know apt.

use std::fs;
use std::process::Command;

use archive_tests::{Apt, Client, DebBuilder, Run, TestArchive, WriteDeb as _};
use serde_json::json;

/// A client that has the indexes of an archive of these packages.
fn client_of(packages: &[DebBuilder]) -> (TestArchive, Client) {
    let archive = TestArchive::new();
    archive.add(packages).ok();
    archive.publish();
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    client.run(&["update"]).ok();
    (archive, client)
}

fn package(name: &str) -> DebBuilder {
    DebBuilder::new(name, "1", "all").field("Section", "editors")
}

fn installed(client: &Client) -> Vec<String> {
    let packages = client.json(&["list", "--installed"]);
    let names = packages.iter().map(|package| package["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

#[test]
fn a_sign_after_a_name_says_what_to_do_unless_a_package_is_called_so() {
    let (_archive, client) = client_of(&["old", "new", "g++", "lib-"].map(package));
    client.run(&["install", "--yes", "old", "g++"]).ok();
    assert_eq!(installed(&client), ["g++", "old"]);
    client.run(&["install", "--yes", "new", "old-"]).ok();
    assert_eq!(installed(&client), ["g++", "new"]);
    client.run(&["remove", "--yes", "g++", "old+"]).ok();
    assert_eq!(installed(&client), ["new", "old"]);
    client.run(&["hold", "old"]).ok();
    let refused = client.run(&["install", "--yes", "old-"]).exits(1);
    assert!(refused.stderr.contains("`old` is held"), "{}", refused.report());
    client.run(&["install", "--yes", "absent-"]).exits(1);
}

#[test]
fn a_tree_of_dependencies_says_the_same_to_programs() {
    let (_archive, client) = client_of(&[
        package("app").depends("lib (>= 1), nowhere"),
        package("lib").depends("base"),
        package("base").depends("lib"),
    ]);
    let shown = client.run(&["depends", "--tree", "app"]).ok().stdout;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(
        lines,
        [
            "app 1",
            "  lib 1",
            "    base 1",
            "      lib 1 (above)",
            "  nowhere (virtual or missing)",
        ]
    );
    let row = |depth: usize, relation: Option<&str>, package: Option<&str>, above: bool| {
        let version = package.map(|_| "1");
        json!({"depth": depth, "relation": relation, "package": package, "version": version, "above": above})
    };
    assert_eq!(
        client.json(&["depends", "--tree", "app"]),
        [
            row(0, None, Some("app"), false),
            row(1, Some("lib (>= 1)"), Some("lib"), false),
            row(2, Some("base"), Some("base"), false),
            row(3, Some("lib"), Some("lib"), true),
            row(1, Some("nowhere"), None, false),
        ]
    );
}

#[test]
fn what_a_plan_needs_is_not_told_to_be_unneeded_and_what_it_leaves_is() {
    let (archive, client) = client_of(&[package("app").depends("lib"), package("lib"), package("other")]);
    client.run(&["install", "--yes", "app"]).ok();
    let told = "1 package is no longer needed: `cpkgs autoremove` removes it\n";
    let says_so = |words: &[&str]| client.run(words).ok().stderr.contains(told);
    assert!(says_so(&["remove", "--yes", "app"]));
    assert!(!says_so(&["remove", "--dry-run", "app+"]));
    assert!(!says_so(&["install", "--dry-run", "app"]));
    assert!(!says_so(&["install", "--dry-run", "lib", "other"]));
    assert!(says_so(&["install", "--yes", "other"]));
    archive.add(&[DebBuilder::new("other", "2", "all")]).ok();
    archive.publish();
    client.run(&["update"]).ok();
    assert!(says_so(&["upgrade", "--dry-run"]));
    assert!(!says_so(&["autoremove", "--dry-run"]));
}

#[test]
fn an_upgrade_names_what_is_held_behind_newer_versions() {
    let (archive, client) = client_of(&[package("app").depends("lib"), package("lib")]);
    client.run(&["install", "--yes", "app"]).ok();
    client.run(&["hold", "app"]).ok();
    assert_eq!(client.run(&["upgrade"]).ok().stderr, "nothing to do\n");
    let newer = |name| DebBuilder::new(name, "2", "all");
    let packages = [
        newer("app").depends("lib"),
        newer("lib").field("Breaks", "app (<< 2)"),
    ];
    archive.add(&packages).ok();
    archive.publish();
    client.run(&["update"]).ok();
    for command in ["upgrade", "full-upgrade"] {
        let said = client.run(&[command, "--dry-run"]).ok().stderr;
        let expected = "held behind newer versions: app (1); `cpkgs unhold NAME` lets one change\n\
            kept back: lib (1); `cpkgs upgrade NAME` says why\nnothing to do\n";
        assert_eq!(said, expected, "{command}");
        let plan = client.json(&[command, "--dry-run"]);
        let kept = plan[0]["kept_back"].as_array().unwrap().iter();
        let names: Vec<_> = kept.map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["lib", "app"], "{command}");
    }
}

#[test]
fn who_is_asked_is_warned_of_a_small_disk_also_with_quiet() {
    let (_archive, client) = client_of(&[package("big").field("Installed-Size", "9223372036854")]);
    let cpkgs = client.command(&[]).get_program().display().to_string();
    // A question needs a terminal, which `script` makes.
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command"])
        .arg(format!("{cpkgs} --quiet install big"))
        .arg("/dev/null")
        .env("CPKGS_HOME", client.home())
        .current_dir(client.folder());
    let run = Run::of_input(&mut command, "no\n");
    let said = run.stdout.find("warning: it may not fit on the disk: it needs ");
    let asked = run.stdout.find("Go ahead?");
    assert!(said.is_some() && said < asked, "{}", run.report());
}

#[test]
fn globs_expressions_and_patterns_mean_all_packages_that_match() {
    let (_archive, client) = client_of(&[
        package("ed-one").depends("need"),
        package("ed-two"),
        package("need"),
        package("other"),
    ]);
    client.run(&["install", "--yes", "ed-*"]).ok();
    assert_eq!(installed(&client), ["ed-one", "ed-two", "need"]);
    let listed = |pattern: &str| client.run(&["list", pattern]).ok().stdout;
    assert_eq!(
        listed("?installed ?automatic"),
        "need\t1\tpackage without a description\n"
    );
    assert_eq!(listed("^ed-t").lines().count(), 1);
    assert_eq!(listed("?and(?section(^editors$), !~i)").lines().count(), 1);
    client.run(&["remove", "--yes", "one$"]).ok();
    assert_eq!(installed(&client), ["ed-two", "need"]);
    client.run(&["remove", "--yes", "?garbage"]).ok();
    assert_eq!(installed(&client), ["ed-two"]);
    client.run(&["install", "--yes", "~nother"]).ok();
    // A pattern means what is installed, where something is to go.
    let none = client.run(&["remove", "--yes", "need*"]).exits(1);
    assert!(
        none.stderr.contains("no installed package matches `need*`"),
        "{}",
        none.report()
    );
    client.run(&["install", "zzz*"]).exits(1);
    let wrong = client.run(&["install", "?nothing"]).exits(2);
    assert!(
        wrong.stderr.contains("there is no term `?nothing` here"),
        "{}",
        wrong.report()
    );
}

#[test]
fn a_pattern_for_what_is_installed_lists_the_version_that_is() {
    let (archive, client) = client_of(&["one", "two"].map(package));
    client.run(&["install", "--yes", "one"]).ok();
    let local = package("local").field("Description", "from a file").build();
    fs::write(client.folder().join("local.deb"), local).unwrap();
    let planned = client.run(&["install", "--dry-run", "./local.deb"]).ok().stdout;
    assert!(planned.contains("; 0 B of "), "{planned}");
    let plan = client.json(&["install", "--dry-run", "./local.deb"]);
    assert_eq!(plan[0]["download_bytes"], 0);
    client.run(&["install", "--yes", "./local.deb"]).ok();
    archive.add(&[DebBuilder::new("one", "2", "all")]).ok();
    archive.publish();
    client.run(&["update"]).ok();
    let listed = |pattern: &str| {
        let run = client.run(&["list", pattern]).ok();
        let rows = run.rows().into_iter();
        rows.map(|row| row[..2].join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(listed("?installed"), ["local 1", "one 1"]);
    assert_eq!(listed("?upgradable"), ["one 1"]);
    assert_eq!(listed("?obsolete"), ["local 1"]);
    assert_eq!(listed("~none !~i"), ["one 2"]);
    assert_eq!(listed("?version(^2$)"), ["one 2"]);
    assert_eq!(listed("local"), ["local 1"]);
    let shown = client.json(&["list", "?installed"]);
    assert_eq!(shown[0]["suite"], serde_json::Value::Null);
    assert_eq!(shown[0]["description"], "from a file");
    assert_eq!(shown[1]["suite"], "stable");
}

/// Adds an archive with a suite `unstable` of these packages to a client, in this priority.
fn add_unstable(client: &Client, priority: &str, packages: &[DebBuilder]) -> TestArchive {
    let archive = TestArchive::init(&["--suite", "unstable"]);
    archive.add(packages).ok();
    archive.publish();
    let keys = archive.root().join("archive-keyring.pgp");
    let (url, keys) = (
        format!("file:{}", archive.root().display()),
        keys.display().to_string(),
    );
    let source = ["source", "add", &url, "--priority", priority, "--yes"];
    client.run(&[&source[..], &["--signed-by", &keys]].concat()).ok();
    client.run(&["update"]).ok();
    archive
}

#[test]
fn what_is_shown_of_a_package_is_the_version_that_a_request_for_it_brings() {
    let (_archive, client) = client_of(&[package("app").depends("lib (>= 1)"), package("lib")]);
    client.run(&["install", "--yes", "app"]).ok();
    let newer = |name| DebBuilder::new(name, "2", "all");
    let _unstable = add_unstable(
        &client,
        "100",
        &[newer("app").depends("lib (>= 2)"), newer("lib"), newer("only")],
    );
    let candidate = |name: &str| client.json(&["policy", name])[0]["candidate"].clone();
    assert_eq!([candidate("app"), candidate("only")], ["1", "2"]);
    let searched = |name: &str| -> Vec<serde_json::Value> {
        let found = client.json(&["search", "-n", name]);
        found.iter().map(|hit| hit["version"].clone()).collect()
    };
    assert_eq!(searched("app"), ["1"]);
    assert_eq!(searched("only"), ["2"]);
    assert_eq!(
        client.run(&["depends", "app"]).ok().stdout,
        "Depends\tlib (>= 1)\n"
    );
    let tree = client.run(&["depends", "--tree", "app"]).ok().stdout;
    assert_eq!(tree, "app 1\n  lib 1\n");
    // What an upgrade leaves alone is not upgradable.
    assert_eq!(client.run(&["list", "--upgradable"]).ok().stdout, "");
    assert_eq!(client.run(&["list", "?upgradable"]).ok().stdout, "");
    let rows = client.run(&["list", "--installed"]).ok().stdout;
    assert_eq!(rows, "app\t1\tall\tmanual\nlib\t1\tall\tautomatic\n");
}

#[test]
fn a_version_or_a_suite_of_a_package_that_is_shown_can_be_named() {
    let with_file = |version: &str| {
        let app = DebBuilder::new("app", version, "all");
        app.file(&format!("usr/share/app/{version}"), "text\n")
            .depends(&format!("lib-{version}"))
    };
    let (_archive, client) = client_of(&[with_file("1")]);
    let _unstable = add_unstable(&client, "100", &[with_file("2")]);
    let shown = |arguments: &[&str]| client.run(arguments).ok().stdout;
    for (words, version) in [
        ("app", "1"),
        ("app=1", "1"),
        ("app=2", "2"),
        ("app/stable", "1"),
        ("app/unstable", "2"),
        ("app:amd64=2", "2"),
    ] {
        assert_eq!(
            shown(&["depends", words]),
            format!("Depends\tlib-{version}\n"),
            "{words}"
        );
        let files = shown(&["files", words]);
        assert!(
            files.ends_with(&format!("usr/share/app/{version}\n")),
            "{words}: {files}"
        );
        assert!(!files.contains("app/1") || !files.contains("app/2"), "{files}");
    }
    let versions = |command: &str, words: &str| {
        let told = shown(&[command, words]);
        ["1", "2"].map(|version| {
            let lines = [format!("Version: {version}"), format!("     {version} ")];
            told.lines()
                .any(|line| line == lines[0] || line.starts_with(&lines[1]))
        })
    };
    for command in ["info", "policy"] {
        assert_eq!(versions(command, "app"), [true, true], "{command}");
        assert_eq!(versions(command, "app/unstable"), [false, true], "{command}");
        assert_eq!(versions(command, "app=1"), [true, false], "{command}");
    }
    for command in ["info", "depends", "files", "policy"] {
        let said = client.run(&[command, "app=9"]).exits(1).stderr;
        let expected =
            "error: there is no package `app=9`\n  caused by: available: 1 (stable), 2 (unstable)\n";
        assert_eq!(said, expected, "{command}");
    }
    let said = client.run(&["rdepends", "app=1"]).exits(2).stderr;
    assert!(said.contains("`app=1`: expected a name"), "{said}");
}

/// Takes what both programs say of a package out of their different ways to name an archive: the lines of versions and priorities.
fn essence(text: &str) -> Vec<String> {
    let is_said = |line: &&str| {
        let line = line.trim_start();
        !line.contains("http:") && !line.contains("/status")
    };
    text.lines()
        .filter(is_said)
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn policy_says_of_each_version_what_apt_cache_says() {
    let version = |name: &str, version: &str| DebBuilder::new(name, version, "all");
    let packages = [
        version("free", "1"),
        version("free", "2"),
        version("pinned", "1"),
        version("pinned", "2"),
        version("never", "1"),
    ];
    let (archive, nginx) = TestArchive::served(&["--suite", "stable"]);
    archive.add(&packages).ok();
    archive.publish();
    let client = Client::of(&archive, &nginx.url());
    client.run(&["update"]).ok();
    let records = "Package: pinned\nPin: version 1\nPin-Priority: 900\n\nPackage: never\nPin: release *\nPin-Priority: -1\n";
    let apt = Apt::new(&archive.read("stable.sources"));
    apt.update().silent();
    fs::write(apt.path("etc/apt/preferences"), records).unwrap();
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("etc/apt")).unwrap();
    fs::create_dir_all(root.path().join("var/lib/dpkg")).unwrap();
    fs::write(root.path().join("var/lib/dpkg/status"), "").unwrap();
    fs::write(root.path().join("etc/apt/preferences"), records).unwrap();
    let place = root.path().display().to_string();
    for name in ["free", "pinned", "never"] {
        let by_apt = archive_tests::Run::of(apt.command("apt-cache").args(["policy", name])).ok();
        let ours = client
            .run(&["policy", name, "--system", "--dpkg-root", &place])
            .ok();
        assert_eq!(essence(&ours.stdout), essence(&by_apt.stdout), "{name}");
    }
    assert!(client.run(&["policy"]).ok().stdout.starts_with("500 http:"));
    client.run(&["policy", "absent"]).exits(1);
}

#[test]
fn a_changelog_is_read_out_of_the_package() {
    let text = "app (2) stable; urgency=low\n\n  * Better.\n";
    let (_archive, client) = client_of(&[
        package("app").file("usr/share/doc/app/changelog", "older\n"),
        DebBuilder::new("app", "2", "all")
            .file("usr/share/doc/app/changelog", "upstream\n")
            .file("usr/share/doc/app/changelog.Debian", text),
        package("none"),
    ]);
    assert_eq!(client.run(&["changelog", "app"]).ok().stdout, text);
    assert_eq!(client.run(&["changelog", "app=1"]).ok().stdout, "older\n");
    let none = client.run(&["changelog", "none"]).exits(1);
    assert!(
        none.stderr.contains("`none` contains no changelog"),
        "{}",
        none.report()
    );
}

#[test]
fn a_name_that_cannot_be_there_is_said_to_be_so_before_anything_is_fetched() {
    let (_archive, client) = client_of(&[package("app").field("Provides", "virtual")]);
    let files = client.run(&["files", "virtual"]).exits(1).stderr;
    assert!(files.contains("`virtual` is a virtual package"), "{files}");
    assert!(!files.contains("fetching"), "{files}");
    let foreign = client.run(&["install", "--dry-run", "app:i386"]).exits(1).stderr;
    assert!(
        foreign.contains("packages of i386 do not count here"),
        "{foreign}"
    );
    let found = client.run(&["search", "--architecture", "i386", "app"]).ok();
    assert_eq!(found.stdout, "");
    assert_eq!(found.stderr, "warning: no source has packages of `i386`\n");
}

#[test]
fn what_is_no_file_of_a_package_is_said_at_once() {
    let (_archive, client) = client_of(&[package("app")]);
    let folder = client.folder().join("folder.deb");
    fs::create_dir(&folder).unwrap();
    let pipe = client.folder().join("pipe.deb");
    archive_tests::Run::of(std::process::Command::new("mkfifo").arg(&pipe)).ok();
    for path in [folder, pipe] {
        let path = path.display().to_string();
        let said = client.run(&["install", "--dry-run", &path]).exits(2).stderr;
        assert!(said.contains("is not a regular file"), "{said}");
    }
    let said = client.run(&["install", "--dry-run", "./folder"]).exits(2).stderr;
    assert!(said.contains("`./folder` is a path"), "{said}");
}

#[test]
fn one_change_is_told_with_its_packages() {
    let (_archive, client) = client_of(&[package("one"), package("two")]);
    client.run(&["install", "--yes", "one"]).ok();
    client.run(&["install", "--yes", "two", "one-"]).ok();
    let told = client.run(&["history", "2"]).ok().stdout;
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].starts_with("*    2  ") && lines[0].ends_with("install two one-"),
        "{told}"
    );
    assert_eq!(lines[1..], ["install two 1", "remove one 1"]);
    assert_eq!(client.json(&["history", "1"])[0]["added"], json!(["one 1"]));
    client.run(&["history", "3"]).exits(1);
    client.run(&["history", "two"]).exits(2);
}

#[test]
fn a_rollback_tells_of_what_is_held_again_and_no_longer() {
    let (_archive, client) = client_of(&[package("one")]);
    client.run(&["install", "--yes", "one"]).ok();
    client.run(&["hold", "one"]).ok();
    client.run(&["unhold", "one"]).ok();
    let told = client.run(&["history", "3"]).ok().stdout;
    assert!(told.ends_with("\nunhold one\n"), "{told}");
    let planned = client.run(&["rollback", "--dry-run"]).ok().stdout;
    assert_eq!(planned, "hold one\n");
    let said = client.run(&["rollback"]).ok().stderr;
    assert!(said.starts_with("hold one\ngeneration "), "{said}");
    let planned = client.run(&["rollback", "1", "--dry-run"]).ok().stdout;
    assert_eq!(planned, "unhold one\n");
}

#[test]
fn what_is_in_the_cache_is_installed_offline_until_it_is_cleared() {
    let (archive, nginx) = TestArchive::served(&["--suite", "stable"]);
    archive.add(&[package("one"), package("two")]).ok();
    archive.publish();
    let client = Client::of(&archive, &nginx.url());
    client.run(&["--offline", "update"]).exits(3);
    client.run(&["update", "--download-limit", "1000"]).ok();
    client.run(&["install", "--download-only", "--yes", "one"]).ok();
    let refused = client.run(&["--offline", "install", "--yes", "two"]).exits(3);
    let said =
        "error: `--offline` forbids the network, and 1 file is not in the cache: two\nhint: with a network, ";
    assert!(refused.stderr.starts_with(said), "{}", refused.report());
    for (name, is_here) in [("one", true), ("two", false)] {
        let sum = client.run(&["install", "--dry-run", name]).ok().stdout;
        assert_eq!(sum.contains("to remove; 0 B of "), is_here, "{sum}");
    }
    let said = client.run(&["--offline", "install", "--yes", "one"]).ok().stderr;
    assert!(!said.contains("downloading"), "{said}");
    client.run(&["remove", "--purge", "--yes", "one"]).ok();
    let said = client.run(&["install", "--yes", "one", "two"]).ok().stderr;
    assert!(said.contains("\ndownloading 1 package, "), "{said}");
    client.run(&["remove", "--purge", "--yes", "one", "two"]).ok();
    let cleared = client.run(&["gc", "--downloads"]).ok();
    assert!(
        cleared.stderr.contains("removed 2 downloaded files, "),
        "{}",
        cleared.report()
    );
    client
        .run(&[
            "--offline",
            "install",
            "--assume-yes",
            "--no-install-recommends",
            "one",
        ])
        .exits(3);
    client.run(&["install", "--simulate", "one"]).ok();
}

#[test]
fn a_shell_that_takes_what_env_prints_finds_the_programs() {
    let program = package("one").file("usr/bin/one", "#!/bin/sh\necho it is one\n");
    let (_archive, client) = client_of(&[program]);
    client.run(&["install", "--yes", "one"]).ok();
    let script = format!("{}one", client.run(&["env"]).ok().stdout);
    let shell = std::process::Command::new("/bin/sh")
        .args(["-ec", &script])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&shell.stdout), "it is one\n", "{shell:?}");
    let folder = client.json(&["env"])[0]["PATH"].clone();
    assert_eq!(folder, json!(client.path("packages/bin")));
}

#[test]
fn an_installed_package_that_no_source_has_is_kept_with_the_indexes() {
    let (_archive, client) = client_of(&[package("one")]);
    let file = package("mine").depends("one").write_into(client.folder());
    client
        .run(&["install", "--yes", &file.display().to_string()])
        .ok();
    let planned = || client.run(&["remove", "--dry-run", "one"]).ok().stdout;
    let first = planned();
    assert!(first.contains("mine"), "{first}");
    let machines = fs::read_dir(client.home().join("cache/library")).unwrap();
    let machines: Vec<_> = machines.map(|machine| machine.unwrap().path()).collect();
    let [machine] = machines.as_slice() else {
        panic!("{machines:?}")
    };
    let kept = machine.join("universe-installed");
    let bytes = fs::read(&kept).unwrap();
    assert_eq!(planned(), first);
    fs::write(&kept, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(planned(), first);
    assert_eq!(fs::read(&kept).unwrap(), bytes);
    client.run(&["remove", "--yes", "mine"]).ok();
    assert!(!planned().contains("mine"));
}
