//! Uploads as curl sends them: `PUT`, with a token as the password.

use archive_tests::{DebBuilder, Uploader, uploader::file};

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "all").file("usr/bin/hello", format!("#!/bin/sh\necho {version}\n"))
}

#[test]
fn curl_puts_packages_with_a_token_as_the_password() {
    let (archive, server, token) = Uploader::with_admin();
    let path = file(&archive, &hello("1.0"));
    let path = path.to_str().unwrap();
    let user = format!("ci:{token}");
    let put = |user: &str, more: &[&str], to: &str| {
        let arguments = [&["-u", user, "-T", path, "-w", "%{http_code}"], more].concat();
        server.curl(&arguments, to).ok().stdout
    };
    assert_eq!(
        put(&user, &[], "/api/upload/stable/hello_1.0_all.deb"),
        "hello 1.0 all added to stable/main\n201"
    );
    assert!(put(&user, &[], "/api/upload/stable/hello_1.0_all.deb").ends_with("200"));
    let refused = put(
        "ci:wrong",
        &["-H", "Expect:", "-D", "-"],
        "/api/upload/stable/hello_1.0_all.deb",
    );
    assert!(refused.contains("x-error-code: invalid_token"), "{refused}");
    assert!(refused.contains("www-authenticate: Basic"), "{refused}");
    let form = format!("file=@{path}");
    let bearer = format!("Authorization: Bearer {token}");
    let posted = server.curl(
        &[
            "-F",
            &form,
            "-H",
            &bearer,
            "-w",
            "%{http_code}",
            "-o",
            "/dev/null",
        ],
        "/api/packages",
    );
    assert_eq!(posted.ok().stdout, "200");
}
