//! Linking an identity to one's account, and proving again who one is.

use super::{World, member, world};
use archive_tests::http::Response;
use archive_tests::provider::{Browser, Visit, now, visit_of};
use archive_tests::uploader::PASSWORD;
use serde_json::{Value, json};

fn local(world: &World) -> Browser<'_> {
    let mut browser = Browser::new(&world.server);
    assert_eq!(browser.by_password("local").status, 303);
    browser
}

/// Begins to link, and returns where the page leads.
fn begin(browser: &mut Browser<'_>) -> Visit {
    let form = format!("password={}", PASSWORD.replace(' ', "+"));
    let page = browser.post("/console/account/identities", &form);
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    let (_, rest) = text.split_once("<a class=\"button\" href=\"").unwrap();
    visit_of(
        &rest
            .split('"')
            .next()
            .unwrap()
            .replace("&#38;", "&")
            .replace("&amp;", "&"),
    )
}

#[test]
fn somebody_links_who_they_are_and_signs_in_by_it() {
    let world = world("");
    let mut browser = local(&world);
    let wrong = browser.post("/console/account/identities", "password=wrong+password");
    assert_eq!(wrong.status, 403);
    assert!(!browser.cookies.contains_key("__Host-sign-in"));

    let visit = begin(&mut browser);
    assert_eq!(
        (visit.query["prompt"].as_str(), visit.query["max_age"].as_str()),
        ("login", "60")
    );
    let back = world.provider.sign_in(&visit, "me", &json!({}));
    let answer = browser.get(&back);
    assert_eq!(
        answer.header("location").as_deref(),
        Some("/console/account?done=linked"),
        "{}",
        answer.text()
    );
    assert!(
        browser
            .get("/console/account")
            .text()
            .contains("<td data-label=\"Who you are there\">me</td>")
    );
    let (mut by_provider, _) = world.enter("me", &member("root"));
    assert_eq!(
        by_provider.account().as_deref(),
        Some("local, admin of all suites")
    );

    // What is linked is linked once.
    let (mut other, _) = world.enter("other", &member("staff"));
    assert!(other.account().is_some());
    let visit = begin(&mut browser);
    let back = world.provider.sign_in(&visit, "other", &json!({}));
    assert!(browser.get(&back).text().contains("linked to an account already"));
}

#[test]
fn what_one_session_began_links_nothing_to_another() {
    let world = world("");
    world.archive.account("victim", &["--role", "user"]);
    let mut attacker = local(&world);
    let visit = begin(&mut attacker);
    let back = world.provider.sign_in(&visit, "evil", &json!({}));
    let mut victim = Browser::new(&world.server);
    assert_eq!(victim.by_password("victim").status, 303);
    let planted = attacker.cookies["__Host-sign-in"].clone();
    victim.cookies.insert("__Host-sign-in".into(), planted);
    let answer = victim.get(&back);
    assert_eq!(answer.status, 403);
    assert!(
        answer.text().contains("another account is signed in"),
        "{}",
        answer.text()
    );
    assert!(!victim.get("/console/account").text().contains("evil"));
    // And without a session it is no way in.
    let visit = begin(&mut attacker);
    let back = world.provider.sign_in(&visit, "evil", &json!({}));
    attacker.cookies.remove("__Host-session");
    let answer = attacker.get(&back);
    assert!(
        answer
            .header("location")
            .is_some_and(|to| to.starts_with("/console/sign-in")),
        "{}",
        answer.text()
    );
    assert_eq!(attacker.account(), None);
}

#[test]
fn without_a_password_what_cannot_be_undone_is_confirmed_at_the_provider() {
    let world = world("");
    let spare = world.archive.account("spare", &["--role", "user"]);
    let (mut jane, _) = world.enter("jane", &member("root"));
    let path = format!("/console/users/{spare}");
    let delete = |browser: &mut Browser<'_>| -> Response { browser.post(&path, "action=delete&password=") };
    let refused = delete(&mut jane);
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("confirm at `Example`"),
        "{}",
        refused.text()
    );
    let page = jane.get(&path).text();
    assert!(
        page.contains("Confirm who you are at Example") && !page.contains("type=\"password\""),
        "{page}"
    );

    let prove = |browser: &mut Browser<'_>, subject: &str, more: &Value| -> Response {
        let begun = browser.get(&format!("/console/confirm?next={path}"));
        let visit = visit_of(&begun.header("location").unwrap());
        assert_eq!(visit.query["prompt"], "login");
        let back = world.provider.sign_in(&visit, subject, more);
        browser.get(&back)
    };
    // Who signed in there this morning has not proven that they sit there now.
    let stale = prove(&mut jane, "jane", &json!({"auth_time": now() - 3600}));
    assert!(stale.text().contains("did not ask again"), "{}", stale.text());
    let (mut other, _) = world.enter("other", &member("root"));
    assert!(other.account().is_some());
    let another = prove(&mut jane, "other", &json!({"auth_time": now()}));
    assert!(
        another.text().contains("not an identity of the account"),
        "{}",
        another.text()
    );
    assert_eq!(delete(&mut jane).status, 403);

    let proven = prove(&mut jane, "jane", &json!({"auth_time": now()}));
    assert_eq!(
        proven.header("location").as_deref(),
        Some(path.as_str()),
        "{}",
        proven.text()
    );
    // It is good in this session only.
    let confirmed = jane.cookies["__Host-confirmed"].clone();
    other.cookies.insert("__Host-confirmed".into(), confirmed);
    assert_eq!(delete(&mut other).status, 403);
    assert_eq!(delete(&mut jane).status, 303);
}
