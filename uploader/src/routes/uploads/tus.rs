//! The protocol tus 1.0, with the extensions creation, termination, checksum and expiration. Source: <https://tus.io/protocols/resumable-upload>.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::problem::{Code, Problem};
use crate::routes::upload::file_name::check_name;

/// The version of the protocol.
const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,termination,checksum,expiration";
const ALGORITHMS: &str = "sha1,sha256,sha512,md5";
/// The longest `Upload-Metadata`, in bytes, and the longest file name in it.
const MAX_METADATA: usize = 4096;
const MAX_NAME: usize = 255;

/// Refuses another version of the protocol than the one that is spoken here.
pub(crate) fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get("tus-resumable") {
        Some(version) if version.as_bytes() != VERSION.as_bytes() => Err(Problem::new(
            Code::PreconditionFailed,
            format!("expected `Tus-Resumable: {VERSION}`"),
        )),
        _ => Ok(()),
    }
}

/// Reads a header that holds a number of bytes.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Result<u64, Problem> {
    let wrong = || {
        Problem::new(
            Code::InvalidUpload,
            format!("expected one `{name}` with a number of bytes"),
        )
    };
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(wrong());
    };
    // `parse` takes a sign, too.
    let text = value.to_str().map_err(|_| wrong())?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = text.parse().map_err(|_| wrong())?;
    // What a catalog can count.
    i64::try_from(number).map_err(|_| wrong())?;
    Ok(number)
}

/// Returns what the client calls the file: `filename` of `Upload-Metadata`, which is a list of names, each with a value in base64.
pub(crate) fn file_name(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let wrong = |what: &str| Problem::new(Code::InvalidUpload, format!("`Upload-Metadata`: {what}"));
    let Some(value) = headers.get("upload-metadata") else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| wrong("expected ASCII text"))?;
    if text.len() > MAX_METADATA {
        return Err(wrong("expected at most 4096 bytes"));
    }
    let mut name = None;
    for pair in text.split(',') {
        let (key, encoded) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        if key != "filename" {
            continue;
        }
        let decoded = STANDARD.decode(encoded.trim()).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.ok_or_else(|| wrong("expected the value of `filename` in base64"))?;
        let is_plain = decoded.len() <= MAX_NAME
            && !decoded.contains(['/', '\\'])
            && !decoded.contains(char::is_control);
        if !is_plain || name.is_some() {
            return Err(wrong(
                "expected one `filename` without folders, of at most 255 bytes",
            ));
        }
        check_name(&decoded)?;
        name = Some(decoded);
    }
    Ok(name)
}

/// Says whether the client wants the package in the answer, and not `204 No Content`, as tus has it. Source: RFC 7240, section 4.2.
pub(crate) fn wants_package(headers: &HeaderMap) -> bool {
    let values = headers.get_all("prefer").iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .any(|one| one.trim().eq_ignore_ascii_case("return=representation"))
}

/// Writes how far an upload is.
pub(crate) fn set_offset(headers: &mut HeaderMap, (offset, length): (u64, u64), expires: &str) {
    headers.insert("upload-offset", HeaderValue::from(offset));
    headers.insert("upload-length", HeaderValue::from(length));
    let expires = HeaderValue::try_from(expires).expect("a date is ASCII");
    headers.insert("upload-expires", expires);
}

/// Says with each answer about uploads which protocol is spoken.
pub(in crate::routes) async fn describe(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_upload = ["/api/uploads", "/console/uploads"].iter().any(|start| {
        path.strip_prefix(start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let is_asked = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    if is_upload {
        let described = is_asked || response.status() == StatusCode::PRECONDITION_FAILED;
        let more: &[(&'static str, &'static str)] = &[
            ("tus-version", VERSION),
            ("tus-extension", EXTENSIONS),
            ("tus-checksum-algorithm", ALGORITHMS),
        ];
        let more = more.iter().filter(|_| described);
        for (name, value) in [("tus-resumable", VERSION)].iter().chain(more) {
            let name = HeaderName::from_static(name);
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_number_of_bytes_is_digits_that_a_catalog_can_count() {
        let read = |values: &[&str]| number(&headers("upload-offset", values), "upload-offset").ok();
        assert_eq!(read(&["0"]), Some(0));
        assert_eq!(read(&["9223372036854775807"]), Some(i64::MAX as u64));
        for wrong in [
            &["9223372036854775808"][..],
            &["18446744073709551616"],
            &["-1"],
            &["+1"],
            &["1.0"],
            &["0x10"],
            &[""],
            &[" "],
            &["1", "1"],
            &[],
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_file_name_leads_nowhere() {
        let read = |name: &str| {
            file_name(&headers(
                "upload-metadata",
                &[&format!("x, filename {}", STANDARD.encode(name))],
            ))
        };
        assert_eq!(
            read("hello_1.0_all.deb").unwrap().as_deref(),
            Some("hello_1.0_all.deb")
        );
        for wrong in [
            "../a.deb",
            "/etc/a.deb",
            "a\\b.deb",
            "a\nb.deb",
            "a\0.deb",
            "hello.dsc",
            &"x".repeat(256),
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
        for wrong in ["filename !", "filename YQ==,filename YQ=="] {
            assert!(
                file_name(&headers("upload-metadata", &[wrong])).is_err(),
                "{wrong}"
            );
        }
        assert_eq!(
            file_name(&headers("upload-metadata", &["a YQ==, b"])).unwrap(),
            None
        );
    }
}
