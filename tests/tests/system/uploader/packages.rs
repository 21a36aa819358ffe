//! `GET /api/packages`: pages, search, revalidation and parts.

use super::{at_once, counted};
use archive_tests::{DebBuilder, Uploader};
use serde_json::json;
use std::collections::BTreeMap;

#[test]
fn readers_page_search_revalidate_and_fetch_parts() {
    let (_archive, server, token) = Uploader::with_admin();
    let packages: Vec<DebBuilder> = (0..5)
        .map(|number| DebBuilder::new(&format!("pkg{number}"), "1.0", "all").field("Section", "misc"))
        .collect();
    assert_eq!(
        counted(at_once(&server, &token, &packages)),
        BTreeMap::from([(201, 5)])
    );
    let mut names = Vec::new();
    let mut path = "/api/packages?section=misc&limit=2".to_owned();
    loop {
        let page = server.get(&path, None);
        names.extend(
            page.json()["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned()),
        );
        let Some(link) = page.header("link") else { break };
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    assert_eq!(names, ["pkg0", "pkg1", "pkg2", "pkg3", "pkg4"]);
    assert_eq!(server.get("/api/packages?limit=501", None).status, 400);
    assert_eq!(
        server.get("/api/packages?cursor=x", None).json()["code"],
        "invalid_cursor"
    );

    let found = server.get("/api/packages/search/pkg3", None).json();
    let id = found["items"][0]["id"].as_str().unwrap().to_owned();
    let one = server.get(&format!("/api/packages/{id}"), None);
    let tag = one.header("etag").unwrap();
    let again = server.send(
        "GET",
        &format!("/api/packages/{id}"),
        None,
        (&[("If-None-Match", &tag)], &[]),
    );
    assert_eq!((again.status, again.body.len()), (304, 0));
    let download = format!("/api/packages/{id}/download");
    let part = server.send("GET", &download, None, (&[("Range", "bytes=0-7")], &[]));
    assert_eq!((part.status, part.body.as_slice()), (206, &b"!<arch>\n"[..]));
    let head = server.send("HEAD", &download, None, (&[], &[]));
    assert_eq!(
        head.header("content-length"),
        Some(one.json()["size"].to_string())
    );

    let changed = server.json(
        "PUT",
        &format!("/api/packages/{id}"),
        Some(&token),
        &json!({"section": "web", "tags": ["new"]}),
    );
    assert_eq!(changed.status, 200, "{}", changed.text());
    let filtered = server.get("/api/packages?section=web&tag=new", None).json();
    assert_eq!(filtered["items"][0]["name"], "pkg3");
}
