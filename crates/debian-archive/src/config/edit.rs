//! The two writers of `repogen.toml`: its first text, and its signing keys.

use std::fmt::Write as _;

use toml_edit::{Array, DocumentMut, Item, Table, value};

/// What the first configuration of an archive says.
#[derive(Debug)]
pub struct Initial<'a> {
    /// `origin` and `label`.
    pub origin: &'a str,
    /// `url`, where it is known.
    pub url: Option<&'a str>,
    /// Codenames.
    pub suites: &'a [String],
    /// Components of each suite.
    pub components: &'a [String],
    /// Architectures of each suite.
    pub architectures: &'a [String],
}

/// Returns the text of a new configuration, with the settings that people look for first in comments.
pub fn initial_text(initial: &Initial<'_>) -> String {
    let quoted = |text: &str| toml_edit::Value::from(text).to_string().trim().to_owned();
    let list = |items: &[String]| {
        format!(
            "[{}]",
            items
                .iter()
                .map(|item| quoted(item))
                .collect::<Vec<_>>()
                .join(", ")
        )
    };
    let mut text = format!(
        "origin = {}\nlabel  = {}\n",
        quoted(initial.origin),
        quoted(initial.origin)
    );
    match initial.url {
        Some(url) => writeln!(text, "url    = {}", quoted(url)),
        None => writeln!(
            text,
            "# url  = \"https://apt.example.org\"   # where this folder is served"
        ),
    }
    .expect("writing to a string");
    text.push_str("\n[signing]\nkey = \"keys/archive.pgp\"\n");
    text.push_str("\n[site]   # pages for people: index.html and browse/\n");
    text.push_str("enabled       = true\n# title       = \"Packages of example.org\"\n# description = \"What we build, for Debian.\"\n");
    for suite in initial.suites {
        write!(
            text,
            "\n[[suite]]\ncodename      = {}\ncomponents    = {}\narchitectures = {}\n# valid_for   = \"14d\"   # Valid-Until; publish at least every seven days then\n",
            quoted(suite),
            list(initial.components),
            list(initial.architectures)
        )
        .expect("writing to a string");
    }
    text
}

/// The key files that `[signing]` names, relative to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeys {
    /// `key`.
    pub key: String,
    /// `also`.
    pub also: Vec<String>,
}

/// Returns `text` with other signing keys and everything else, comments included, as it was.
pub fn with_signing_keys(text: &str, keys: &SigningKeys) -> Result<String, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    let signing = document
        .entry("signing")
        .or_insert_with(|| Item::Table(Table::new()));
    if let Some(table) = signing.as_table_like_mut() {
        table.insert("key", value(keys.key.as_str()));
        if keys.also.is_empty() {
            table.remove("also");
        } else {
            table.insert(
                "also",
                value(keys.also.iter().map(String::as_str).collect::<Array>()),
            );
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;
    use super::*;

    #[test]
    fn the_first_text_is_a_valid_configuration() {
        let text = initial_text(&Initial {
            origin: "Quote \" and \\",
            url: Some("https://apt.example.org"),
            suites: &["bookworm".into(), "trixie".into()],
            components: &["main".into()],
            architectures: &["amd64".into()],
        });
        let config = Config::parse(&text, Path::new("repogen.toml")).unwrap();
        assert_eq!(config.origin, "Quote \" and \\");
        assert_eq!(config.suites.len(), 2);
    }

    #[test]
    fn changing_keys_keeps_comments() {
        let keys = SigningKeys {
            key: "keys/b.pgp".into(),
            also: vec!["keys/a.pgp".into()],
        };
        let text = with_signing_keys(
            "# mine\n[signing]\nkey = \"keys/a.pgp\"\n\n[[suite]] # s\ncodename = \"x\"\n",
            &keys,
        )
        .unwrap();
        assert!(
            text.contains("# mine") && text.contains("[[suite]] # s"),
            "{text}"
        );
        let config = Config::parse(&text, Path::new("repogen.toml")).unwrap();
        assert_eq!(config.signing.also, [Path::new("keys/a.pgp")]);
    }
}
