//! What accounts, sessions and tokens promise.

use super::*;
use crate::provenance::CiJob;
use crate::publishers::{CatalogPublisher, Publishers};

pub(super) fn a_name_stays_taken_in_any_case_also_when_its_account_is_gone(catalog: &SqlCatalog) {
    catalog
        .create_account(&account("root", Role::Admin), &event("a"))
        .unwrap();
    catalog
        .create_account(&account("jane", Role::User), &event("a"))
        .unwrap();
    catalog.delete_account(&id("id-jane"), &event("d")).unwrap();
    let mut again = account("JANE", Role::User);
    again.account.email = None;
    let error = catalog.create_account(&again, &event("a")).unwrap_err();
    assert!(matches!(error, AccountError::NameTaken(_)), "{error}");
    assert!(catalog.account_named(&"jane".parse().unwrap()).unwrap().is_none());
}

pub(super) fn the_last_admin_stays_one(catalog: &SqlCatalog) {
    catalog
        .create_account(&account("root", Role::Admin), &event("a"))
        .unwrap();
    let change = AccountChange {
        role: Some(Role::User),
        ..AccountChange::default()
    };
    let error = catalog
        .change_account(&id("id-root"), &change, &event("c"))
        .unwrap_err();
    assert!(matches!(error, AccountError::LastAdmin), "{error}");
    let error = catalog.delete_account(&id("id-root"), &event("d")).unwrap_err();
    assert!(matches!(error, AccountError::LastAdmin), "{error}");
    catalog
        .create_account(&account("other", Role::Admin), &event("a"))
        .unwrap();
    catalog.delete_account(&id("id-root"), &event("d")).unwrap();
}

pub(super) fn sessions_end_by_themselves_and_with_a_new_password_or_role(catalog: &SqlCatalog) {
    catalog
        .create_account(&account("root", Role::Admin), &event("a"))
        .unwrap();
    catalog
        .create_account(&account("jane", Role::User), &event("a"))
        .unwrap();
    let session = |name: &str, epoch| Session {
        id: id(name),
        account: id("id-jane"),
        epoch,
    };
    assert!(catalog.session_owner(&session("one", 0)).unwrap().is_some());
    catalog
        .end_session(&session("one", 0), NOW + 60, &event("logout"))
        .unwrap();
    assert!(catalog.session_owner(&session("one", 0)).unwrap().is_none());
    assert!(catalog.session_owner(&session("two", 0)).unwrap().is_some());

    let password = AccountChange {
        password: Some("other".into()),
        ..AccountChange::default()
    };
    catalog
        .change_account(&id("id-jane"), &password, &event("c"))
        .unwrap();
    assert!(catalog.session_owner(&session("two", 0)).unwrap().is_none());
    assert!(catalog.session_owner(&session("three", 1)).unwrap().is_some());
    let role = AccountChange {
        role: Some(Role::Maintainer),
        ..AccountChange::default()
    };
    catalog
        .change_account(&id("id-jane"), &role, &event("c"))
        .unwrap();
    assert!(catalog.session_owner(&session("three", 1)).unwrap().is_none());
    catalog.delete_account(&id("id-jane"), &event("d")).unwrap();
    assert!(catalog.session_owner(&session("four", 2)).unwrap().is_none());
}

pub(super) fn tokens_are_found_by_their_digest_and_go_with_their_account(catalog: &SqlCatalog) {
    catalog
        .create_account(&account("root", Role::Admin), &event("a"))
        .unwrap();
    catalog
        .create_account(&account("jane", Role::User), &event("a"))
        .unwrap();
    let token = |name: &str| ApiToken {
        id: id(name),
        account: id("id-jane"),
        name: name.into(),
        scopes: vec!["read:stable".into(), "upload:stable/*".into()],
        created_at: NOW,
        expires_at: None,
        last_used_at: None,
    };
    for name in ["one", "two"] {
        catalog
            .create_token(&token(name), &digest::sha256(name.as_bytes()), &event("t"))
            .unwrap();
    }
    catalog.tokens_used(&[(id("one"), NOW + 5)]).unwrap();
    let (found, owner) = catalog.token_by_hash(&digest::sha256(b"one")).unwrap().unwrap();
    assert_eq!(found.scopes, token("one").scopes);
    assert_eq!(found.last_used_at, Some(NOW + 5));
    assert_eq!(owner.username.as_str(), "jane");
    assert!(
        !catalog
            .delete_token(&id("id-root"), &id("one"), &event("x"))
            .unwrap()
    );
    assert!(
        catalog
            .delete_token(&id("id-jane"), &id("one"), &event("x"))
            .unwrap()
    );
    assert!(catalog.token_by_hash(&digest::sha256(b"one")).unwrap().is_none());
    catalog.delete_account(&id("id-jane"), &event("d")).unwrap();
    assert!(catalog.token_by_hash(&digest::sha256(b"two")).unwrap().is_none());
}

