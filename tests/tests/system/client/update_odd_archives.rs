//! `cpkgs` where something is not as it should be, and nobody attacks: what is odd costs itself, and nothing else.

use std::fs;

use archive_tests::WriteDeb as _;
use archive_tests::{Client, DebBuilder, TestArchive};

use debian_deb::build::assemble;

use super::source::Foreign;

/// The entry of a package in an index; its file does not exist.
fn entry(name: &str, fields: &str) -> String {
    let digest = "0".repeat(64);
    format!(
        "Package: {name}\nVersion: 1\nArchitecture: all\n{fields}Filename: {name}.deb\nSize: 1\nSHA256: {digest}\n"
    )
}

fn updated(packages: &[u8]) -> (Foreign, Client) {
    let foreign = Foreign::new();
    foreign.publish(packages, "");
    let client = foreign.client(&["--suite", "./"]);
    client.run(&["update"]).ok();
    (foreign, client)
}

#[test]
fn a_stanza_without_a_meaning_is_passed_over_and_the_others_count() {
    let odd = [
        "Depends: x (>= )\n",
        "Depends: x (== 1)\n",
        "Provides: q | r\n",
        "Multi-Arch: bogus\n",
        "Section: a\nSection: b\n",
        "garbage\n",
    ];
    let odd: Vec<String> = odd
        .iter()
        .enumerate()
        .map(|(number, fields)| entry(&format!("odd{number}"), fields))
        .collect();
    let text = [
        entry("first", ""),
        odd.join("\n"),
        entry("last", "Depends: first\n"),
    ]
    .join("\n");
    let (_foreign, client) = updated(text.as_bytes());
    let plan = &client.json(&["install", "last", "--dry-run"])[0];
    assert_eq!(plan["install"].as_array().unwrap().len(), 2, "{plan}");
    let names: Vec<String> = client
        .json(&["list"])
        .iter()
        .map(|package| package["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["first", "last"]);
    client.run(&["install", "--dry-run", "odd0"]).exits(1);
    // Who checks an index wants to know.
    let file = client.folder().join("Packages");
    fs::write(&file, &text).unwrap();
    let file = file.display().to_string();
    let checked = client.run(&["check", "--json", "--packages", &file]).exits(1);
    assert!(
        checked.stdout.ends_with("{\"checked\":8,\"broken\":6}\n"),
        "{}",
        checked.report()
    );
}

#[test]
fn what_cannot_be_provided_costs_itself_and_not_its_package() {
    let foreign = Foreign::new();
    let provides = |name, value| DebBuilder::new(name, "1", "all").field("Provides", value);
    let packages = [
        provides("some", "old (>= 1), real (= 1), plain"),
        provides("none", "old (<< 2)"),
        DebBuilder::new("needs", "1", "all").depends("real (= 1), plain, none"),
        DebBuilder::new("lacks", "1", "all").depends("old"),
    ];
    let mut index = String::new();
    for package in packages {
        let (bytes, file) = (package.build(), package.file_name());
        fs::write(foreign.path(&file), &bytes).unwrap();
        let digest = debian_control::digest::sha256(&bytes);
        let size = bytes.len();
        let control = package.control();
        index.push_str(&format!(
            "{control}Filename: {file}\nSize: {size}\nSHA256: {digest}\n\n"
        ));
    }
    foreign.publish(index.as_bytes(), "");
    let client = foreign.client(&["--suite", "./"]);
    let run = client.run(&["update"]).ok();
    assert!(!run.stderr.contains("are ignored"), "{}", run.report());
    client.run(&["install", "--yes", "needs"]).ok();
    assert_eq!(client.json(&["list", "--installed"]).len(), 3);
    client.run(&["install", "--dry-run", "lacks"]).exits(1);
    let file = foreign.path("none_1_all.deb").display().to_string();
    client.run(&["install", "--dry-run", &file]).ok();
}

#[test]
fn an_update_says_what_is_passed_over() {
    let foreign = Foreign::new();
    foreign.publish(entry("odd", "Multi-Arch: \u{1b}[31m\n").as_bytes(), "");
    let client = foreign.client(&["--suite", "./"]);
    let run = client.run(&["update"]).ok();
    assert!(run.stderr.contains("1 of the packages of"), "{}", run.report());
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.report());
    assert!(!client.run(&["update"]).ok().stderr.contains("are ignored"));
}

#[test]
fn machines_get_what_a_terminal_would_act_on_as_escapes() {
    let (_foreign, client) = updated(entry("odd", "Description: a\u{9b}b\u{202e}c\n").as_bytes());
    let run = client.run(&["info", "odd", "--json"]).ok();
    assert!(run.stdout.contains(r"a\u009bb\u202ec"), "{}", run.report());
    assert_eq!(
        client.json(&["info", "odd"])[0]["description"],
        "a\u{9b}b\u{202e}c"
    );
}

#[test]
fn packages_of_other_architectures_are_passed_over_whatever_they_say() {
    let client = Client::new();
    let file = client.folder().join("Packages");
    let text = "Package: odd\nVersion: 1\nArchitecture: s390x\nDepends: ==\n\nPackage: odd\nVersion: 1 2\nArchitecture: s390x\n";
    fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    let check = ["check", "--json", "--packages", &file, "--architecture", "amd64"];
    assert_eq!(client.run(&check).ok().stdout, "{\"checked\":0,\"broken\":0}\n");
}

#[test]
fn names_are_those_that_dpkg_takes_and_bytes_that_are_no_text_harm_nobody() {
    let mut text = entry("a", "Maintainer: Jos@ <x>\nDepends: b_C\n").into_bytes();
    let at = text.iter().position(|byte| *byte == b'@').unwrap();
    text[at] = 0xe9;
    text.push(b'\n');
    text.extend(entry("b_C", "Description: x\n long words\n").into_bytes());
    let (_foreign, client) = updated(&text);
    let plan = &client.json(&["install", "a", "--dry-run"])[0];
    assert_eq!(plan["install"].as_array().unwrap().len(), 2, "{plan}");
    assert_eq!(client.json(&["info", "a"])[0]["fields"]["Maintainer"], "Jos? <x>");
    assert_eq!(client.json(&["search", "words"])[0]["name"], "b_C");
}

/// A package whose control has bytes that are no text, in a field that nobody needs to understand.
fn unreadable(name: &str, version: &str) -> (Vec<u8>, Vec<u8>) {
    let builder = DebBuilder::new(name, version, "all").file("usr/bin/two", "#!/bin/sh\necho two\n");
    let mut control = builder.control().into_bytes();
    control.extend(b"X-Vendor: J\xf6rg \x01\n");
    let bytes = assemble(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar", &builder.control_tar_with(&control)),
        ("data.tar", &builder.data_tar()),
    ]);
    (control, bytes)
}

