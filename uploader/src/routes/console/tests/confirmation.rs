//! What cannot be undone is confirmed.

use super::*;

#[tokio::test]
async fn what_cannot_be_undone_asks_for_the_password_and_pages_of_administrators_for_one() {
    let (server, package) = world().await;
    let browser = Browser::new(&server, "root").await;
    let right = PASSWORD.replace(' ', "+");
    let delete = |password: &str| format!("id={package}&confirmed=yes&password={password}");
    let preview = browser
        .post("/console/packages/deletion", &format!("id={package}"))
        .await;
    assert!(preview.body.contains("Delete 1 package<"), "{}", preview.body);
    let wrong = browser
        .post("/console/packages/deletion", &delete("a+wrong+password"))
        .await;
    assert_eq!(wrong.status, 403, "{}", wrong.body);
    assert_eq!(
        browser.get(&format!("/console/packages/{package}")).await.status,
        200,
        "it is there"
    );
    let done = browser.post("/console/packages/deletion", &delete(&right)).await;
    assert_eq!(location(&done), "/console/packages?done=deleted", "{}", done.body);
    for (form, status) in [
        ("action=delete&password=wrong", 403),
        (&format!("action=delete&password={right}"), 303),
    ] {
        let answer = browser.post("/console/users/joe", form).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let jane = Browser::new(&server, "jane").await;
    for path in [
        "/console/users",
        "/console/users/jane",
        "/console/audit",
        "/console/audit/export",
        "/console/retention",
        "/console/publishers",
        "/console/tokens?all=true",
    ] {
        assert_eq!(jane.get(path).await.status, 403, "{path}");
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
async fn an_old_sign_in_is_not_enough_for_what_cannot_be_undone() {
    let (server, _) = world().await;
    let right = PASSWORD.replace(' ', "+");
    let fresh = Browser::since(&server, "root", 290);
    let made = fresh.post("/console/tokens", "name=one&scopes=admin").await;
    assert!(made.body.contains("rgt_"), "the control: {}", made.body);
    let token = server.token("jane", &["read:stable"]);
    let root = server.token("root", &["admin"]);
    let listed = server
        .ask(("GET", "/api/tokens?all=true"), Some(&root), &[], "")
        .await;
    let listed: serde_json::Value = serde_json::from_str(&listed.body).unwrap();
    let items = listed["items"].as_array().unwrap();
    let of_jane = items.iter().find(|item| item["user"] == "jane").unwrap();
    let id = of_jane["id"].as_str().unwrap();

    let old = Browser::since(&server, "root", 310);
    let evil: String = EVIL.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let rotate = format!("/console/tokens/{id}");
    for (path, form) in [
        ("/console/tokens", format!("name={evil}&scopes=admin")),
        (rotate.as_str(), "action=rotate".to_owned()),
        (rotate.as_str(), "action=revoke".to_owned()),
        (
            "/console/users",
            "username=eve&new_password=a+long+password&role=admin".to_owned(),
        ),
        (
            "/console/suites/stable/snapshots",
            "action=unpin&id=20260101T000000Z".to_owned(),
        ),
    ] {
        let asked = old.post(path, &form).await;
        assert_eq!(asked.status, 200, "{path}: {}", asked.body);
        assert!(
            asked.body.contains("Nothing has been done yet"),
            "{path}: {}",
            asked.body
        );
        assert!(
            asked.body.contains(&format!("action=\"{path}\"")),
            "{}",
            asked.body
        );
        assert!(
            !asked.body.contains("rgt_") && !asked.body.contains("a long password"),
            "{}",
            asked.body
        );
        assert!(
            !asked.body.contains("<script>") && !asked.body.contains("<img src=x"),
            "{}",
            asked.body
        );
        let wrong = old.post(path, &format!("{form}&password=wrong")).await;
        assert_eq!(wrong.status, 403, "{path}: {}", wrong.body);
    }
    let still = server.ask(("GET", "/api/packages"), Some(&token), &[], "").await;
    assert_eq!(still.status, 200, "the token is the same");
    let done = old
        .post(&rotate, &format!("action=rotate&password={right}"))
        .await;
    assert!(done.body.contains("rgt_"), "{}", done.body);
    let other = old
        .post(
            "/console/users",
            "username=ann&new_password=a+long+password&role=user",
        )
        .await;
    assert_eq!(other.status, 303, "no administrator: {}", other.body);
    // Of a clock that was set back nothing is new.
    let ahead = Browser::since(&server, "root", -30);
    let asked = ahead.post("/console/tokens", "name=two&scopes=admin").await;
    assert!(asked.body.contains("Nothing has been done yet"), "{}", asked.body);
}

#[tokio::test]
async fn a_wrong_password_leads_to_the_form_again() {
    let (server, package) = world().await;
    let browser = Browser::new(&server, "root").await;
    let right = PASSWORD.replace(' ', "+");
    for (path, form) in [
        (
            "/console/packages/deletion",
            format!("id={package}&confirmed=yes"),
        ),
        ("/console/users/joe", "action=delete".to_owned()),
        (
            "/console/suites/stable/rollback",
            "snapshot=20260101T000000Z".to_owned(),
        ),
    ] {
        let wrong = browser.post(path, &format!("{form}&password=wrong")).await;
        assert_eq!(wrong.status, 403, "{path}: {}", wrong.body);
        assert!(
            wrong
                .body
                .contains("The password is wrong. Nothing has been done yet."),
            "{path}: {}",
            wrong.body
        );
        assert!(
            wrong.body.contains(&format!("action=\"{path}\"")),
            "{}",
            wrong.body
        );
        for field in form.split('&') {
            let (name, value) = field.split_once('=').unwrap();
            let hidden = format!(r#"<input type="hidden" name="{name}" value="{value}">"#);
            assert!(wrong.body.contains(&hidden), "{}", wrong.body);
        }
        assert!(!wrong.body.contains("value=\"wrong\""), "{}", wrong.body);
    }
    // What that page sends then.
    let form = format!("action=delete&password={right}");
    let done = browser.post("/console/users/joe", &form).await;
    assert_eq!(location(&done), "/console/users?done=deleted", "{}", done.body);
    let form = "password=wrong&new_password=another+long+password";
    let wrong = browser.post("/console/account/password", form).await;
    assert_eq!(wrong.status, 403, "{}", wrong.body);
    assert!(
        wrong
            .body
            .contains("The present password is wrong. Nothing was changed."),
        "{}",
        wrong.body
    );
}
