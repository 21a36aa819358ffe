//! `repogen snapshot` and `repogen rollback`: what was published can be named, compared, served and gone back to.

use archive_tests::{Apt, DebBuilder, TestArchive};
use std::collections::BTreeMap;

const PACKAGES: &str = "dists/stable/main/binary-amd64/Packages";

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").file("usr/bin/hello", version)
}

/// Returns the newest snapshot: what is live.
fn live(archive: &TestArchive) -> String {
    let list = archive.repogen(&["snapshot", "list"]).ok();
    list.rows()[0][0].to_owned()
}

fn pin(archive: &TestArchive) -> String {
    archive
        .repogen(&["snapshot", "create"])
        .ok()
        .stdout
        .trim()
        .to_owned()
}

#[test]
fn going_back_to_any_publish_gives_its_packages_byte_for_byte() {
    let archive = TestArchive::init(&["--architecture", "amd64"]);
    let mut published = BTreeMap::new();
    // A clock of its own, two seconds on with each publish, so that none waits for its Date.
    let at =
        |publish: u32, arguments: &[&str]| archive.repogen_at(&format!("+{}s", publish * 2), arguments).ok();
    let rounds = 8_u32;
    for round in 0..rounds {
        // Adds, replaces, removes and brings back, in a fixed order that mixes them.
        let name = format!("package-{}", round * 5 % 3);
        let architecture = ["amd64", "all"][round as usize % 2];
        archive.add(&[DebBuilder::new(&name, &format!("1.{round}"), architecture)]);
        if round % 3 == 2 {
            archive.repogen(&["remove", "package-0"]).ok();
        }
        at(round + 1, &["publish"]);
        published.insert(live(&archive), archive.index(PACKAGES));
    }
    assert_eq!(published.len(), rounds as usize);
    for (back, (id, index)) in (1..).zip(&published) {
        at(rounds + back, &["rollback", id]);
        assert_eq!(archive.index(PACKAGES), *index, "{id}");
        assert_eq!(at(rounds + back, &["verify"]).stdout, "");
    }
}

#[test]
fn going_back_publishes_with_a_later_date_and_twice_changes_nothing() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    let before = live(&archive);
    archive.add(&[hello("1.1")]);
    archive.publish();
    let after = live(&archive);

    let run = archive.repogen(&["rollback", "--suite", "stable", &before]).ok();
    assert_eq!(run.rows()[0][..5], ["stable", "published", "1", "0", "1"]);
    assert!(live(&archive) > after);
    let again = archive.repogen(&["rollback", "--suite", "stable", &before]).ok();
    assert_eq!(again.stdout, "stable\tunchanged\n");

    // The identity of what was taken out stays taken.
    let other = hello("1.1").file("usr/bin/other", "");
    archive.try_add(&[other]).exits(1);
    archive.repogen(&["rollback", &after]).ok();
    assert!(archive.index(PACKAGES).contains("Version: 1.1\n"));
}

#[test]
fn a_pinned_publish_is_live_until_the_next() {
    let archive = TestArchive::new();
    let id = pin(&archive);
    let of_pinned = || {
        let run = archive.repogen(&["snapshot", "list", "--json"]).ok();
        let states: Vec<serde_json::Value> = run
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let state = states.iter().find(|state| state["id"] == id).unwrap();
        assert_eq!(state["pinned"], true);
        state["live"].clone()
    };
    assert_eq!(of_pinned(), true);
    archive.add(&[hello("1.0")]);
    archive.publish();
    assert_eq!(of_pinned(), false);
}

#[test]
fn an_unknown_snapshot_is_refused_with_the_names_near_it() {
    let archive = TestArchive::new();
    let known = live(&archive);
    for arguments in [
        &["rollback", "19990101T000000Z"][..],
        &["snapshot", "show", "19990101T000000Z"],
        &["snapshot", "create", "19990101T000000Z"],
        &["snapshot", "delete", "19990101T000000Z"],
    ] {
        let run = archive.repogen(arguments).exits(1);
        assert!(
            run.stderr
                .contains("no snapshot `19990101T000000Z` of suite `stable`")
                && run.stderr.contains(&known),
            "{}",
            run.report()
        );
    }
    archive.repogen(&["rollback", "yesterday"]).exits(2);
}

