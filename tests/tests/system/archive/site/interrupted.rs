//! Pages while, and after, writing them is broken off: each is whole, and whoever follows links finds what they lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use archive_tests::{DebBuilder, SmallDisk, TestArchive};

use super::{package, served, site};

/// How many packages make more pages than are put in place at once.
const PACKAGES: usize = 120;

/// Checks that each file of a site ends as it should, and that all links of its pages lead to files.
#[track_caller]
fn assert_whole(archive: &TestArchive) {
    for (path, text) in site(archive) {
        let end = match Path::new(&path).extension().and_then(|end| end.to_str()) {
            Some("html") => "</html>",
            Some("xml") if path.contains("feed") => "</feed>",
            Some("svg") => "</svg>",
            Some("json") => {
                let parsed: Result<serde_json::Value, _> = serde_json::from_str(&text);
                assert!(parsed.is_ok(), "{path} is torn");
                ""
            }
            _ => "",
        };
        assert!(text.trim_end().ends_with(end), "{path} is torn");
        if path.ends_with(".html") {
            for link in links(&path, &text) {
                assert!(
                    archive.root().join(&link).exists(),
                    "{path} links to {}",
                    link.display()
                );
            }
        }
    }
}

/// Checks the same of the pages to which links lead from that of the archive: nothing leads to the others yet, or any more.
#[track_caller]
fn assert_whole_for_readers(archive: &TestArchive) {
    let mut pages = vec![PathBuf::from("index.html")];
    let mut seen: BTreeSet<PathBuf> = pages.iter().cloned().collect();
    while let Some(page) = pages.pop() {
        let path = page.to_str().unwrap();
        let text = archive.read(path);
        assert!(text.trim_end().ends_with("</html>"), "{path} is torn");
        for link in links(path, &text) {
            let at = link.display();
            assert!(archive.root().join(&link).exists(), "{path} links to {at}");
            if link.extension().is_some_and(|end| end == "html") && seen.insert(link.clone()) {
                pages.push(link);
            }
        }
    }
}

/// Returns what the links of a page lead to that are not to other places.
fn links(page: &str, text: &str) -> BTreeSet<PathBuf> {
    let folder = Path::new(page).parent().unwrap();
    let targets = text
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    let is_here = |target: &&str| !target.contains(':') && !target.starts_with('#') && !target.is_empty();
    targets
        .filter(is_here)
        .map(|target| {
            let target = target.split(['#', '?']).next().unwrap();
            let mut path = PathBuf::new();
            for part in folder.join(target.replace("%2B", "+")).components() {
                match part {
                    Component::ParentDir => drop(path.pop()),
                    part => path.push(part),
                }
            }
            path
        })
        .collect()
}

#[test]
fn a_publish_that_is_killed_while_it_writes_pages_is_completed_by_the_next() {
    let whole = served();
    let packages = || [package("hello", "2.0").depends("other"), package("new", "1.0")];
    let begin = |archive: &TestArchive| {
        archive.add(&[package("hello", "1.0"), package("other", "1.0")]);
        archive.publish();
        archive.add(&packages());
    };
    begin(&whole);
    whole.publish();
    let wanted: Vec<String> = site(&whole).into_keys().collect();
    let mut killed = 0;
    for at in (1..60).step_by(6) {
        let archive = served();
        begin(&archive);
        // Pages get their names by renames; so do indexes, before.
        if !archive.killed_at("rename,renameat,renameat2", at, &["publish"]) {
            break;
        }
        assert_whole(&archive);
        killed += usize::from(site(&archive).contains_key("browse/stable/new/index.html"));
        archive.publish();
        assert_eq!(
            site(&archive).into_keys().collect::<Vec<_>>(),
            wanted,
            "killed at {at}"
        );
        assert!(
            archive
                .read("browse/stable/other/index.html")
                .contains("stable/hello/"),
            "killed at {at}"
        );
        assert!(
            archive.read("browse/stable/_all/index.html").contains(">2.0<"),
            "killed at {at}"
        );
        assert!(
            archive.read("status.json").contains("\"packages\":4"),
            "killed at {at}"
        );
        archive.repogen(&["verify"]).ok();
    }
    assert!(
        killed > 0,
        "no kill came while pages were written: this tests nothing"
    );
}

