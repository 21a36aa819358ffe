use serde_json::json;

use super::*;

const FILE: &str = "[provider]\nname = \"Example\"\nissuer = \"https://id.example.org\"\nclient_id = \"archive\"\n\
    console_url = \"https://apt.example.org\"\n";

fn settings(groups: &str) -> SignInSettings {
    toml(&format!("{FILE}{groups}"))
}

fn toml(text: &str) -> SignInSettings {
    debian_archive::config::parse_toml(text, std::path::Path::new("single-sign-on.toml")).unwrap()
}

fn config() -> Config {
    let text = "[[suite]]\ncodename = \"bookworm\"\nsuite = \"stable\"\n[[suite]]\ncodename = \"trixie\"\n";
    debian_archive::config::parse_toml(text, std::path::Path::new("repogen.toml")).unwrap()
}

fn person(claims: &Value) -> Result<Person, String> {
    let settings = settings("[[group]]\nname = \"*\"\nrole = \"user\"\n");
    Person::read(
        &settings.provider.unwrap(),
        "1".into(),
        claims.as_object().unwrap(),
    )
}

fn group(name: &str, role: &str, suites: Option<&[&str]>) -> String {
    let suites = suites.map_or(String::new(), |suites| format!("suites = {suites:?}\n"));
    format!("[[group]]\nname = \"{name}\"\nrole = \"{role}\"\n{suites}")
}

#[test]
fn the_highest_role_counts_in_the_suites_of_all_groups_that_have_it() {
    let groups = [
        group("readers", "user", Some(&["trixie"])),
        group("old", "maintainer", Some(&["stable"])),
        group("new", "maintainer", Some(&["trixie", "bookworm"])),
        group("all", "maintainer", None),
        group("root", "admin", None),
    ]
    .concat();
    let settings = settings(&groups);
    let only = |names: &[&str]| Suites::Only(names.iter().map(|name| name.parse().unwrap()).collect());
    for (names, expected) in [
        (vec![], None),
        (vec!["ROOT", "roo", "*"], None),
        (vec!["readers"], Some((Role::User, only(&["trixie"])))),
        (
            vec!["readers", "old"],
            Some((Role::Maintainer, only(&["bookworm"]))),
        ),
        (
            vec!["old", "new"],
            Some((Role::Maintainer, only(&["bookworm", "trixie"]))),
        ),
        (vec!["old", "all"], Some((Role::Maintainer, Suites::All))),
        (vec!["old", "root"], Some((Role::Admin, Suites::All))),
    ] {
        let person = person(&json!({ "groups": names })).unwrap();
        assert_eq!(
            person.rights(&settings, &config()),
            Ok(expected),
            "{:?}",
            person.groups
        );
    }
    let everybody = self::settings(&group("*", "user", None));
    let nobody = person(&json!({})).unwrap();
    assert_eq!(
        nobody.rights(&everybody, &config()),
        Ok(Some((Role::User, only(&[]))))
    );
    let wrong = self::settings(&group("*", "user", Some(&["nowhere"])));
    assert!(nobody.rights(&wrong, &config()).unwrap_err().contains("nowhere"));
}

#[test]
fn groups_are_texts_and_a_list_that_was_left_out_is_no_empty_one() {
    assert_eq!(person(&json!({"groups": "staff"})).unwrap().groups, ["staff"]);
    assert!(person(&json!({ "groups": null })).unwrap().groups.is_empty());
    for claims in [
        json!({"groups": 1}),
        json!({"groups": ["a", 1]}),
        json!({"groups": {"a": true}}),
        json!({"groups": vec!["a"; MAX_GROUPS + 1]}),
        json!({"_claim_names": {"groups": "src1"}}),
    ] {
        assert!(person(&claims).is_err(), "{claims}");
    }
}

#[test]
fn only_a_verified_address_counts() {
    for (verified, is_known) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("yes"), false),
        (json!(1), false),
        (json!(null), false),
    ] {
        let person = person(&json!({"email": "jane@Example.org", "email_verified": verified})).unwrap();
        assert_eq!(person.email.is_some(), is_known, "{verified}");
        let domains = ["example.org".to_owned()];
        assert_eq!(person.has_domain(&domains), is_known);
        assert!(person.has_domain(&[]));
        assert!(!person.has_domain(&["ample.org".to_owned()]));
    }
    assert!(
        person(&json!({"email": "jane@example.org"}))
            .unwrap()
            .email
            .is_none()
    );
}

#[test]
fn user_names_are_made_of_what_providers_call_people() {
    for (claim, expected) in [
        ("jane", Some("jane")),
        ("jane@example.org", Some("jane")),
        ("Jane Doe", Some("Jane-Doe")),
        ("..jane", Some("jane")),
        ("EXAMPLE\\jane", Some("EXAMPLE-jane")),
        ("@", None),
        ("---", None),
    ] {
        let person = person(&json!({ "preferred_username": claim })).unwrap();
        assert_eq!(
            person.username.as_ref().map(Username::as_str),
            expected,
            "{claim}"
        );
    }
}
