//! Packages of one suite, as it is or was, into another one.

use super::assert_problem;
use super::world::newest_snapshot;
use archive_tests::http::Response;
use archive_tests::{DebBuilder, TestArchive, Uploader};
use serde_json::{Value, json};

struct Promoting {
    archive: TestArchive,
    server: Uploader,
    root: String,
}

impl Promoting {
    fn new() -> Self {
        Self::configured(|_| {})
    }

    fn configured(configure: impl FnOnce(&TestArchive)) -> Self {
        let archive = TestArchive::init(&["--suite", "testing", "--suite", "stable"]);
        configure(&archive);
        archive.account("root", &["--role", "admin"]);
        archive.account("keeper", &["--role", "maintainer", "--suite", "stable"]);
        let root = archive.token("root", &["admin"]);
        let server = Uploader::start(&archive);
        Self {
            archive,
            server,
            root,
        }
    }

    /// Uploads to `testing`, and waits until it is live there.
    fn upload(&self, package: &DebBuilder) {
        let answer = self
            .server
            .upload(package, "suite=testing&wait=published", &self.root);
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    fn promote(&self, body: Value) -> Response {
        let path = "/api/suites/stable/promotions?wait=published";
        self.server.json("POST", path, Some(&self.root), &body)
    }

    fn stable(&self) -> Vec<String> {
        let packages = self.archive.packages("stable", "main", "amd64");
        let name =
            |package: &archive_tests::index::Stanza| format!("{} {}", package["package"], package["version"]);
        packages.iter().map(name).collect()
    }
}

fn deb(name: &str, version: &str) -> DebBuilder {
    DebBuilder::new(name, version, "amd64")
}

#[test]
fn a_preview_shows_what_comes_and_what_breaks_and_then_it_comes_as_a_whole() {
    let world = Promoting::new();
    world.upload(&deb("libgreet", "1.0"));
    world.upload(&deb("greeter", "1.0").depends("libgreet (>= 1.0)"));
    world.upload(&deb("other", "1.0"));

    let alone = world.promote(json!({"from": "testing", "names": ["greeter"], "dry_run": true}));
    assert_eq!(alone.status, 200, "{}", alone.text());
    let alone = alone.json();
    assert_eq!(alone["is_changed"], false);
    assert_eq!(alone["packages"][0]["held"], Value::Null, "{alone}");
    assert_eq!(alone["uninstallable"][0]["package"], "greeter", "{alone}");
    let reasons = alone["uninstallable"][0]["reasons"].to_string();
    assert!(reasons.contains("libgreet"), "{reasons}");

    let both = json!({"from": "testing", "names": ["greeter", "lib*"]});
    let done = world.promote(both.clone());
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["is_changed"], true);
    assert_eq!(done.json()["uninstallable"], json!([]));
    assert_eq!(world.stable(), ["greeter 1.0", "libgreet 1.0"]);
    let again = world.promote(both).json();
    assert_eq!(again["is_changed"], false, "{again}");
    assert!(
        again["packages"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["is_there"] == true)
    );
    let audit = world.server.get(
        "/api/audit?action=package.add&actor=root&limit=1",
        Some(&world.root),
    );
    assert_eq!(
        audit.json()["items"][0]["detail"]["suite"],
        "stable",
        "{}",
        audit.text()
    );
}

#[test]
fn of_a_promotion_with_one_that_is_refused_nothing_comes() {
    let world = Promoting::new();
    world.upload(&deb("aa", "1.0"));
    world.upload(&deb("zz", "1.0").field("Section", "web"));
    let answer = world
        .server
        .upload(&deb("zz", "1.0"), "suite=stable&wait=published", &world.root);
    assert_eq!(answer.status, 201, "{}", answer.text());
    for dry_run in [true, false] {
        let refused = world.promote(json!({"from": "testing", "dry_run": dry_run}));
        let detail = assert_problem(&refused, 409, "identity_conflict");
        assert!(detail.starts_with("zz 1.0 amd64: "), "{detail}");
    }
    assert_eq!(world.stable(), ["zz 1.0"]);
}

