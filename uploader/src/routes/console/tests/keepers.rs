//! Accounts, quotas and webhooks.

use super::*;

#[tokio::test]
async fn saving_an_account_changes_what_was_changed_and_nothing_else() {
    let (server, _) = world().await;
    server.account("mia", Role::Maintainer, &[]);
    let root = server.token("root", &["admin"]);
    let browser = Browser::new(&server, "root").await;
    let password = PASSWORD.replace(' ', "+");
    let save = async |form: &str| {
        let form = format!("action=change&password={password}&{form}");
        let answer = browser.post("/console/users/mia", &form).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let user = server.ask(("GET", "/api/users/mia"), Some(&root), &[], "").await;
        let user: serde_json::Value = serde_json::from_str(&user.body).unwrap();
        (
            user["role"].clone(),
            user["suites"].clone(),
            user["disabled"].clone(),
        )
    };
    let page = browser.get("/console/users/mia").await.body;
    for before in [
        r#"name="role_before" value="maintainer""#,
        r#"name="suites_before" value="""#,
        r#"name="state_before" value="active""#,
    ] {
        assert!(page.contains(before), "{page}");
    }
    // Who maintains nothing does not come to maintain everything.
    let disabled = save(
        "role=maintainer&role_before=maintainer&suites=&suites_before=&state=disabled&state_before=active",
    )
    .await;
    assert_eq!(disabled, (json!("maintainer"), json!([]), json!(true)));
    // A page that is older than what another administrator did.
    let other = json!({"role": "user", "suites": ["secret"]}).to_string();
    let headers = [("content-type", "application/json")];
    let answer = server
        .ask(("PUT", "/api/users/mia"), Some(&root), &headers, other)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let enabled = save(
        "role=maintainer&role_before=maintainer&suites=&suites_before=&state=active&state_before=disabled",
    )
    .await;
    assert_eq!(enabled, (json!("user"), json!(["secret"]), json!(false)));
    let raised = save("role=maintainer&role_before=user&suites=stable&suites_before=secret&state=active&state_before=active").await;
    assert_eq!(raised, (json!("maintainer"), json!(["stable"]), json!(false)));
}

#[tokio::test]
async fn a_quota_is_set_in_the_console_by_administrators_only() {
    let (server, _) = world().await;
    let browser = Browser::new(&server, "root").await;
    for (page, form, status) in [
        ("/console/suites/stable", "max_packages=7&max_bytes=", 303),
        ("/console/users/jane", "max_packages=&max_bytes=1000", 303),
        ("/console/users/jane", "max_packages=%3Cscript%3E", 422),
    ] {
        let path = format!("{page}/quota");
        let seen = state_shown(&browser.get(page).await.body, &path);
        let answer = browser.post(&path, &format!("shown={seen}&{form}")).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(!answer.body.contains("<script>"), "{}", answer.body);
    }
    let page = browser.get("/console/suites/stable").await.body;
    assert!(page.contains("It holds 1 package of 7"), "{page}");
    let page = browser.get("/console/users/jane").await.body;
    assert!(
        page.contains(
            r#"name="max_bytes" inputmode="numeric" pattern="[0-9]*" placeholder="no limit" value="1000""#
        ),
        "{page}"
    );
    // What another administrator set since the page was loaded is not cleared.
    let late = browser
        .post("/console/users/jane/quota", "shown=&max_packages=1&max_bytes=")
        .await;
    assert_eq!(late.status, 412, "{}", late.body);
    assert!(late.body.contains("load the page again"), "{}", late.body);
    let jane = Browser::new(&server, "jane").await;
    let answer = jane.post("/console/suites/stable/quota", "max_packages=").await;
    assert_eq!(answer.status, 403, "{}", answer.body);
}

#[tokio::test]
async fn a_webhook_is_made_tried_paused_changed_and_deleted() {
    let (server, _) = world().await;
    let browser = Browser::new(&server, "root").await;
    let form = "name=chat&url=https%3A%2F%2Fhooks.example.org%2F&events=suite.published&events=package.removed&suites=prod";
    let made = browser.post("/console/webhooks", form).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.body.contains("whsec_"), "the secret is shown");
    let webhooks = server.app.archive.webhooks();
    let path = format!("/console/webhooks/{}", webhooks.webhooks().unwrap()[0].id);
    let shown = browser.get(&path).await.body;
    assert!(!shown.contains("whsec_"), "once");
    assert!(
        shown.contains("value=\"suite.published\" checked") && shown.contains("value=\"stable\""),
        "{shown}"
    );
    for (form, done) in [
        ("action=ping", "sent"),
        ("action=pause", "paused"),
        ("action=resume", "resumed"),
        (
            "action=save&name=talk&url=https%3A%2F%2Fhooks.example.org%2F&events=key.expiring&suites=",
            "saved",
        ),
    ] {
        let seen = state_shown(&browser.get(&path).await.body, "<h2>Change</h2>");
        let answer = browser.post(&path, &format!("shown={seen}&{form}")).await;
        assert_eq!(
            location(&answer),
            format!("{path}?done={done}"),
            "{}",
            answer.body
        );
    }
    let webhook = webhooks.webhooks().unwrap().remove(0);
    assert_eq!(
        (webhook.name.as_str(), webhook.suites),
        ("talk", archive_catalog::accounts::Suites::All)
    );
    let delivery = webhooks.deliveries(&webhook.id, None, 1).unwrap()[0].id;
    let again = browser.post(&format!("{path}/deliveries/{delivery}"), "").await;
    assert_eq!(location(&again), format!("{path}?done=sent"));
    assert!(browser.post(&path, "action=rotate").await.body.contains("whsec_"));
    let inward = "action=save&name=talk&url=https%3A%2F%2F127.0.0.1%2F&events=key.expiring";
    let seen = state_shown(&browser.get(&path).await.body, "<h2>Change</h2>");
    let refused = browser.post(&path, &format!("shown={seen}&{inward}")).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let late = browser.post(&path, &format!("shown=other&{inward}")).await;
    assert_eq!(late.status, 412, "{}", late.body);
    assert_eq!(
        browser.post(&path, "action=delete&password=wrong").await.status,
        403
    );
    let gone = browser
        .post(
            &path,
            &format!("action=delete&password={}", PASSWORD.replace(' ', "+")),
        )
        .await;
    assert_eq!(location(&gone), "/console/webhooks?done=deleted");
}

#[tokio::test]
async fn webhooks_are_for_administrators_in_the_console_too() {
    let (server, _) = world().await;
    let hook = webhook(&server, "chat").await;
    let jane = Browser::new(&server, "jane").await;
    let one = format!("/console/webhooks/{hook}");
    for path in ["/console/webhooks", &one] {
        assert_eq!(jane.get(path).await.status, 403, "{path}");
        assert_eq!(jane.post(path, "action=ping").await.status, 403, "{path}");
    }
    assert_eq!(jane.post(&format!("{one}/deliveries/1"), "").await.status, 403);
}