#[test]
fn going_back_to_what_the_pool_has_lost_changes_nothing() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    let before = live(&archive);
    archive.repogen(&["remove", "hello"]).ok();
    archive.publish();
    std::fs::remove_file(archive.root().join("pool/main/h/hello/hello_1.0_amd64.deb")).unwrap();

    let run = archive.repogen(&["rollback", &before]).exits(1);
    assert!(
        run.stderr.contains("pool/main/h/hello/hello_1.0_amd64.deb"),
        "{}",
        run.report()
    );
    assert_eq!(archive.repogen(&["list"]).ok().stdout, "");
}

#[test]
fn going_back_looks_at_the_files_alone_that_come_back() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0"), DebBuilder::new("held", "1", "all")]);
    archive.publish();
    let before = live(&archive);
    archive.repogen(&["remove", "hello"]).ok();
    archive.publish();
    // The suite holds it, with or without its file: going back makes that neither better nor worse.
    std::fs::remove_file(archive.root().join("pool/main/h/held/held_1_all.deb")).unwrap();
    archive.repogen(&["rollback", &before]).ok();
    assert_eq!(archive.repogen(&["list"]).ok().stdout.lines().count(), 2);
}

#[test]
fn what_lies_between_two_states_is_told() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0"), DebBuilder::new("old", "1", "all")]);
    archive.publish();
    let before = live(&archive);
    archive.add(&[hello("1.1"), DebBuilder::new("new", "1", "all")]);
    archive.repogen(&["remove", "hello=1.0"]).ok();
    archive.repogen(&["remove", "old"]).ok();
    let expected = "changed\tstable\tmain\thello\tamd64\t1.0\t1.1\n\
                    added\tstable\tmain\tnew\tall\t-\t1\n\
                    removed\tstable\tmain\told\tall\t1\t-\n";
    assert_eq!(
        archive.repogen(&["snapshot", "diff", &before]).ok().stdout,
        expected
    );
    archive.publish();
    assert_eq!(
        archive
            .repogen(&["snapshot", "diff", &before, &live(&archive)])
            .ok()
            .stdout,
        expected
    );

    let shown = archive.repogen(&["snapshot", "show", &before]).ok();
    assert_eq!(
        shown.stdout,
        "hello\t1.0\tamd64\tstable\tmain\nold\t1\tall\tstable\tmain\n"
    );
    let json = archive
        .repogen(&["snapshot", "show", "--json", &before])
        .ok()
        .stdout;
    assert!(
        json.starts_with(
            "{\"name\":\"hello\",\"version\":\"1.0\",\"architecture\":\"amd64\",\"suite\":\"stable\","
        ),
        "{json}"
    );
    let list = archive.repogen(&["snapshot", "list", "--json"]).ok().stdout;
    assert!(
        list.lines()
            .all(|line| line.starts_with("{\"id\":\"") && line.contains("\"suite\":\"stable\"")),
        "{list}"
    );
}

