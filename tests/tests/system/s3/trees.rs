//! What else an archive in a bucket has: pinned states, private suites, copies elsewhere.

use super::{InBucket, bucket, curl, package, port, settings};
use archive_catalog::testing::TestServer;
use archive_tests::torture::mirrored::{MirroredReads, mirrored_reads};
use archive_tests::{Run, TestArchive, Uploader, apt};

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn a_pinned_state_is_served_and_gone_back_to_and_prune_takes_what_nothing_names() {
    let archive = InBucket::new("pinned", &["--architecture", "amd64"]);
    archive.add(&package("hello", "1.0"));
    archive.repogen(&["publish"]).ok();
    let created = archive.repogen(&["snapshot", "create"]).ok();
    let id = created.rows()[0][0].to_owned();
    archive.repogen(&["remove", "hello"]).ok();
    archive.add(&package("other", "1.0"));
    archive.repogen(&["publish"]).ok();

    let server = archive.serve(&[("PUBLISHER", "off")]);
    let pinned = format!("/snapshots/{id}/dists/stable/InRelease");
    assert_eq!(server.get(&pinned, None).status, 200);
    let deb = format!("/snapshots/{id}/pool/main/h/hello/hello_1.0_all.deb");
    assert_eq!(server.get(&deb, None).body, package("hello", "1.0").build());
    server.stop();

    let listed = |name: &str| {
        archive
            .repogen(&["list"])
            .ok()
            .stdout
            .contains(&format!("{name}\t"))
    };
    archive.repogen(&["rollback", "--suite", "stable", &id]).ok();
    assert!(listed("hello") && !listed("other"));
    assert_eq!(archive.repogen(&["verify"]).ok().stdout, "");
    archive.repogen(&["snapshot", "delete", &id]).ok();
    let below = curl(
        "GET",
        &format!("{}?list-type=2&prefix=archive/snapshots/", archive.bucket),
    );
    assert!(!String::from_utf8_lossy(&below.body).contains("<Key>"));

    // Nothing is old enough to go, and what nobody knows is young.
    let orphan = format!("{}/archive/pool/main/o/orphan/orphan_1.0_all.deb", archive.bucket);
    curl("PUT", &orphan);
    let pruned = archive.repogen(&["prune"]).ok();
    assert!(
        pruned
            .rows()
            .iter()
            .all(|row| row[1].starts_with("state/chunks/")),
        "{}",
        pruned.report()
    );
    assert_eq!(archive.repogen(&["verify"]).exits(1).rows()[0][0], "pool-orphan");
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn a_private_suite_is_streamed_to_its_readers_with_ranges() {
    let archive = InBucket::new(
        "private",
        &[
            "--suite",
            "stable",
            "--suite",
            "secret",
            "--architecture",
            "amd64",
        ],
    );
    archive.archive.configure_last_suite("private = true");
    archive.archive.account("root", &["--role", "admin"]);
    let root = archive.archive.token("root", &["admin", "upload:*/*"]);
    let reader = archive.archive.token("root", &["read:secret"]);
    let server = archive.serve(&[("PUBLIC_URL", "http://127.0.0.1:1")]);
    let taken = server.upload(&package("hidden", "1.0"), "suite=secret&wait=published", &root);
    assert_eq!(taken.status, 201, "{}", taken.text());
    let bytes = package("hidden", "1.0").build();

    let path = "/private/secret/pool/main/h/hidden/hidden_1.0_all.deb";
    let part = |path: &str| server.send("GET", path, Some(&reader), (&[("Range", "bytes=10-19")], &[]));
    assert_eq!(server.get(path, Some(&reader)).body, bytes);
    assert_eq!(
        (part(path).status, part(path).body),
        (206, bytes[10..20].to_vec())
    );
    assert_ne!(server.get(path, None).status, 200);
    let inrelease = server.get("/private/secret/dists/secret/InRelease", Some(&reader));
    assert_eq!(inrelease.status, 200, "{}", inrelease.text());
    // By its id as well: the public address has no private suites.
    let id = taken.json()["id"].as_str().unwrap().to_owned();
    let download = format!("/api/packages/{id}/download");
    assert_eq!(server.get(&download, Some(&reader)).body, bytes);
    assert_eq!(
        (part(&download).status, part(&download).body),
        (206, bytes[10..20].to_vec())
    );
    assert_eq!(server.get(&download, None).status, 404);
    // Nothing of it is beside the public tree.
    let keys = curl(
        "GET",
        &format!("{}?list-type=2&prefix=archive/pool/", archive.bucket),
    );
    assert!(!String::from_utf8_lossy(&keys.body).contains("hidden"));
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn an_archive_moves_out_of_a_bucket_and_into_another_and_is_replicated_from_there() {
    let archive = InBucket::new("moved", &["--architecture", "amd64"]);
    archive.archive.configure_last_suite("suite = \"prod\"");
    archive.add(&package("hello", "1.0~rc1+b2"));
    archive.repogen(&["publish"]).ok();
    archive.repogen(&["snapshot", "create"]).ok();
    let inrelease = archive.get("dists/stable/InRelease").body;

    let folder = archive.archive.outside().join("files");
    let folder = folder.to_str().unwrap();
    let on = |storage: &str, arguments: &[&str]| {
        Run::of(archive.archive.command(arguments).envs(settings(storage)))
    };
    archive.repogen(&["move", "--storage", folder]).ok();
    archive.repogen(&["move", "--storage", folder]).ok();
    assert_eq!(on(folder, &["verify"]).ok().stdout, "");
    let here = |path: &str| std::fs::read(std::path::Path::new(folder).join(path)).unwrap();
    assert_eq!(here("dists/stable/InRelease"), inrelease);
    assert_eq!(here("dists/prod/InRelease"), inrelease);
    assert!(
        on(folder, &["publish"])
            .ok()
            .stdout
            .starts_with("stable\tunchanged")
    );

    curl("PUT", "moved-again");
    let second = "s3://moved-again/deep/prefix";
    on(folder, &["move", "--storage", second]).ok();
    assert_eq!(on(second, &["verify"]).ok().stdout, "");
    let there = |path: &str| curl("GET", &format!("moved-again/deep/prefix/{path}"));
    assert_eq!(there("dists/prod/InRelease").body, inrelease);
    assert!(
        on(second, &["publish"])
            .ok()
            .stdout
            .starts_with("stable\tunchanged")
    );

    let mirror = archive.archive.outside().join("mirror");
    on(second, &["replicate", "--to", mirror.to_str().unwrap()]).ok();
    assert_eq!(
        std::fs::read(mirror.join("dists/stable/InRelease")).unwrap(),
        inrelease
    );
    curl("PUT", "mirror");
    on(second, &["replicate", "--to", "s3://mirror/here"]).ok();
    assert_eq!(curl("GET", "mirror/here/dists/stable/InRelease").body, inrelease);
    let again = on(second, &["replicate", "--to", "s3://mirror/here"]).ok();
    assert_eq!(again.stdout, "stable\treplicated\t0\t0\n");
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn clients_of_a_mirror_in_a_bucket_see_whole_states_only_while_the_archive_is_published() {
    let native = apt::native_architecture();
    let archive = TestArchive::init(&["--architecture", &native, "--url", "http://127.0.0.1:1"]);
    let replicate = bucket(&archive, "mirrored");
    let url = format!("http://127.0.0.1:{}/mirrored/mirror", port());
    let counts = MirroredReads {
        publishes: 8,
        clients: 1,
        packages: 10,
        seed: 1,
    };
    let account = mirrored_reads(&archive, &url, &replicate, counts).clean();
    assert!(account.counted("replications") > 2, "{account}");
    assert!(account.counted("client downloads") > 1, "{account}");
    assert_eq!(
        curl("GET", "mirrored/mirror/dists/stable/InRelease").body,
        archive.read("dists/stable/InRelease").into_bytes()
    );
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn an_archive_moves_to_a_server_and_a_bucket_and_back_though_it_is_killed_on_the_way() {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["upload:stable/*"]);
    let packages: Vec<_> = (0..40)
        .map(|number| package(&format!("package{number}"), "1.0"))
        .collect();
    archive.add(&packages);
    archive.publish();
    let list = archive.repogen(&["list", "--json"]).ok().stdout;
    let inrelease = archive.read("dists/stable/InRelease").into_bytes();
    curl("PUT", "there-and-back");
    let on = |database: &str, storage: &str| {
        let mut variables = settings(storage);
        variables.push(("DATABASE_URL".into(), database.into()));
        variables
    };
    let run = |variables: &[(String, String)], arguments: &[&str]| {
        let variables = variables.iter().map(|(name, value)| (name, value));
        Run::of(archive.command(arguments).envs(variables))
    };
    let outside = archive.outside();
    let here = on(
        &format!("sqlite:{}", archive.root().join("catalog.db").display()),
        archive.root().to_str().unwrap(),
    );
    let there = on(&TestServer::shared().url(), "s3://there-and-back/archive");
    let back = on(
        &format!("sqlite:{}", outside.join("back.db").display()),
        outside.join("back").to_str().unwrap(),
    );
    // Requests on the way into a bucket, syncs on the way to a disk; both also send what the database is asked.
    for (from, to, calls) in [
        (&here, &there, "sendto,writev"),
        (&there, &back, "fsync,fdatasync"),
    ] {
        let value = |name: &str| to.iter().find(|(other, _)| other == name).unwrap().1.as_str();
        let arguments = [
            "move",
            "--database",
            value("DATABASE_URL"),
            "--storage",
            value("STORAGE_URL"),
        ];
        for at in [10, 30] {
            assert!(archive.killed_with(from, (calls, at), &arguments), "{calls} {at}");
        }
        run(from, &arguments).ok();
        assert_eq!(run(to, &["list", "--json"]).ok().stdout, list);
        assert_eq!(run(to, &["verify"]).ok().stdout, "");
        let published = run(to, &["publish"]).ok();
        assert!(
            published.stdout.starts_with("stable\tunchanged"),
            "{}",
            published.report()
        );
        let mut audit = archive.tool(archive_tests::archive::uploader());
        audit.args(["audit", "verify"]);
        Run::of(audit.envs(to.iter().map(|(name, value)| (name, value)))).ok();
    }
    assert_eq!(
        curl("GET", "there-and-back/archive/dists/stable/InRelease").body,
        inrelease
    );
    assert_eq!(
        std::fs::read(outside.join("back/dists/stable/InRelease")).unwrap(),
        inrelease
    );
    let variables: Vec<(&str, &str)> = back
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let server = Uploader::with(&archive, &variables);
    let taken = server.upload(&package("later", "1.0"), "suite=stable", &token);
    assert_eq!(taken.status, 201, "{}", taken.text());
}
