//! Webhooks over https, as every receiver outside has it: with a certificate that an authority vouches for.

use archive_tests::certificates::Authority;
use archive_tests::receiver::Receiver;
use archive_tests::{DebBuilder, Nginx, TestArchive, Uploader};
use serde_json::{Value, json};

#[test]
fn deliveries_go_to_receivers_with_a_certificate_that_counts_and_to_no_others() {
    let archive = TestArchive::new();
    archive.account("root", &["--role", "admin"]);
    let token = archive.token("root", &["admin"]);
    let (trusted, unknown) = (Authority::new(), Authority::new());
    let receiver = Receiver::start(&[]);
    let upstream = receiver.url();
    let upstream = upstream.strip_suffix("/hook").unwrap();
    let right = Nginx::encrypting(upstream, &trusted.certificate("IP:127.0.0.1"));
    let of_nobody = Nginx::encrypting(upstream, &unknown.certificate("IP:127.0.0.1"));
    let of_another = Nginx::encrypting(upstream, &trusted.certificate("DNS:example.org"));
    let authority = trusted.file();
    let server = Uploader::with(
        &archive,
        &[
            ("WEBHOOK_NETWORKS", "127.0.0.0/8"),
            ("WEBHOOK_PORTS", "any"),
            ("SSL_CERT_FILE", authority.to_str().unwrap()),
        ],
    );
    let hook = |nginx: &Nginx| {
        let url = format!("{}/hook", nginx.url().replace("http:", "https:"));
        let body = json!({"name": "test", "url": url, "events": ["package.uploaded"]});
        let made = server.json("POST", "/api/webhooks", Some(&token), &body);
        assert_eq!(made.status, 201, "{}", made.text());
        format!("/api/webhooks/{}/deliveries", made.json()["id"].as_str().unwrap())
    };
    let [right, of_nobody, of_another] = [&right, &of_nobody, &of_another].map(hook);
    let uploaded = server.upload(&DebBuilder::new("hello", "1.0", "amd64"), "", &token);
    assert_eq!(uploaded.status, 201, "{}", uploaded.text());
    let attempted = |path: &str| -> Value {
        loop {
            let listed = server.get(path, Some(&token)).json()["items"][0].clone();
            if listed["state"] == "delivered" || listed["error"].is_string() {
                return listed;
            }
        }
    };
    let delivered = attempted(&right);
    assert_eq!(
        (&delivered["state"], &delivered["response_status"]),
        (&json!("delivered"), &json!(204)),
        "{delivered}"
    );
    for path in [&of_nobody, &of_another] {
        let failed = attempted(path);
        let error = failed["error"].as_str().unwrap();
        assert!(error.contains("certificate"), "{failed}");
        assert_eq!(failed["response_status"], Value::Null, "{failed}");
    }
    assert_eq!(receiver.received().len(), 1);
}
