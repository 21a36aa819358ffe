//! `/api/users`: accounts are created, changed and removed.

use archive_tests::Uploader;
use serde_json::json;

#[test]
fn accounts_are_made_changed_and_ended_by_the_rules() {
    let (archive, server, root) = Uploader::with_admin();
    let register = |name: &str, email: &str, password: &str| {
        let body = json!({"username": name, "email": email, "password": password});
        server.json("POST", "/api/auth/register", None, &body)
    };
    let made = register("jane", "jane@example.org", "correct horse battery");
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(
        (&made.json()["role"], &made.json()["suites"]),
        (&json!("user"), &json!([]))
    );
    let id = made.json()["id"].as_str().unwrap().to_owned();
    for (name, email, password, status, code) in [
        (
            "Jane",
            "other@example.org",
            "correct horse battery",
            409,
            "username_taken",
        ),
        (
            "june",
            "JANE@example.org",
            "correct horse battery",
            409,
            "email_taken",
        ),
        ("june", "june@example.org", "ninechars", 422, "weak_password"),
        (
            "ju ne",
            "june@example.org",
            "correct horse battery",
            422,
            "invalid_request",
        ),
        ("june", "june", "correct horse battery", 422, "invalid_request"),
    ] {
        let answer = register(name, email, password);
        assert_eq!(
            (answer.status, answer.json()["code"].as_str().unwrap()),
            (status, code),
            "{name} {email}"
        );
    }
    let wrong = json!({"username": "jane", "password": "correct horse batterY"});
    let unknown = json!({"username": "nobody", "password": "correct horse battery"});
    let refused: Vec<_> = [wrong, unknown]
        .iter()
        .map(|body| server.json("POST", "/api/auth/login", None, body))
        .map(|answer| (answer.status, answer.json()["detail"].clone()))
        .collect();
    assert_eq!(
        refused[0], refused[1],
        "which of name and password was wrong is not told"
    );
    assert_eq!(refused[0].0, 401);

    let session = server.login("jane");
    let above = json!({"name": "x", "scopes": ["upload:stable/*"]});
    assert_eq!(
        server.json("POST", "/api/tokens", Some(&session), &above).json()["code"],
        "scope_above_rights"
    );
    let own = format!("/api/users/{id}");
    let promote = json!({"role": "admin"});
    assert_eq!(server.json("PUT", &own, Some(&session), &promote).status, 403);
    let change = server.json(
        "PUT",
        &own,
        Some(&session),
        &json!({"password": "another password"}),
    );
    assert_eq!(change.status, 200, "{}", change.text());
    assert_eq!(
        server.get("/api/auth/me", Some(&session)).status,
        401,
        "a new password ends sessions"
    );
    let promoted = server.json("PUT", &own, Some(&root), &json!({"role": "maintainer"}));
    assert_eq!(promoted.json()["suites"], json!(null), "{}", promoted.text());
    assert_eq!(server.send("DELETE", &own, Some(&root), (&[], &[])).status, 204);
    let me = server.get("/api/auth/me", Some(&root)).json()["user"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let last = server.send("DELETE", &format!("/api/users/{me}"), Some(&root), (&[], &[]));
    assert_eq!(last.json()["code"], "last_admin");

    let audit = server.get("/api/audit?limit=500", Some(&root)).json();
    let actions: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    for action in [
        "login.refused",
        "user.create",
        "user.change",
        "user.delete",
        "token.create",
    ] {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
    drop(server);
    let closed = Uploader::with(&archive, &[("REGISTRATION", "closed")]);
    let body = json!({"username": "june", "email": "june@example.org", "password": "correct horse battery"});
    assert_eq!(
        closed.json("POST", "/api/auth/register", None, &body).json()["code"],
        "registration_closed"
    );
}