/// Publishes two packages, one of them odd; the third time with the line ends of another system.
fn publish_two(foreign: &Foreign, version: &str) {
    let one = DebBuilder::new("one", version, "all");
    let packages = [
        ("one", (one.control().into_bytes(), one.build())),
        ("two", unreadable("two", version)),
    ];
    let mut index = Vec::new();
    for (name, (control, deb)) in packages {
        let file = format!("{name}-{version}.deb");
        fs::write(foreign.path(&file), &deb).unwrap();
        let digest = debian_control::digest::sha256(&deb);
        let placed = format!("Filename: {file}\nSize: {}\nSHA256: {digest}\n\n", deb.len());
        index.extend(control);
        index.extend(placed.into_bytes());
    }
    if version == "3" {
        let lines = index.split(|byte| *byte == b'\n');
        index = lines.collect::<Vec<_>>().join(&b"\r\n"[..]);
    }
    foreign.publish(&index, "");
}

#[test]
fn control_characters_and_other_line_ends_keep_nothing_from_being_upgraded() {
    let foreign = Foreign::new();
    publish_two(&foreign, "1");
    let client = foreign.client(&["--suite", "./"]);
    let root = client.folder().join("root");
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/apt"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    let root = root.display().to_string();
    let system = ["--yes", "--system", "--dpkg-root", &root];
    for version in ["1", "2", "3"] {
        publish_two(&foreign, version);
        let run = client.run(&["update"]).ok();
        assert!(!run.stderr.contains("are ignored"), "{}", run.report());
        let command = if version == "1" {
            &["install", "one", "two"][..]
        } else {
            &["upgrade"]
        };
        client.run(&[command, &["--yes"]].concat()).ok();
        client.run(&[command, &system].concat()).ok();
        for list in [
            &["list", "--installed"][..],
            &["list", "--installed", "--system", "--dpkg-root", &root],
        ] {
            let run = client.run(list).ok();
            assert!(
                run.stdout.contains(&format!("one\t{version}")),
                "{}",
                run.report()
            );
            assert!(
                run.stdout.contains(&format!("two\t{version}")),
                "{}",
                run.report()
            );
        }
        let shown = &client.json(&["info", "two"])[0]["fields"]["X-Vendor"];
        assert_eq!(shown, "J?rg \u{1}");
        client.run(&["depends", "two"]).ok();
        client.run(&["check"]).ok();
        client.run(&["download", "two"]).ok();
    }
    assert_eq!(client.program("two", &[]).ok().stdout, "two\n");
    let deb = client.folder().join("two_3_all.deb").display().to_string();
    client
        .run(&[
            "install",
            "--yes",
            "--system",
            "--dpkg-root",
            &root,
            "--reinstall",
            &deb,
        ])
        .ok();
}

