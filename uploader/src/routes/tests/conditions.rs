//! Changes that are only for a certain state of what they change.

use serde_json::json;

use super::hostile::outcome;
use super::{JSON, package, world};

#[tokio::test]
async fn a_change_that_excludes_what_is_there_is_not_made() {
    let (server, jane) = world().await;
    let root = server.token("root", &["admin"]);
    let package = package(&server).await;
    for (token, path, body) in [
        (&jane, package.as_str(), json!({"section": "admin"})),
        (&root, "/api/users/joe", json!({"disabled": true})),
    ] {
        let shown = server.ask(("GET", path), Some(token), &[], "").await;
        let tag = shown.headers["etag"].to_str().unwrap();
        let weak = format!("\"other\", W/{tag}");
        for excluded in ["*", tag, &weak] {
            let headers = [JSON, ("if-none-match", excluded)];
            let change = server.ask(("PUT", path), Some(token), &headers, body.to_string());
            let delete = server.ask(("DELETE", path), Some(token), &headers, "");
            for answer in [change.await, delete.await] {
                assert_eq!(
                    outcome(&answer),
                    (412, "precondition_failed".into()),
                    "{path}: {excluded}"
                );
            }
        }
        let headers = [JSON, ("if-none-match", "\"other\"")];
        let change = server.ask(("PUT", path), Some(token), &headers, body.to_string());
        assert_eq!(change.await.status, 200, "{path}");
    }
}