pub(super) fn sign_ins_are_listed_until_they_are_over(catalog: &SqlCatalog) {
    catalog
        .create_account(&account("root", Role::Admin), &event("a"))
        .unwrap();
    let sign_in = |name: &str, epoch, created_at: i64| SignIn {
        session: Session {
            id: id(name),
            account: id("id-root"),
            epoch,
        },
        created_at,
        expires_at: created_at + 60,
        address: Some("192.0.2.1".into()),
        agent: None,
    };
    let begin = |sign_in: &SignIn| catalog.begin_session(sign_in, &event("login")).unwrap();
    let listed = |now| {
        let sessions = catalog.sessions(&id("id-root"), now).unwrap();
        sessions
            .iter()
            .map(|sign_in| sign_in.session.id.to_string())
            .collect::<Vec<_>>()
    };
    begin(&sign_in("one", 0, NOW));
    begin(&sign_in("two", 0, NOW + 30));
    assert_eq!(listed(NOW + 31), ["two", "one"]);
    assert_eq!(
        catalog.sessions(&id("id-root"), NOW).unwrap().pop(),
        Some(sign_in("one", 0, NOW))
    );
    assert_eq!(listed(NOW + 60), ["two"], "the other is over by itself");
    catalog
        .end_session(&sign_in("two", 0, NOW).session, NOW + 90, &event("logout"))
        .unwrap();
    assert_eq!(listed(NOW), ["one"]);
    catalog
        .end_sessions(&id("id-root"), &event("sessions.end"))
        .unwrap();
    assert_eq!(listed(NOW), [] as [&str; 0]);
    assert!(
        catalog
            .session_owner(&sign_in("one", 0, NOW).session)
            .unwrap()
            .is_none()
    );
    begin(&sign_in("three", 1, NOW));
    assert_eq!(listed(NOW), ["three"]);
    let missing = catalog.end_sessions(&id("id-nobody"), &event("sessions.end"));
    assert!(matches!(missing, Err(AccountError::Missing)));
}

pub(super) fn a_rotated_token_keeps_all_but_its_secret(catalog: &SqlCatalog) {
    catalog
        .create_account(&account("root", Role::Admin), &event("a"))
        .unwrap();
    let token = ApiToken {
        id: id("one"),
        account: id("id-root"),
        name: "ci".into(),
        scopes: vec!["admin".into()],
        created_at: NOW,
        expires_at: None,
        last_used_at: None,
    };
    let (old, new) = (digest::sha256(b"old"), digest::sha256(b"new"));
    catalog
        .create_token(&token, &old, &event("token.create"))
        .unwrap();
    let rotate = |owner: &str, name: &str| {
        let token = ApiToken {
            account: id(owner),
            id: id(name),
            ..token.clone()
        };
        catalog
            .rotate_token(&token, &new, &event("token.rotate"))
            .unwrap()
    };
    assert!(!rotate("id-root", "two"));
    assert!(!rotate("id-other", "one"));
    assert!(rotate("id-root", "one"));
    assert!(catalog.token_by_hash(&old).unwrap().is_none());
    assert_eq!(catalog.token_by_hash(&new).unwrap().unwrap().0, token);
    let ending = ApiToken {
        expires_at: Some(NOW + 60),
        ..token
    };
    assert!(
        catalog
            .rotate_token(&ending, &new, &event("token.rotate"))
            .unwrap()
    );
    assert_eq!(catalog.token_by_hash(&new).unwrap().unwrap().0, ending);
    let all = catalog.all_tokens(None, 10).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].owner.as_str(), "root");
    assert!(catalog.all_tokens(Some(&id("one")), 10).unwrap().is_empty());
}

fn token_of_jane(name: &str) -> ApiToken {
    ApiToken {
        id: id(name),
        account: id("id-jane"),
        name: "ci".into(),
        scopes: vec!["admin".into()],
        created_at: NOW,
        expires_at: None,
        last_used_at: None,
    }
}

