//! What accounts, sessions and tokens promise.

use super::*;

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
