//! Answers of the provider, and what somebody else sends in their place.

use super::{member, world};
use archive_tests::Uploader;
use archive_tests::provider::{Browser, now};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use sha2::{Digest as _, Sha256};

#[test]
fn a_code_is_asked_for_and_exchanged_as_the_standards_say() {
    let world = world("");
    let mut browser = Browser::new(&world.server);
    let visit = browser.visit("/console/packages%3Fq%3Da");
    assert!(
        visit
            .address
            .starts_with(&format!("{}/authorize?tenant=1&", world.provider.issuer.url()))
    );
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "archive"),
        (
            "redirect_uri",
            "https://archive.example.org/console/sign-in/answer",
        ),
        ("scope", "openid+profile+email"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(visit.query[name], value);
    }
    let back = world.provider.sign_in(&visit, "jane", &member("packagers"));
    let answer = browser.get(&back);
    assert_eq!(
        (answer.status, answer.header("location").as_deref()),
        (303, Some("/console/packages?q=a"))
    );
    assert_eq!(browser.account().as_deref(), Some("jane, maintainer of stable"));

    let asked = world.provider.issuer.asked_last("/token").unwrap();
    let field = |name: &str| {
        let start = format!("{name}=");
        let found = asked.body.split('&').find_map(|pair| pair.strip_prefix(&start));
        found.unwrap_or_else(|| panic!("{asked:?}")).to_owned()
    };
    assert_eq!(
        (field("grant_type"), field("code")),
        ("authorization_code".into(), "one".into())
    );
    assert!(field("redirect_uri").contains("archive.example.org"));
    let verifier = field("code_verifier");
    assert_eq!(
        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
        visit.query["code_challenge"]
    );
    assert!(!visit.address.contains(&verifier));
    // Each half is encoded as in a form before both become the header. Source: RFC 6749, section 2.3.1.
    let basic = format!("Basic {}", STANDARD.encode("archive:s3cret%2F%2B+%26"));
    assert!(asked.head.contains(&basic), "{}", asked.head);
    let log = world.server.log();
    assert!(!log.contains("code=one") && !log.contains(&visit.query["state"]) && !log.contains("s3cret"));
}

#[test]
fn what_the_id_token_says_has_to_be_right_to_the_letter() {
    let world = world("");
    for (more, words) in [
        (json!({"aud": "another"}), "`aud`"),
        (json!({"aud": ["archive", "another"]}), "no `azp`"),
        (json!({"aud": ["archive", "another"], "azp": "another"}), "`azp`"),
        (json!({"azp": "another"}), "`azp`"),
        (json!({"iss": "https://id.example.com"}), "`iss`"),
        (json!({"exp": now() - 120}), "expired"),
        (json!({"exp": now() + 200_000}), "longer than a day"),
        (json!({"exp": null}), "required claims"),
        (json!({"iat": now() + 300}), "`iat`"),
        (json!({"iat": now() - 300}), "`iat`"),
        (json!({"nbf": now() + 300}), "`nbf`"),
        (json!({"nbf": "soon"}), "required claims"),
        (json!({"nonce": "another"}), "`nonce`"),
        (json!({"nonce": null}), "required claims"),
        (json!({"sub": ""}), "`sub`"),
        (json!({"sub": "x".repeat(256)}), "`sub`"),
        (json!({"sub": 1}), "required claims"),
        (json!({"groups": "nobody"}), "in no group"),
        (json!({"groups": 1}), "list of group names"),
    ] {
        let mut all = member("root");
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        world.refused(("jane", &all), words);
    }
    let (mut browser, _) = world.enter(
        "jane",
        &json!({"aud": ["archive"], "azp": "archive", "groups": ["staff"]}),
    );
    assert_eq!(browser.account().as_deref(), Some("jane, user"));
}

#[test]
fn a_token_by_another_key_or_algorithm_is_refused() {
    let world = world("");
    let other = world.provider.issuer.rsa("other");
    let attempt = |make: &dyn Fn(&serde_json::Value) -> String| {
        let mut browser = Browser::new(&world.server);
        let visit = browser.visit("");
        let back = world.provider.sign_in(&visit, "jane", &member("root"));
        let claims = world.provider.claims(&visit, "jane", &member("root"));
        world.provider.give(&make(&claims));
        let answer = browser.get(&back);
        (answer.status, answer.text(), browser.account())
    };
    let with_header = |header: &Header, secret: &EncodingKey, claims: &serde_json::Value| {
        encode(header, claims, secret).unwrap()
    };
    // The public key as the secret of a symmetric algorithm.
    let confused = EncodingKey::from_secret(&world.provider.key.public_pem);
    for algorithm in [Algorithm::HS256, Algorithm::HS512] {
        let mut header = Header::new(algorithm);
        header.kid = Some("first".into());
        let (status, text, account) = attempt(&|claims| with_header(&header, &confused, claims));
        assert_eq!((status, account), (403, None), "{text}");
    }
    let none = |claims: &serde_json::Value| {
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!(
            "{}.{}.",
            part(&json!({"alg": "none", "kid": "first"})),
            part(claims)
        )
    };
    let twice = |claims: &serde_json::Value| {
        let signed = world.provider.key.sign(claims);
        let claims = format!("{{\"sub\":\"root\",{}", &claims.to_string()[1..]);
        let parts: Vec<&str> = signed.split('.').collect();
        format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims), parts[2])
    };
    let makers: [&dyn Fn(&serde_json::Value) -> String; 3] = [&|claims| other.sign(claims), &none, &twice];
    for make in makers {
        let (status, text, account) = attempt(make);
        assert_eq!((status, account), (403, None), "{text}");
    }
    let (status, text, account) = attempt(&|claims| world.provider.key.sign(claims));
    assert_eq!(
        (status, account.as_deref()),
        (303, Some("jane, admin of all suites")),
        "{text}"
    );
}