pub(super) fn accounts_and_tokens_change_only_by_a_right_that_holds(catalog: &SqlCatalog) {
    let (root, jane) = (account("root", Role::Admin), account("jane", Role::User));
    catalog.create_account(&root, &event("a")).unwrap();
    catalog.create_account(&jane, &event("b")).unwrap();
    let hash = |name: &str| digest::sha256(name.as_bytes());
    let create =
        |name: &str, event: &AuditEvent| catalog.create_token(&token_of_jane(name), &hash(name), event);
    create("one", &event("token.create")).unwrap();
    let session = Session {
        id: id("session"),
        account: id("id-root"),
        epoch: 0,
    };
    let mut by = event("by root");
    by.actor.authority = Some(Authority {
        account: catalog.account(&id("id-root")).unwrap().unwrap(),
        credential: CredentialId::Session(session.id.clone()),
        expires_at: None,
    });
    create("two", &by).unwrap();
    catalog.end_session(&session, NOW + 60, &event("logout")).unwrap();

    let raised = AccountChange {
        role: Some(Role::Admin),
        ..AccountChange::default()
    };
    for result in [
        catalog.create_account(&account("eve", Role::Admin), &by),
        catalog.change_account(&id("id-jane"), &raised, &by).map(drop),
        catalog.delete_account(&id("id-jane"), &by),
    ] {
        let is_over = matches!(result, Err(AccountError::Catalog(CatalogError::AuthorityEnded)));
        assert!(is_over, "{result:?}");
    }
    let one = token_of_jane("one");
    for result in [
        create("three", &by),
        catalog.rotate_token(&one, &hash("new"), &by).map(drop),
        catalog.delete_token(&one.account, &one.id, &by).map(drop),
    ] {
        assert!(matches!(result, Err(CatalogError::AuthorityEnded)), "{result:?}");
    }
    assert_eq!(catalog.account(&id("id-jane")).unwrap().unwrap(), jane.account);
    assert!(catalog.token_by_hash(&hash("one")).unwrap().is_some());
}

#[expect(clippy::too_many_lines, reason = "one story, each step on the last one")]
pub(super) fn trusted_publishers_are_kept_with_their_last_use_until_they_are_ended(catalog: &SqlCatalog) {
    let publisher = |name: &str| CatalogPublisher {
        id: id(name),
        issuer: "ci".into(),
        repository: format!("team/{name}"),
        owner_id: "65".into(),
        workflow: "release.yml".into(),
        environment: Some("release".into()),
        reference: None,
        event: None,
        account: "jane".parse().unwrap(),
        suite: "stable".into(),
        packages: vec!["hello".into(), "hello-*".into()],
        created_at: NOW,
        created_by: Some("root".into()),
    };
    let add = |name: &str| {
        catalog
            .add_publisher(&publisher(name), 2, &event("publisher.create"))
            .unwrap()
    };
    assert_eq!((add("one"), add("two"), add("three")), (true, true, false));
    assert_eq!(
        catalog.publishers().unwrap(),
        [publisher("one"), publisher("two")]
    );
    catalog
        .create_account(&account("jane", Role::Maintainer), &event("user.create"))
        .unwrap();
    let assertion = Assertion {
        issuer: "https://ci.example.org".into(),
        id: "one".into(),
        expires_at: NOW + 60,
        job: CiJob {
            issuer: "https://ci.example.org".into(),
            repository: "team/one".into(),
            workflow: "release.yml".into(),
            reference: None,
            commit: None,
            run: None,
            is_public: false,
        },
        publishers: vec!["one".into(), "file-1".into()],
    };
    let token = ApiToken {
        id: id("token"),
        account: id("id-jane"),
        name: "ci".into(),
        scopes: Vec::new(),
        created_at: NOW,
        expires_at: Some(NOW + 60),
        last_used_at: None,
    };
    let hash = digest::sha256(b"secret");
    let exchanged = catalog.exchange(&assertion, &token, &hash, &event("token.exchange"));
    assert!(exchanged.unwrap());
    let uses = || catalog.publisher_uses().unwrap();
    assert_eq!(
        (uses().get("one"), uses().get("file-1"), uses().get("two")),
        (Some(&NOW), Some(&NOW), None)
    );
    let end = || {
        catalog
            .delete_publisher(&id("one"), &event("publisher.delete"))
            .unwrap()
    };
    assert_eq!((end(), end()), (true, false));
    assert_eq!(catalog.publishers().unwrap(), [publisher("two")]);
    assert_eq!(uses().get("one"), None);
}