#[test]
fn a_preview_counts_what_comes_together_against_quotas() {
    let world = Promoting::new();
    for name in ["aa", "bb"] {
        world.upload(&deb(name, "1.0"));
    }
    let quota = json!({"max_packages": 1, "max_bytes": null});
    let set = world
        .server
        .json("PUT", "/api/suites/stable/quota", Some(&world.root), &quota);
    assert_eq!(set.status, 200, "{}", set.text());
    for dry_run in [true, false] {
        let refused = world.promote(json!({"from": "testing", "dry_run": dry_run}));
        let detail = assert_problem(&refused, 403, "quota_exceeded");
        assert!(
            detail.contains("0 are used, and with this it would be 2"),
            "{detail}"
        );
        let alone = world.promote(json!({"from": "testing", "names": ["aa"], "dry_run": true}));
        assert_eq!(alone.status, 200, "{}", alone.text());
    }
    assert!(world.stable().is_empty());
}

#[test]
fn names_versions_queries_and_snapshots_choose() {
    let world = Promoting::new();
    world.upload(&deb("tool", "1.0").field("Section", "web"));
    let first = newest_snapshot(&world.server, "testing");
    world.upload(&deb("tool", "2.0"));
    let chosen = |body: Value| {
        let mut body = body;
        body["from"] = json!("testing");
        body["dry_run"] = json!(true);
        let answer = world.promote(body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let packages = answer.json()["packages"].as_array().unwrap().clone();
        let versions = packages
            .iter()
            .map(|one| one["version"].as_str().unwrap().to_owned());
        versions.collect::<Vec<_>>()
    };
    assert_eq!(chosen(json!({})), ["2.0"], "the newest of each name");
    assert_eq!(chosen(json!({"names": ["tool=1.0"]})), ["1.0"]);
    assert_eq!(chosen(json!({"snapshot": first})), ["1.0"]);
    assert_eq!(chosen(json!({"query": {"section": "web"}})), ["1.0"]);
    let unknown = world.promote(json!({"from": "testing", "names": ["tol"]}));
    assert_problem(&unknown, 404, "package_not_found");
    let both = world.promote(json!({"from": "testing", "snapshot": first, "query": {}}));
    assert_problem(&both, 422, "invalid_request");
    assert_problem(&world.promote(json!({"from": "stable"})), 422, "invalid_request");
    let keeper = world.server.login("keeper");
    let path = "/api/suites/testing/promotions";
    let forbidden = world
        .server
        .json("POST", path, Some(&keeper), &json!({"from": "stable"}));
    assert_problem(&forbidden, 403, "forbidden");
}

#[test]
fn a_gate_that_blocks_refuses_what_would_break() {
    let world = Promoting::configured(|archive| {
        archive.configure_last_suite("gate = \"block\"");
    });
    world.upload(&deb("greeter", "1.0").depends("libgreet"));
    let body = json!({"from": "testing", "names": ["greeter"]});
    let detail = assert_problem(&world.promote(body.clone()), 409, "would_break");
    assert!(detail.contains("greeter"), "{detail}");
    let preview = world.promote(json!({"from": "testing", "names": ["greeter"], "dry_run": true}));
    assert_eq!(preview.status, 200, "{}", preview.text());
    assert_eq!(world.stable(), [] as [String; 0]);
}

#[test]
fn what_was_changed_of_a_package_comes_with_it_but_not_out_of_a_private_suite() {
    for (private, section, tags) in [(false, "web", json!("fast")), (true, "misc", Value::Null)] {
        let world = Promoting::configured(|archive| {
            if private {
                archive.configure("= \"testing\"", "= \"testing\"\nprivate = true");
            }
        });
        world.upload(&deb("greeter", "1.0").field("Section", "misc"));
        let listed = world.server.get("/api/packages?name=greeter", Some(&world.root));
        let id = listed.json()["items"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/packages/{id}");
        let told = json!({"section": "web", "priority": "extra", "tags": ["fast"]});
        let changed = world.server.json("PUT", &path, Some(&world.root), &told);
        assert_eq!(changed.status, 200, "{}", changed.text());
        let promoted = world.promote(json!({"from": "testing"}));
        assert_eq!(promoted.status, 200, "{}", promoted.text());
        let seen = world.server.get(&path, None).json();
        assert_eq!(seen["section"], section, "{seen}");
        assert_eq!(seen["tags"][0]["name"], tags, "{seen}");
        let index = world.archive.packages("stable", "main", "amd64");
        assert_eq!(index[0]["section"], section);
    }
}
