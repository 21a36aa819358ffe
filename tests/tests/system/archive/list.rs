//! `repogen list` and `repogen show`.

use archive_tests::{DebBuilder, TestArchive};

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

#[test]
fn list_and_show_print_one_package_object_a_line() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0").depends("libc6 (>= 2.28), aa | bb"), hello("1.1")]);
    for command in [&["list", "--json"][..], &["show", "hello", "--json"]] {
        let run = archive.repogen(command).ok();
        let objects: Vec<serde_json::Value> = run
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(objects.len(), 2, "{}", run.report());
        let object = objects.iter().find(|object| object["version"] == "1.0").unwrap();
        assert_eq!(object["name"], "hello");
        assert_eq!(object["architecture"], "amd64");
        assert_eq!(object["filename"], "pool/main/h/hello/hello_1.0_amd64.deb");
        assert_eq!(
            object["suites"],
            serde_json::json!([{"suite": "stable", "component": "main"}])
        );
        let libc = &object["dependencies"][0];
        assert_eq!(
            (&libc["name"], &libc["version"]),
            (&"libc6".into(), &">=2.28".into())
        );
        assert_eq!(libc["dependency_type"], "REQUIRES");
        assert_eq!(
            object["dependencies"][1]["alternatives"],
            serde_json::json!([{"name": "bb", "version": null}])
        );
    }
}

#[test]
fn show_of_a_name_that_is_not_there_fails() {
    let run = TestArchive::new().repogen(&["show", "nothing"]).exits(1);
    assert!(run.stderr.contains("nothing"), "{}", run.report());
}
