//! Accounts, and the tokens and publishers that act in their name.

use archive_catalog::publishers::CatalogPublisher;

use super::world;
use crate::routes::publishers::list::PublisherView;

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