#[test]
fn a_pinned_state_is_served_without_an_end_and_apt_installs_from_it() {
    let (archive, nginx) = TestArchive::served(&["--suite", "stable"]);
    archive.configure_last_suite("valid_for = \"14d\"");
    archive.add(&[hello("1.0")]);
    archive.publish();
    let id = pin(&archive);
    assert_eq!(id, live(&archive));
    assert_eq!(pin(&archive), id);
    archive.add(&[hello("2.0")]);
    archive.publish();

    let release = archive.read("dists/stable/Release");
    let line = format!("Snapshots: {}/snapshots/@SNAPSHOTID@/\n", nginx.url());
    assert!(
        release.contains(&line) && release.contains("Valid-Until:"),
        "{release}"
    );
    let pinned = archive.read(&format!("snapshots/{id}/dists/stable/Release"));
    assert!(!pinned.contains("Valid-Until:"), "{pinned}");
    let sources = archive.read("stable.sources");
    let pinned_sources = sources.replace(&nginx.url(), &format!("{}/snapshots/{id}", nginx.url()));
    let apt = Apt::new(&pinned_sources);
    apt.update().silent();
    apt.install(&["hello"]).silent();
    assert_eq!(
        std::fs::read_to_string(apt.system().join("usr/bin/hello")).unwrap(),
        "1.0"
    );
    assert_eq!(
        nginx
            .get("/snapshots/20000101T000000Z/dists/stable/InRelease")
            .status,
        404
    );
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn prune_keeps_what_a_pinned_state_holds_until_it_is_deleted() {
    let archive = TestArchive::init(&["--suite", "stable"]);
    archive.add(&[hello("1.0")]);
    archive.publish();
    let id = pin(&archive);
    archive.repogen(&["remove", "hello"]).ok();
    for _ in 0..4 {
        archive.repogen(&["publish", "--force"]).ok();
    }
    let deb = archive.root().join("pool/main/h/hello/hello_1.0_amd64.deb");
    archive.repogen_at("+30d", &["prune"]).ok();
    assert!(deb.exists());
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
    let list = archive.repogen(&["snapshot", "list"]).ok();
    assert!(
        list.stdout.contains(&format!("{id}\tstable\t1\tpinned\n")),
        "{}",
        list.report()
    );

    archive.repogen(&["snapshot", "delete", &id]).ok();
    assert!(!archive.root().join("snapshots").join(&id).exists());
    archive.repogen_at("+30d", &["prune"]).ok();
    assert!(!deb.exists());
    archive.repogen(&["rollback", &id]).exits(1);
}

#[test]
fn a_private_suite_has_its_snapshots_in_its_own_tree() {
    let archive = TestArchive::init(&[
        "--suite",
        "open",
        "--suite",
        "secret",
        "--url",
        "http://127.0.0.1:1",
    ]);
    archive.configure_last_suite("private = true");
    archive.repogen(&["publish"]).ok();
    let id = pin(&archive);
    let open = archive.root().join(format!("snapshots/{id}"));
    let secret = archive.root().join(format!("private/secret/snapshots/{id}"));
    assert!(open.join("dists/open/InRelease").is_file() && !open.join("dists/secret").exists());
    assert!(secret.join("dists/secret/InRelease").is_file() && secret.join("pool").is_symlink());
    let release = archive.read("private/secret/dists/secret/Release");
    assert!(
        release.contains("Snapshots: http://127.0.0.1:1/private/secret/snapshots/@SNAPSHOTID@/\n"),
        "{release}"
    );
}

#[test]
fn a_damaged_snapshot_is_found_and_written_again() {
    let archive = TestArchive::init(&["--suite", "stable"]);
    archive.add(&[hello("1.0")]);
    archive.publish();
    let id = pin(&archive);
    let release = archive
        .root()
        .join(format!("snapshots/{id}/dists/stable/InRelease"));
    let whole = std::fs::read(&release).unwrap();
    std::fs::remove_dir_all(archive.root().join("snapshots")).unwrap();
    let found = archive.repogen(&["verify"]).exits(1);
    assert!(
        found
            .stdout
            .contains(&format!("snapshots/{id}/dists/stable/InRelease")),
        "{}",
        found.report()
    );

    archive.repogen(&["snapshot", "create", &id]).ok();
    // Signed afresh, so that only the text is the same.
    let text = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .split("-----BEGIN PGP SIGNATURE")
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(text(&std::fs::read(&release).unwrap()), text(&whole));
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
}

#[test]
fn a_snapshot_that_was_cut_off_is_named_with_what_completes_it() {
    let archive = TestArchive::new();
    archive.add(&[hello("1.0")]);
    archive.publish();
    let in_the_way = archive.root().join("snapshots");
    std::fs::write(&in_the_way, "").unwrap();
    let cut_off = archive.repogen(&["snapshot", "create"]).exits(3);
    std::fs::remove_file(&in_the_way).unwrap();
    let (_, hint) = cut_off.stderr.split_once("hint: `repogen ").unwrap();
    let (command, _) = hint.split_once('`').unwrap();
    archive.repogen(&["verify"]).exits(1);
    let arguments: Vec<&str> = command.split(' ').collect();
    let id = archive.repogen(&arguments).ok().stdout;
    assert_eq!(Some(id.trim()), arguments.last().copied());
    archive.repogen(&["verify"]).ok();
}