#[test]
fn a_release_without_sha256_counts_for_nothing() {
    let foreign = Foreign::new();
    foreign.publish(entry("good", "").as_bytes(), "");
    let client = foreign.client(&["--suite", "./"]);
    let path = foreign.path("Release");
    let text = fs::read_to_string(&path).unwrap().replace("SHA256:", "MD5Sum:");
    fs::write(&path, text).unwrap();
    foreign.sign(&["--clearsign"], &path, &foreign.path("InRelease"));
    let run = client.run(&["update"]).exits(4);
    assert!(run.stderr.contains("no SHA256"), "{}", run.report());
}

#[test]
fn a_package_that_says_it_is_another_gets_to_nobody() {
    let foreign = Foreign::new();
    let bytes = DebBuilder::new("sudo", "1", "all").build();
    fs::write(foreign.path("game.deb"), &bytes).unwrap();
    let digest = debian_control::digest::sha256(&bytes);
    let index = format!(
        "Package: game\nVersion: 1\nArchitecture: all\nFilename: game.deb\nSize: {}\nSHA256: {digest}\n",
        bytes.len()
    );
    foreign.publish(index.as_bytes(), "");
    let client = foreign.client(&["--suite", "./"]);
    client.run(&["update"]).ok();
    for command in [&["download", "game"][..], &["install", "--yes", "game"]] {
        let run = client.run(command).exits(4);
        assert!(
            run.stderr.contains("has `Package: sudo`, not `game`"),
            "{}",
            run.report()
        );
    }
    assert!(!client.folder().join("game_1_all.deb").exists());
    let root = client.folder().join("root");
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/apt"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    let root = root.display().to_string();
    let run = client
        .run(&["install", "--yes", "--system", "--dpkg-root", &root, "game"])
        .exits(4);
    assert!(run.stderr.contains("Package: sudo"), "{}", run.report());
}

#[test]
fn a_download_takes_the_place_of_a_link_and_does_not_follow_it() {
    let archive = TestArchive::new();
    archive.add(&[DebBuilder::new("good", "1:1.0", "all")]).ok();
    archive.publish();
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    client.run(&["update"]).ok();
    let own = client.folder().join("own");
    fs::write(&own, "mine").unwrap();
    let name = client.folder().join("good_1%3a1.0_all.deb");
    std::os::unix::fs::symlink(&own, &name).unwrap();
    let run = client.run(&["download", "good"]).ok();
    assert_eq!(run.stdout, "good_1%3a1.0_all.deb\n");
    assert_eq!(fs::read_to_string(&own).unwrap(), "mine");
    assert!(fs::symlink_metadata(&name).unwrap().is_file());
}

#[test]
fn what_is_installed_is_removed_without_any_index() {
    let archive = TestArchive::new();
    archive
        .add(&[
            DebBuilder::new("app", "1.0", "all").depends("library"),
            DebBuilder::new("library", "1.0", "all"),
        ])
        .ok();
    archive.publish();
    let url = format!("file:{}", archive.root().display());
    let client = Client::of(&archive, &url);
    client.run(&["update"]).ok();
    client.run(&["install", "--yes", "app"]).ok();
    fs::remove_dir_all(client.path("cache")).unwrap();
    client.run(&["source", "remove", &url]).ok();
    client.run(&["remove", "--yes", "app"]).ok();
    client.run(&["autoremove", "--yes"]).ok();
    assert!(client.json(&["list", "--installed"]).is_empty());
    let deb = DebBuilder::new("alone", "1.0", "all").write_into(&archive.outside());
    client.run(&["install", "--yes", deb.to_str().unwrap()]).ok();
    client.run(&["install", "--yes", "app"]).exits(1);
}

