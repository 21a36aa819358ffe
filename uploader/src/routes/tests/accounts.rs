//! Accounts, and the tokens and publishers that act in their name.

use archive_catalog::accounts::Role;
use archive_catalog::publishers::CatalogPublisher;
use serde_json::{Value, json};

use super::hostile::outcome;
use super::{JSON, world};
use crate::clock::now;
use crate::routes::publishers::list::PublisherView;

#[tokio::test]
async fn another_role_alone_gives_no_suites_to_an_account_that_has_some() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    server.account("mia", Role::User, &["secret"]);
    let suites_as = async |name: &str, role: &str| {
        let path = format!("/api/users/{name}");
        let body = json!({ "role": role }).to_string();
        let answer = server.ask(("PUT", &path), Some(&root), &[JSON], body).await;
        let user: Value = serde_json::from_str(&answer.body).unwrap();
        user["suites"].clone()
    };
    assert_eq!(suites_as("mia", "maintainer").await, json!(["secret"]));
    assert_eq!(suites_as("mia", "user").await, json!(["secret"]));
    assert_eq!(suites_as("mia", "admin").await, json!(null));
    // Who was given nothing begins as an account of that role does.
    assert_eq!(suites_as("joe", "maintainer").await, json!(null));
    assert_eq!(suites_as("joe", "user").await, json!([]));
}

#[tokio::test]
async fn a_token_that_expired_gets_no_other_secret() {
    let (server, _) = world().await;
    let root = server.token("root", &["admin"]);
    server.token_until("jane", &["upload:stable/*"], now() - 1);
    let jane = "jane".parse().unwrap();
    let tokens = server.app.archive.accounts().tokens(&jane).unwrap();
    let expired = tokens.iter().find(|token| token.expires_at.is_some()).unwrap();
    let path = format!("/api/tokens/{}/rotation", expired.id);
    let answer = server.ask(("POST", &path), Some(&root), &[], "").await;
    assert_eq!(outcome(&answer), (422, "invalid_request".into()));
    assert!(answer.body.contains("create another"), "{}", answer.body);
}

#[tokio::test]
async fn a_publisher_is_shown_with_the_codename_of_its_suite() {
    let (server, _) = world().await;
    let suite_of = |suite: &str| {
        let kept = CatalogPublisher {
            id: "one".parse().unwrap(),
            issuer: "ci".into(),
            repository: "team/hello".into(),
            owner_id: "65".into(),
            workflow: "release.yml".into(),
            environment: None,
            reference: None,
            event: None,
            account: "jane".parse().unwrap(),
            suite: suite.into(),
            packages: vec!["*".into()],
            created_at: 0,
            created_by: None,
        };
        PublisherView::new(&server.app, &kept.into(), None).suite
    };
    assert_eq!(suite_of("prod"), "stable");
    assert_eq!(suite_of("gone"), "gone");
}
