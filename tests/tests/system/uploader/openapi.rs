//! `GET /api/openapi.json`: the document that clients are generated from.

use archive_tests::Uploader;
use serde_json::{Value, json};

#[test]
fn the_document_of_the_api_is_one_that_clients_are_generated_from() {
    let (_archive, server, _) = Uploader::with_admin();
    let document = server.get("/openapi.json", None).json();
    let mut ids = std::collections::BTreeSet::new();
    let tags: Vec<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    assert!(
        document["tags"]
            .as_array()
            .unwrap()
            .iter()
            .all(|tag| tag["description"].is_string())
    );
    assert!(!document["servers"].as_array().unwrap().is_empty());
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, member) in [
        ("Token", "expires_at"),
        ("Webhook", "old_secret_until"),
        ("Snapshot", "date"),
    ] {
        assert_eq!(
            schemas[name]["properties"][member]["format"], "date-time",
            "{name}"
        );
    }
    assert_eq!(
        schemas["NewPublisher"]["properties"]["owner_id"]["type"],
        json!(["string", "integer"])
    );
    let created = &document["paths"]["/api/upload/{suite}/{filename}"]["put"]["responses"]["201"];
    assert!(created["content"]["application/json"].is_object(), "{created}");
    let shown = &document["paths"]["/api/uploads/{id}"]["get"]["responses"];
    assert!(shown["412"].is_object() && shown["460"].is_null(), "{shown}");
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let what = format!("{method} {path}");
            let id = operation["operationId"]
                .as_str()
                .unwrap_or_else(|| panic!("{what} has no id"));
            assert!(ids.insert(id.to_owned()), "{what}: `{id}` is taken");
            assert!(
                operation["security"].is_array(),
                "{what} does not say who may ask"
            );
            assert!(tags.contains(&operation["tags"][0].as_str().unwrap()), "{what}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().all(|status| status.parse::<u16>().is_ok()),
                "{what}"
            );
            let mut contents: Vec<&Value> = responses
                .values()
                .filter_map(|response| response.get("content"))
                .collect();
            contents.extend(operation["requestBody"].get("content"));
            for content in contents {
                for (kind, content) in content.as_object().unwrap() {
                    assert!(content["schema"].is_object(), "{what}: {kind} has no schema");
                }
            }
            if let Some(body) = operation["requestBody"]["content"]["application/json"].as_object() {
                let name = body["schema"]["$ref"]
                    .as_str()
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap();
                assert!(
                    schemas[name]["example"].is_object(),
                    "{what}: {name} has no example"
                );
            }
        }
    }
    for (name, schema) in schemas {
        if let Some(item) = name.strip_prefix("Page_") {
            let reference = format!("#/components/schemas/{item}");
            assert_eq!(
                schema["properties"]["items"]["items"]["$ref"],
                reference.as_str(),
                "{name}"
            );
        }
    }
    assert!(
        schemas["ProblemCode"]["enum"]
            .as_array()
            .unwrap()
            .contains(&json!("not_found"))
    );
    assert_eq!(
        schemas["Problem"]["properties"]["code"]["$ref"],
        "#/components/schemas/ProblemCode"
    );
}