#[test]
fn a_reader_of_pages_that_are_half_written_meets_no_dead_link_and_nothing_that_apt_has_not() {
    let begin = |archive: &TestArchive| {
        let old = ["hello", "other", "gone"].map(|name| package(name, "1.0"));
        archive.add(&old);
        archive.add(&[package("user", "1.0").depends("gone, new")]);
        archive.publish();
        archive.add(&[
            package("hello", "2.0").depends("new"),
            package("new", "1.0").depends("newer").field("Section", "fresh"),
            package("newer", "1.0").depends("new, hello"),
        ]);
        archive.repogen(&["remove", "gone"]).ok();
    };
    let hello = |archive: &TestArchive| archive.read("browse/stable/hello/index.json");
    let (mut between, mut deleting) = (0, 0);
    // Pages get their names by renames, and the last ones go by unlink; so do indexes, before.
    for (calls, ends, step) in [("rename,renameat,renameat2", 120, 4), ("unlink,unlinkat", 40, 1)] {
        for at in (1..ends).step_by(step) {
            let archive = served();
            begin(&archive);
            let before = archive.read("dists/stable/InRelease");
            if !archive.killed_at(calls, at, &["publish"]) {
                break;
            }
            assert_whole_for_readers(&archive);
            let is_live = archive.read("dists/stable/InRelease") != before;
            let shows_new = hello(&archive).contains("\"2.0\"");
            assert!(is_live || !shows_new, "killed at {calls} {at}");
            let has = |page: &str| archive.root().join(page).exists();
            let lists_new = archive.read("browse/stable/_all/index.html").contains("newer");
            between += usize::from(has("browse/stable/new/index.html") && !lists_new);
            deleting += usize::from(lists_new && has("browse/stable/gone/index.html"));
        }
    }
    assert!(
        between > 0 && deleting > 0,
        "{between} kills between pages and lists, {deleting} before all was deleted"
    );
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_the_pages_leaves_whole_ones_and_the_next_publish_completes_them() {
    let Some(disk) = SmallDisk::for_test(24) else {
        return;
    };
    let archive = TestArchive::empty_on(&disk);
    archive
        .repogen(&["init", "--suite", "stable", "--url", "https://example.org/apt"])
        .ok();
    let one = |at: usize, files: usize| {
        let name = format!("p{at:03}");
        let next = format!("p{:03}", (at + 1) % PACKAGES);
        let package = package(&name, if files > 0 { "2.0" } else { "1.0" }).depends(&next);
        (0..files).fold(package, |package, file| {
            package.file(&format!("usr/share/{name}/one-of-the-files-{file:04}"), "")
        })
    };
    // The pages that are put in place last are larger than those before them, so that there may be room for the first ones only.
    let old: Vec<DebBuilder> = (0..PACKAGES).map(|at| one(at, 0)).collect();
    let new: Vec<DebBuilder> = (0..PACKAGES)
        .map(|at| one(at, if at < 80 { 1 } else { 250 }))
        .collect();
    archive.add(&old);
    archive.publish();
    archive.add(&new);
    archive.repogen(&["remove", "p007"]).ok();
    let (mut in_the_middle, mut failed) = (0, 0);
    for step in 0_u64.. {
        disk.fill(step * 96 * 1024);
        let publish = archive.repogen(&["publish"]);
        assert_whole(&archive);
        let pages = site(&archive);
        let newer =
            |(path, text): (&String, &String)| path.ends_with("/index.json") && text.contains("\"2.0\"");
        let newer = pages.iter().filter(|page| newer(*page)).count();
        disk.free();
        if publish.code == 0 {
            break;
        }
        failed += 1;
        in_the_middle += usize::from(
            publish.stderr.contains("not all of its pages") && (1..PACKAGES - 1).contains(&newer),
        );
        assert!(
            publish.stderr.to_lowercase().contains("no space"),
            "{}",
            publish.report()
        );
        archive.repogen(&["list"]).ok();
    }
    assert!(
        failed > 0 && in_the_middle > 0,
        "{failed} failed, {in_the_middle} in the middle of the pages"
    );
    let found: BTreeMap<String, String> = site(&archive);
    assert!(!found.contains_key("browse/stable/p007/index.html"));
    assert_eq!(
        found.keys().filter(|path| path.ends_with("/feed.xml")).count(),
        PACKAGES - 1
    );
    archive.repogen(&["verify"]).ok();
}
