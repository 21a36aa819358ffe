//! Pages that were lost, changed or could not be written, and what the site knows of them.

use std::fs;

use archive_tests::TestArchive;

use super::{assert_same, below, has, package, served, site, stale};

#[test]
fn each_page_that_is_lost_or_changed_is_found_and_written_again() {
    let archive = served();
    archive.add(&[package("hello", "1.0"), package("other", "1.0").depends("hello")]);
    archive.publish();
    let whole = site(&archive);
    assert_eq!(stale(&archive), [""; 0]);
    for path in whole.keys() {
        fs::remove_file(archive.root().join(path)).unwrap();
        assert_eq!(stale(&archive), [path.as_str()]);
        fs::write(archive.root().join(path), &whole[path]).unwrap();
    }
    let list = whole["browse/stable/_all/index.html"].as_str();
    let changes = [
        ("browse/stable/hello/index.html", "</html>", "</html><p>more</p>"),
        ("browse/stable/hello/index.json", "1.0", "9.9"),
        ("browse/stable/_all/index.html", list, ""),
        ("status.html", "Status", "STATUS"),
    ];
    for (path, from, to) in changes {
        fs::write(archive.root().join(path), whole[path].replace(from, to)).unwrap();
    }
    fs::remove_file(archive.root().join("browse/stable/other/feed.xml")).unwrap();
    let mut expected = changes.map(|(path, ..)| path.to_owned()).to_vec();
    expected.push("browse/stable/other/feed.xml".to_owned());
    expected.sort();
    assert_eq!(stale(&archive), expected);

    archive.repogen(&["publish", "--force"]).ok();
    assert_same(&site(&archive), &whole);
    assert!(archive.read("status.html").contains("Status"));
    archive.repogen(&["verify"]).ok();
    // Without a record of what was written, those are found that are missing.
    fs::remove_dir_all(archive.root().join("state/site")).unwrap();
    assert_eq!(stale(&archive), [""; 0]);
    for path in ["browse/stable/other/badge.svg", "robots.txt"] {
        fs::remove_file(archive.root().join(path)).unwrap();
    }
    assert_eq!(stale(&archive), ["browse/stable/other/badge.svg", "robots.txt"]);
}

#[test]
fn a_forced_publish_writes_no_page_again_that_is_as_it_was_written() {
    let archive = served();
    archive.add(&[package("hello", "1.0")]);
    archive.publish();
    let page = archive.root().join("browse/stable/hello");
    let before = below(&page);
    archive.repogen(&["publish", "--force"]).ok();
    assert_eq!(below(&page), before);
}

#[test]
fn files_that_the_site_did_not_write_stay() {
    let archive = served();
    archive.configure("enabled       = true", "enabled       = false");
    archive.publish();
    archive.add(&[package("hello", "1.0")]);
    archive.publish();
    let own = [
        "index.html",
        "robots.txt",
        "browse/stable/index.html",
        "browse/notes/a.txt",
    ];
    for path in own {
        let path = archive.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "my own").unwrap();
    }
    archive.repogen(&["verify"]).ok();
    archive.repogen(&["prune"]).ok();
    archive.add(&[package("hello", "2.0")]);
    archive.publish();
    for path in own {
        assert_eq!(archive.read(path), "my own", "{path}");
    }
}

#[test]
fn pages_that_cannot_be_written_keep_no_package_back_and_are_completed_later() {
    let archive = served();
    archive.add(&[package("hello", "1.0")]);
    archive.publish();
    let in_the_way = archive.root().join("browse/stable/new");
    fs::write(&in_the_way, "a file where a folder is due").unwrap();
    archive.add(&[package("new", "1.0")]);
    let run = archive.repogen(&["publish"]);
    assert!(
        run.code != 0 && run.stderr.contains("is published, but not all"),
        "{}",
        run.report()
    );
    let names = |archive: &TestArchive| archive.packages("stable", "main", "amd64").len();
    assert_eq!(names(&archive), 2);
    fs::remove_file(&in_the_way).unwrap();
    // Nothing else is new.
    archive.publish();
    assert!(site(&archive).contains_key("browse/stable/new/index.html"));
    let again = archive.publish();
    assert!(again.stdout.contains("unchanged"), "{}", again.report());
}

#[test]
fn a_damaged_record_is_replaced_with_all_pages() {
    let archive = served();
    archive.add(&[package("alpha", "1")]);
    archive.publish();
    let record = archive.root().join("state/site/stable_record");
    let whole = fs::read(&record).unwrap();
    let overwritten = |from: usize| {
        let mut bytes = whole.clone();
        bytes[from..from + 4096].fill(0xa5);
        bytes
    };
    let mut damaged = vec![
        b"archive-site 1 7 abc\n".to_vec(),
        Vec::new(),
        whole[..whole.len() / 2].to_vec(),
    ];
    damaged.extend(
        (0..whole.len() / 4096)
            .take(12)
            .map(|page| overwritten(page * 4096)),
    );
    let mut replaced = 0;
    for (at, bytes) in damaged.into_iter().enumerate() {
        fs::write(&record, bytes).unwrap();
        let page = archive.root().join("browse/stable/alpha/index.html");
        fs::write(&page, "not written anew").unwrap();
        archive.add(&[package("beta", &format!("1.{at}"))]);
        let run = archive.publish();
        let beta = archive.read("browse/stable/beta/index.html");
        assert!(beta.contains(&format!("1.{at}")), "{at}: {}", run.report());
        // A damaged place that the change does not come to is found by one that does.
        let is_anew = fs::read_to_string(&page).unwrap() != "not written anew";
        assert!(is_anew || at > 3, "{at}: {}", run.report());
        replaced += usize::from(is_anew);
    }
    assert!(replaced > 4, "{replaced}");
}

#[test]
fn a_record_from_before_the_catalog_was_restored_is_not_believed() {
    let archive = served();
    archive.add(&[package("alpha", "1"), package("beta", "1"), package("gamma", "1")]);
    archive.publish();
    let catalog = archive.root().join("catalog.db");
    let copy = fs::read(&catalog).unwrap();
    archive.repogen(&["remove", "alpha"]).ok();
    archive.publish();
    fs::write(&catalog, copy).unwrap();
    // As many changes as were lost, and one more: the record's revision is one of this catalog's, too.
    archive.repogen(&["remove", "beta"]).ok();
    archive.add(&[package("delta", "1")]);
    archive.repogen(&["publish", "--drop"]).ok();
    for (name, is_held) in [("alpha", true), ("beta", false), ("gamma", true), ("delta", true)] {
        assert_eq!(has(&archive, &format!("browse/stable/{name}")), is_held, "{name}");
        assert_eq!(
            archive.read("browse/stable/_all/index.html").contains(name),
            is_held,
            "{name}"
        );
    }
}
