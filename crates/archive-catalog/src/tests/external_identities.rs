//! What links between accounts and a sign-in provider promise.

use super::*;
use crate::external_identities::{
    ExternalIdentities, ExternalIdentity, LinkError, LinkedIdentity, TakenAnswer,
};

fn link(name: &str, account: &str, subject: &str) -> LinkedIdentity {
    LinkedIdentity {
        id: id(name),
        account: id(account),
        identity: ExternalIdentity {
            issuer: "https://id.example.org".into(),
            subject: subject.into(),
        },
        linked_at: NOW,
    }
}

pub(super) fn an_identity_signs_in_to_one_account_for_as_long_as_both_are_there(catalog: &SqlCatalog) {
    let one = link("one", "id-jane", "1");
    let missing = catalog.link_identity(&one, &event("l")).unwrap_err();
    assert!(matches!(missing, LinkError::Account(AccountError::Missing)));
    catalog
        .create_linked_account(&account("jane", Role::User), &one, &event("a"))
        .unwrap();
    catalog
        .create_account(&account("joe", Role::User), &event("a"))
        .unwrap();
    let owner = |link: &LinkedIdentity| {
        let found = catalog.account_of_identity(&link.identity).unwrap();
        found.map(|account| account.username.to_string())
    };
    assert_eq!(owner(&one).as_deref(), Some("jane"));
    // The subject of another issuer, and one that differs in case only, are somebody else.
    let mut elsewhere = one.clone();
    elsewhere.identity.issuer = "https://id.example.com".into();
    assert_eq!(owner(&elsewhere), None);
    assert_eq!(owner(&link("x", "id-jane", "a")), None);

    let taken = catalog.link_identity(&link("two", "id-joe", "1"), &event("l"));
    assert!(matches!(taken, Err(LinkError::Taken)));
    let taken = catalog.create_linked_account(
        &account("jim", Role::User),
        &link("two", "id-jim", "1"),
        &event("a"),
    );
    assert!(matches!(taken, Err(LinkError::Taken)));
    assert!(catalog.account(&id("id-jim")).unwrap().is_none());
    let taken = catalog.create_linked_account(
        &account("JOE", Role::User),
        &link("two", "id-JOE", "2"),
        &event("a"),
    );
    assert!(matches!(
        taken,
        Err(LinkError::Account(AccountError::NameTaken(_)))
    ));

    catalog
        .link_identity(&link("two", "id-joe", "2"), &event("l"))
        .unwrap();
    assert_eq!(catalog.linked_identities(&id("id-joe")).unwrap().len(), 1);
    let before = catalog.account(&id("id-joe")).unwrap().unwrap();
    assert!(
        !catalog
            .unlink_identity(&id("id-joe"), &id("one"), &event("u"))
            .unwrap(),
        "it is of another account"
    );
    assert!(
        catalog
            .unlink_identity(&id("id-joe"), &id("two"), &event("u"))
            .unwrap()
    );
    let after = catalog.account(&id("id-joe")).unwrap().unwrap();
    assert_eq!(after.epoch, before.epoch + 1, "its sessions end");
    assert_eq!(owner(&link("two", "id-joe", "2")), None);

    catalog.delete_account(&id("id-jane"), &event("d")).unwrap();
    assert_eq!(owner(&one), None);
    assert!(catalog.linked_identities(&id("id-jane")).unwrap().is_empty());
}

pub(super) fn an_answer_is_taken_once(catalog: &SqlCatalog) {
    let answer = |name: &str| TakenAnswer {
        issuer: "https://id.example.org".into(),
        id: name.into(),
        expires_at: NOW + 600,
    };
    assert!(catalog.take_answer(&answer("one"), NOW).unwrap());
    assert!(!catalog.take_answer(&answer("one"), NOW).unwrap());
    assert!(catalog.take_answer(&answer("two"), NOW).unwrap());
}
