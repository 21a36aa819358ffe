//! Which account somebody gets, and what it may do.

use super::super::assert_problem;
use super::{GROUPS, member, world};
use archive_tests::provider::Browser;
use archive_tests::uploader::PASSWORD;
use serde_json::json;

#[test]
fn rights_follow_the_groups_at_each_sign_in() {
    let world = world("");
    let root = world.server.login("local");
    let (mut first, _) = world.enter("jane", &member("packagers"));
    assert_eq!(first.account().as_deref(), Some("jane, maintainer of stable"));
    let token = world.archive.token("jane", &["upload:stable/*"]);
    let listed = world.server.get("/api/users", Some(&root)).json();
    let jane = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|user| user["username"] == "jane")
        .unwrap();
    let id = jane["id"].as_str().unwrap().to_owned();
    assert!(
        jane["email"].is_null(),
        "the provider did not say that it was verified"
    );

    // What the groups gave ends with them: the role, the sessions by it, and what its tokens may do.
    world.refused(("jane", &json!({})), "in no group");
    assert_eq!(first.account(), None);
    let package = archive_tests::DebBuilder::new("hello", "1.0", "all");
    assert_problem(
        &world.server.upload(&package, "suite=stable", &token),
        403,
        "forbidden",
    );
    let (mut again, _) = world.enter("jane", &member("root"));
    assert_eq!(again.account().as_deref(), Some("jane, admin of all suites"));

    // Of two administrators one may go, and the last one stays.
    let path = format!("/api/users/{id}");
    let disable = |disabled: bool| {
        world
            .server
            .json("PUT", &path, Some(&root), &json!({ "disabled": disabled }))
            .status
    };
    assert_eq!(disable(true), 200);
    world.refused(("jane", &member("root")), "disabled");
    assert_eq!(disable(false), 200);
    let (mut admin, _) = world.enter("jane", &member("root"));
    assert!(admin.account().is_some());
    let local = world.server.get("/api/auth/me", Some(&root)).json()["user"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let jane_token = world.archive.token("jane", &["admin"]);
    let answer = world.server.json(
        "PUT",
        &format!("/api/users/{local}"),
        Some(&jane_token),
        &json!({"role": "user"}),
    );
    assert_eq!(answer.status, 200);
    world.refused(("jane", &member("staff")), "last account with the role");

    let audit = world.server.get("/api/audit", Some(&jane_token)).json();
    let of = |action: &str| {
        let rows = audit["items"].as_array().unwrap();
        rows.iter().filter(|row| row["action"] == action).count()
    };
    assert!(
        of("login") >= 3 && of("user.create") >= 1 && of("user.change") >= 2,
        "{audit}"
    );
}

#[test]
fn an_address_or_a_name_is_nobodys_proof() {
    let world = world("");
    // The name of an account, and its address, verified at the provider.
    let claims = json!({"groups": ["root"], "email": "local@example.org", "email_verified": true, "preferred_username": "LOCAL"});
    world.refused(("thief", &claims), "another account is called");
    let claims = json!({"groups": ["staff"], "email": "local@example.org", "email_verified": true, "preferred_username": "thief"});
    let (mut thief, _) = world.enter("1", &claims);
    assert_eq!(thief.account().as_deref(), Some("thief, user"));
    let root = world.server.login("local");
    let listed = world.server.get("/api/users", Some(&root)).json();
    let email = |name: &str| {
        let users = listed["items"].as_array().unwrap();
        users.iter().find(|user| user["username"] == name).unwrap()["email"].clone()
    };
    assert_eq!(
        (email("thief"), email("local")),
        (json!(null), json!("local@example.org"))
    );
    // A new name at the provider is the same person; another subject with the old name is not.
    let (mut renamed, _) = world.enter(
        "1",
        &json!({"groups": ["staff"], "preferred_username": "somebody"}),
    );
    assert_eq!(renamed.account().as_deref(), Some("thief, user"));
    world.refused(
        ("2", &json!({"groups": ["staff"], "preferred_username": "thief"})),
        "another account is called",
    );
}

#[test]
fn only_verified_addresses_of_the_domains_enter_where_there_are_domains() {
    let world = world("email_domains = [\"example.org\"]");
    let with = |email: &str, verified: bool| json!({"groups": ["staff"], "email": email, "email_verified": verified});
    world.refused(
        ("jane", &with("jane@example.org", false)),
        "verified e-mail address",
    );
    world.refused(
        ("jane", &with("jane@example.org.example.com", true)),
        "verified e-mail address",
    );
    world.refused(
        ("jane", &json!({"groups": ["staff"], "email": null})),
        "verified e-mail address",
    );
    let (mut jane, _) = world.enter("jane", &with("jane@EXAMPLE.org", true));
    assert_eq!(jane.account().as_deref(), Some("jane, user"));
}

