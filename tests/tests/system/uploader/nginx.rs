//! The uploader behind nginx, as `nginx/uploader.conf` puts it there.

use archive_tests::made_up::Random;
use archive_tests::uploader::file;
use archive_tests::{DebBuilder, Nginx, TestArchive, Uploader};

/// An archive with an administrator's token, its server, and nginx in front.
fn served() -> (TestArchive, Uploader, Nginx, String) {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let server = Uploader::start(&archive);
    let nginx = Nginx::before(server.port(), &archive.root());
    (archive, server, nginx, token)
}

#[test]
fn nginx_sends_the_api_to_the_uploader_and_serves_files_itself() {
    let (_archive, server, nginx, _) = served();
    // The uploader names each request; nginx does not.
    let by_uploader = |path: &str| {
        let answer = nginx.get(path);
        (answer.status, answer.header("x-request-id").is_some())
    };
    for path in [
        "/api/packages",
        "/api/packages/search/.net",
        "/console/sign-in",
        "/docs/",
        "/openapi.json",
        "/problems/not_found",
        "/healthz",
        "/readyz",
    ] {
        assert_eq!(by_uploader(path), (200, true), "{path}");
    }
    for path in [
        "/dists/stable/InRelease",
        "/repository.json",
        "/archive-keyring.asc",
        "/",
    ] {
        assert_eq!(by_uploader(path), (200, false), "{path}");
    }
    for path in [
        "/metrics",
        "/catalog.db",
        "/keys/archive.pgp",
        "/state/",
        "/docsx",
    ] {
        assert_eq!(by_uploader(path), (404, false), "{path}");
    }
    assert_eq!(
        server.get("/metrics", None).status,
        200,
        "the control: it is there, inside"
    );
}

#[test]
fn how_long_an_answer_may_be_kept_is_what_the_uploader_says() {
    let (_archive, server, nginx, _) = served();
    for path in [
        "/api/packages",
        "/api/users",
        "/console/sign-in",
        "/openapi.json",
        "/healthz",
    ] {
        assert_eq!(
            nginx.get(path).header("cache-control"),
            server.get(path, None).header("cache-control"),
            "{path}"
        );
    }
}

#[test]
fn a_package_larger_than_nginx_takes_by_itself_goes_through() {
    let (archive, _server, nginx, token) = served();
    let noise = Random::new(1).bytes(1_500_000);
    let package = DebBuilder::new("large", "1.0", "all").file("usr/share/large", noise);
    let path = file(&archive, &package);
    assert!(
        path.metadata().unwrap().len() > 1 << 20,
        "nginx refuses 1 MiB when left to itself"
    );
    let url = format!(
        "{}/api/upload/stable/large_1.0_all.deb?wait=published",
        nginx.url()
    );
    let put = archive_tests::Run::of(
        archive
            .tool("curl")
            .args(["--silent", "--show-error", "--fail-with-body", "--user"])
            .arg(format!("ci:{token}"))
            .arg("--upload-file")
            .arg(&path)
            .arg(url),
    );
    assert_eq!(put.ok().stdout, "large 1.0 all added to stable/main\n");
    let served = nginx.get("/pool/main/l/large/large_1.0_all.deb");
    assert_eq!(served.body, std::fs::read(path).unwrap());
}