#[test]
fn what_is_held_is_not_removed() {
    let archive = TestArchive::new();
    archive.add(&[DebBuilder::new("app", "1.0", "all")]).ok();
    archive.publish();
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    client.run(&["update"]).ok();
    client.run(&["install", "--yes", "app"]).ok();
    client.run(&["hold", "app"]).ok();
    let run = client.run(&["remove", "--yes", "app"]).exits(1);
    assert!(
        run.stderr.contains("hint: `cpkgs unhold app`"),
        "{}",
        run.report()
    );
    client.run(&["unhold", "app"]).ok();
    client.run(&["remove", "--yes", "app"]).ok();
}

#[test]
fn a_file_for_another_machine_is_refused_as_that() {
    let foreign = if cpkgs::machine::architecture() == "arm64" {
        "amd64"
    } else {
        "arm64"
    };
    let client = Client::new();
    let deb = DebBuilder::new("app", "1.0", foreign).write_into(client.folder());
    let run = client.run(&["install", "--yes", deb.to_str().unwrap()]).exits(1);
    assert!(
        run.stderr
            .contains(&format!("is for {foreign}, which is not run here")),
        "{}",
        run.report()
    );
}

#[test]
fn a_component_that_is_missing_keeps_no_other_away() {
    let archive = TestArchive::new();
    archive.add(&[DebBuilder::new("app", "1.0", "all")]).ok();
    archive.publish();
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    let path = client.path("config.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("[\"main\"]", "[\"main\", \"contrib\"]")).unwrap();
    let run = client.run(&["update"]).ok();
    assert!(
        run.stderr.contains("has no component `contrib`"),
        "{}",
        run.report()
    );
    client.run(&["info", "app"]).ok();
}

#[test]
fn names_that_an_archive_makes_up_are_refused() {
    let archive = TestArchive::new();
    archive.publish();
    let path = archive.root().join("repository.json");
    let honest = fs::read_to_string(&path).unwrap();
    let about: serde_json::Value = serde_json::from_str(&honest).unwrap();
    let key = about["fingerprints"][0].as_str().unwrap();
    let codename = about["suites"][0]["codename"].as_str().unwrap();
    let url = format!("file:{}", archive.root().display());
    for name in ["../../x", "a\\u001b[31m", "x\\ny", ""] {
        let text = honest.replace(
            &format!("\"codename\":\"{codename}\""),
            &format!("\"codename\":\"{name}\""),
        );
        let text = text.replace(
            &format!("\"codename\": \"{codename}\""),
            &format!("\"codename\": \"{name}\""),
        );
        assert_ne!(text, honest);
        fs::write(&path, text).unwrap();
        let client = Client::new();
        let run = client
            .run(&["source", "add", &url, "--fingerprint", key])
            .exits(4);
        assert!(!run.stderr.contains('\u{1b}'), "{}", run.report());
        assert!(client.run(&["source", "list"]).ok().stdout.is_empty());
    }
    let client = Client::new();
    client
        .run(&["source", "add", &url, "--suite", "../x", "--fingerprint", key])
        .exits(2);
}

#[test]
fn sources_that_are_added_at_once_are_all_there() {
    let suites: Vec<String> = (0..8).map(|number| format!("s{number}")).collect();
    let each = suites.iter().flat_map(|suite| ["--suite", suite.as_str()]);
    let archive = TestArchive::init(&each.collect::<Vec<_>>());
    let about: serde_json::Value = serde_json::from_str(&archive.read("repository.json")).unwrap();
    let key = about["fingerprints"][0].as_str().unwrap();
    let url = format!("file:{}", archive.root().display());
    let client = Client::new();
    let running: Vec<std::process::Child> = suites
        .iter()
        .map(|suite| {
            let add = [
                "-q",
                "source",
                "add",
                &url,
                "--suite",
                suite,
                "--fingerprint",
                key,
            ];
            client.command(&add).spawn().unwrap()
        })
        .collect();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(client.run(&["source", "list"]).ok().rows().len(), 8);
}
