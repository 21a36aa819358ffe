//! What no JWT may be, whoever signed it: a text that two readers could understand differently.
//!
//! Source: RFC 7515, sections 4 and 4.1.11; RFC 7797; RFC 8725, section 2.

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// Says what is wrong with the header or the claims of a token, before its signature is looked at.
pub(crate) fn unclear(token: &str) -> Option<&'static str> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, _] = parts.as_slice() else {
        return Some("the token does not have three parts");
    };
    let read = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice::<Once>(&bytes).ok()
    };
    let (Some(header), Some(_)) = (read(header), read(claims)) else {
        return Some("the header or the claims of the token are not a JSON object, or contain a name twice");
    };
    match () {
        () if header.0.contains("crit") => {
            Some("the token requires extensions (`crit`), of which none are supported")
        }
        () if header.0.contains("b64") => Some("the header of the token has `b64`, which is not supported"),
        () => None,
    }
}

/// The names of an object, each of which is there once, in it and in all within it.
struct Once(HashSet<String>);

/// Any value in which no object has a name twice.
struct Clear;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Once;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Once, A::Error> {
                names(map).map(Once)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl<'de> Deserialize<'de> for Clear {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Clear;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON value")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Clear, E> {
                Ok(Clear)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Clear, E> {
                Ok(Clear)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Clear, E> {
                Ok(Clear)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Clear, E> {
                Ok(Clear)
            }

            fn visit_str<E>(self, _: &str) -> Result<Clear, E> {
                Ok(Clear)
            }

            fn visit_unit<E>(self) -> Result<Clear, E> {
                Ok(Clear)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Clear, A::Error> {
                while list.next_element::<Clear>()?.is_some() {}
                Ok(Clear)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Clear, A::Error> {
                names(map).map(|_| Clear)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn names<'de, A: MapAccess<'de>>(mut map: A) -> Result<HashSet<String>, A::Error> {
    let mut names = HashSet::new();
    while let Some((name, Clear)) = map.next_entry::<String, Clear>()? {
        if !names.insert(name) {
            return Err(serde::de::Error::custom("a name occurs twice"));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!(
            "{}.{}.x",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        )
    }

    #[test]
    fn a_token_says_everything_once_and_needs_no_extension() {
        let plain = r#"{"alg":"HS256"}"#;
        assert_eq!(
            unclear(&token(plain, r#"{"a":[{"b":1},{"b":2}],"c":null,"d":1.5}"#)),
            None
        );
        for (header, claims) in [
            (r#"{"alg":"HS256","alg":"HS256"}"#, "{}"),
            (r#"{"alg":"HS256","crit":["exp"]}"#, "{}"),
            (r#"{"alg":"HS256","b64":false}"#, "{}"),
            (plain, r#"{"sub":"a","sub":"b"}"#),
            (plain, r#"{"act":{"sub":"a","s\u0075b":"b"}}"#),
            (plain, "[]"),
        ] {
            assert!(unclear(&token(header, claims)).is_some(), "{header} {claims}");
        }
        assert!(unclear("a.b").is_some() && unclear("a.b.c.d").is_some());
    }
}