#[test]
fn an_answer_is_good_once_in_the_browser_that_asked_and_from_the_provider_that_was_asked() {
    let world = world("");
    let begin = || {
        let mut browser = Browser::new(&world.server);
        let visit = browser.visit("");
        let back = world.provider.sign_in(&visit, "jane", &member("staff"));
        (browser, back)
    };
    let refuse = |browser: &mut Browser<'_>, path: &str, words: &str| {
        let answer = browser.get(path);
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text().contains(words), "{path}: {}", answer.text());
        assert_eq!(browser.account(), None);
    };
    let issuer = world.provider.issuer.url();
    let (mut browser, back) = begin();
    refuse(
        &mut browser,
        &back.replace(&issuer, "https://id.example.com"),
        "another provider",
    );
    let (mut browser, back) = begin();
    refuse(
        &mut browser,
        back.split("&iss").next().unwrap(),
        "another provider",
    );
    let (_, of_another) = begin();
    let (mut browser, _) = begin();
    refuse(&mut browser, &of_another, "another sign-in");
    let (mut browser, back) = begin();
    refuse(&mut browser, &back.replace("code=one", "code="), "no code");
    let (mut browser, back) = begin();
    refuse(
        &mut browser,
        &back.replace("code=one", "error=access_denied"),
        "access_denied",
    );
    let (mut browser, back) = begin();
    refuse(&mut browser, &format!("{back}&state=x"), "cannot be read");
    let (_, back) = begin();
    refuse(&mut Browser::new(&world.server), &back, "began no sign-in");
    let (mut browser, back) = begin();
    let sealed = browser.cookies["__Host-sign-in"].replace('.', "x.");
    browser.cookies.insert("__Host-sign-in".into(), sealed);
    refuse(&mut browser, &back, "began no sign-in");

    // The answer and the cookie, copied: the first who comes is signed in, the second is not.
    let (mut browser, back) = begin();
    let mut thief = browser.at(&world.server);
    assert_eq!(browser.get(&back).status, 303);
    assert!(browser.account().is_some());
    refuse(&mut thief, &back, "used before");
    // The provider refuses a code that it has seen.
    let (mut browser, back) = begin();
    world
        .provider
        .issuer
        .serve("/token", &json!({"error": "invalid_grant"}).to_string());
    refuse(&mut browser, &back, "invalid_grant");
    world.provider.issuer.serve("/token", "not JSON");
    let mut browser = Browser::new(&world.server);
    let visit = browser.visit("");
    let answer = browser.get(&format!(
        "/console/sign-in/answer?code=x&state={}&iss={issuer}",
        visit.query["state"]
    ));
    assert_eq!(answer.status, 503, "{}", answer.text());
}

#[test]
fn signing_in_leads_nowhere_else_and_makes_a_session_of_its_own() {
    let world = world("");
    for next in [
        "https%3A%2F%2Fevil.example.org",
        "%2F%2Fevil.example.org",
        "%2Fconsole%5Cevil",
        "%2Fapi%2Fusers",
    ] {
        let mut browser = Browser::new(&world.server);
        browser.cookies.insert("__Host-session".into(), "planted".into());
        let visit = browser.visit(next);
        let back = world.provider.sign_in(&visit, "jane", &member("staff"));
        let answer = browser.get(&back);
        assert_eq!(answer.header("location").as_deref(), Some("/console"), "{next}");
        assert_ne!(browser.cookies["__Host-session"], "planted");
        assert!(!browser.cookies.contains_key("__Host-sign-in"));
    }
}

#[test]
fn another_server_on_the_archive_finishes_what_one_began() {
    let world = world("");
    let second = Uploader::start(&world.archive);
    let mut browser = Browser::new(&world.server);
    let visit = browser.visit("");
    let back = world.provider.sign_in(&visit, "jane", &member("staff"));
    let mut elsewhere = browser.at(&second);
    assert_eq!(elsewhere.get(&back).status, 303);
    assert_eq!(elsewhere.account().as_deref(), Some("jane, user"));
    // And the answer is used up on both.
    let again = browser.get(&back);
    assert!(again.text().contains("used before"), "{}", again.text());
}