#[test]
fn what_the_id_token_lacks_is_asked_for_and_believed_of_the_same_person_only() {
    let world = world("");
    let userinfo = |subject: &str| {
        let said =
            json!({"sub": subject, "groups": ["packagers"], "preferred_username": "jane", "aud": "another"});
        world.provider.issuer.serve("/userinfo", &said.to_string());
    };
    let enter = || {
        let mut browser = Browser::new(&world.server);
        let visit = browser.visit("");
        let back = world.provider.sign_in(&visit, "1", &json!({}));
        let mut claims = world.provider.claims(&visit, "1", &json!({}));
        claims.as_object_mut().unwrap().remove("groups");
        claims.as_object_mut().unwrap().remove("preferred_username");
        world.provider.give(&world.provider.key.sign(&claims));
        let answer = browser.get(&back);
        (browser.account(), answer.text())
    };
    userinfo("2");
    let (account, text) = enter();
    assert!(account.is_none() && text.contains("somebody else"), "{text}");
    userinfo("1");
    assert_eq!(enter().0.as_deref(), Some("jane, maintainer of stable"));
    let asked = world.provider.issuer.asked_last("/userinfo").unwrap();
    assert!(asked.head.contains("Bearer access"), "{asked:?}");
}

#[test]
fn administrators_link_accounts_where_none_is_created() {
    let world = world("create_accounts = false");
    world.refused(("f3c1", &member("staff")), "no account is linked");
    let root = world.server.login("local");
    let body = json!({"username": "jane", "role": "user"});
    let created = world.server.json("POST", "/api/users", Some(&root), &body);
    assert_eq!(created.status, 201, "{}", created.text());
    let path = format!("/api/users/{}/identities", created.json()["id"].as_str().unwrap());
    let identity = json!({"issuer": world.provider.issuer.url(), "subject": "f3c1"});
    let linked = world.server.json("POST", &path, Some(&root), &identity);
    assert_eq!(linked.status, 201, "{}", linked.text());
    assert_problem(
        &world.server.json("POST", &path, Some(&root), &identity),
        409,
        "external_identity_taken",
    );
    for wrong in [
        json!({"issuer": "id", "subject": "x"}),
        json!({"issuer": "https://id.example.org", "subject": ""}),
    ] {
        assert_problem(
            &world.server.json("POST", &path, Some(&root), &wrong),
            422,
            "invalid_request",
        );
    }
    let (mut jane, _) = world.enter("f3c1", &member("staff"));
    assert_eq!(jane.account().as_deref(), Some("jane, user"));
    let listed = world.server.get(&path, Some(&root)).json();
    assert_eq!(listed["items"][0]["subject"], "f3c1");
    let one = format!("{path}/{}", listed["items"][0]["id"].as_str().unwrap());
    assert_eq!(
        world.server.send("DELETE", &one, Some(&root), (&[], &[])).status,
        204
    );
    assert_eq!(jane.account(), None, "its sessions ended with it");
    assert_problem(
        &world.server.send("DELETE", &one, Some(&root), (&[], &[])),
        404,
        "external_identity_not_found",
    );
    world.refused(("f3c1", &member("staff")), "no account is linked");
}

#[test]
fn passwords_can_be_turned_off_and_on_again_from_the_shell() {
    let world = world("");
    let before = world.server.login("local");
    let without = format!("passwords = false\n{}", world.provider.settings("", GROUPS));
    world.configure(&without);
    let body = json!({"username": "local", "password": PASSWORD});
    assert_problem(
        &world.server.json("POST", "/api/auth/login", None, &body),
        403,
        "passwords_off",
    );
    let new = json!({"username": "new", "email": "new@example.org", "password": PASSWORD});
    assert_problem(
        &world.server.json("POST", "/api/auth/register", None, &new),
        403,
        "passwords_off",
    );
    let change = json!({"current_password": PASSWORD, "new_password": "another long password"});
    assert_problem(
        &world
            .server
            .json("PUT", "/api/auth/password", Some(&before), &change),
        403,
        "passwords_off",
    );
    let mut browser = Browser::new(&world.server);
    let answer = browser.by_password("local");
    assert_eq!(answer.status, 403);
    assert!(
        answer.text().contains("sign-in by password is disabled")
            && !answer.text().contains("name=\"password\"")
    );
    let (mut jane, _) = world.enter("jane", &member("root"));
    assert_eq!(jane.account().as_deref(), Some("jane, admin of all suites"));

    // Nonsense locks nobody out and lets nobody in: the previous settings stay.
    world.configure("passwords = maybe");
    assert_problem(
        &world.server.json("POST", "/api/auth/login", None, &body),
        403,
        "passwords_off",
    );
    // Whoever has the shell has two ways back: a token, and the file.
    let token = world.archive.token("local", &["admin"]);
    assert_eq!(world.server.get("/api/users", Some(&token)).status, 200);
    std::fs::remove_file(world.archive.root().join("single-sign-on.toml")).unwrap();
    assert_eq!(
        world.server.json("POST", "/api/auth/login", None, &body).status,
        200
    );
}
