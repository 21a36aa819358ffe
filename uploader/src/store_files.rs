//! The static tree where its files are in a bucket: streamed through, with ranges and conditions.

use std::io::Read as _;
use std::ops::Range;
use std::sync::Arc;

use archive_storage::store::{FileHead, OpenFile};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use debian_control::release::{format_date, parse_date};
use futures_util::stream;
use tokio::sync::mpsc;

use crate::app::App;
use crate::problem::{Code, Problem};

/// How much of a file is read at once, and how many such pieces may wait for a slow client.
const PIECE: usize = 64 * 1024;
const WAITING: usize = 4;
/// How often a file is asked for that is replaced between two looks at it.
const TRIES: usize = 8;

/// Answers with a file of the store, its head, or a part of it; `None` where there is none.
///
/// Source: RFC 9110, sections 13 and 14; of several ranges the whole file is sent, as 14.2 allows.
pub(crate) async fn serve(
    app: &Arc<App>,
    path: String,
    method: Method,
    headers: HeaderMap,
) -> Result<Option<Response>, Problem> {
    for _ in 0..TRIES {
        match try_to_serve(app, path.clone(), &method, &headers).await? {
            Answer::Is(response) => return Ok(Some(response)),
            Answer::Missing => return Ok(None),
            Answer::Replaced => {}
        }
    }
    Err(Problem::new(
        Code::Unavailable,
        "the file is replaced faster than it is read",
    ))
}

/// What came of one look at a file.
enum Answer {
    Is(Response),
    Missing,
    /// Another took its name between the look at its head and the one at its bytes: what was said of the first is not true of them.
    Replaced,
}

async fn try_to_serve(
    app: &Arc<App>,
    path: String,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Answer, Problem> {
    let asked = path.clone();
    let head = app
        .blocking(move |app| {
            app.archive
                .files()
                .head(&asked)
                .map_err(|error| Problem::internal(&error))
        })
        .await?;
    let Some(head) = head else {
        return Ok(Answer::Missing);
    };
    let mut response = Response::new(Body::empty());
    put_validators(response.headers_mut(), &head);
    if is_known(headers, response.headers(), &head) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(Answer::Is(response));
    }
    let range = match wanted(headers, response.headers(), head.size) {
        RequestedPart::Whole => 0..head.size,
        RequestedPart::Part(range) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let shown = format!("bytes {}-{}/{}", range.start, range.end - 1, head.size);
            response.headers_mut().insert(header::CONTENT_RANGE, ascii(shown));
            range
        }
        RequestedPart::Outside => {
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            let shown = format!("bytes */{}", head.size);
            response.headers_mut().insert(header::CONTENT_RANGE, ascii(shown));
            return Ok(Answer::Is(response));
        }
    };
    let length = range.end - range.start;
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length.into());
    if *method == Method::GET && length > 0 {
        let opened = app
            .blocking(move |app| {
                let opened = app.archive.files().open(&path, Some(range));
                opened.map_err(|error| Problem::internal(&error))
            })
            .await?;
        match opened {
            Some(opened) if opened.head == head => *response.body_mut() = body(opened),
            Some(_) => return Ok(Answer::Replaced),
            None => return Ok(Answer::Missing),
        }
    }
    Ok(Answer::Is(response))
}

/// Makes a body of a file that a thread reads as the client takes it.
fn body(opened: OpenFile) -> Body {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut content = opened.content;
        loop {
            let mut piece = vec![0; PIECE];
            match content.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => {
                    piece.truncate(count);
                    // Fails when the client has gone.
                    if sender.blocking_send(Ok(Bytes::from(piece))).is_err() {
                        break;
                    }
                }
                Err(error) => {
                    let _ = sender.blocking_send(Err(error));
                    break;
                }
            }
        }
    });
    Body::from_stream(stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    }))
}

fn put_validators(headers: &mut HeaderMap, head: &FileHead) {
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let date = format_date(head.modified).replace("UTC", "GMT");
    headers.insert(header::LAST_MODIFIED, ascii(date));
    if let Some(tag) = head
        .tag
        .as_ref()
        .and_then(|tag| HeaderValue::try_from(tag.as_str()).ok())
    {
        headers.insert(header::ETAG, tag);
    }
}

/// Says whether the client has the file as it is now.
fn is_known(asked: &HeaderMap, known: &HeaderMap, head: &FileHead) -> bool {
    if let Some(tags) = asked
        .get(header::IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
    {
        let own = known.get(header::ETAG).and_then(|tag| tag.to_str().ok());
        return tags
            .split(',')
            .any(|tag| tag.trim() == "*" || Some(tag.trim().trim_start_matches("W/")) == own);
    }
    let since = asked
        .get(header::IF_MODIFIED_SINCE)
        .and_then(|date| date.to_str().ok());
    since
        .and_then(parse_http_date)
        .is_some_and(|since| head.modified <= since)
}

fn parse_http_date(text: &str) -> Option<i64> {
    parse_date(&text.replace("GMT", "UTC"))
}

/// What of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RequestedPart {
    Whole,
    Part(Range<u64>),
    Outside,
}

/// Returns what of a file with these headers is asked for.
///
/// Source: RFC 9110, sections 13.1.5, 14.1 and 14.1.2.
pub(crate) fn wanted(asked: &HeaderMap, known: &HeaderMap, size: u64) -> RequestedPart {
    let Some(text) = asked.get(header::RANGE).and_then(|range| range.to_str().ok()) else {
        return RequestedPart::Whole;
    };
    if let Some(condition) = asked.get(header::IF_RANGE) {
        // A weak tag never matches here, and a date has to be the same.
        let of_now = [known.get(header::ETAG), known.get(header::LAST_MODIFIED)];
        if condition.as_bytes().starts_with(b"W/") || !of_now.contains(&Some(condition)) {
            return RequestedPart::Whole;
        }
    }
    part(text, size)
}

/// Reads a range of bytes; one that is invalid, or is more than one, is ignored.
fn part(text: &str, size: u64) -> RequestedPart {
    let Some((unit, range)) = text.split_once('=') else {
        return RequestedPart::Whole;
    };
    let Some((first, last)) = range.trim().split_once('-') else {
        return RequestedPart::Whole;
    };
    if !unit.eq_ignore_ascii_case("bytes") || range.contains(',') {
        return RequestedPart::Whole;
    }
    let range = match (numeral(first), numeral(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return RequestedPart::Whole,
    };
    if range.start >= range.end {
        RequestedPart::Outside
    } else {
        RequestedPart::Part(range)
    }
}

/// Reads digits; what is larger than any file is as large as can be.
fn numeral(digits: &str) -> Option<u64> {
    let are_digits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    are_digits.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn ascii(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("numbers, dates and the words around them are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_within_the_file_or_outside() {
        for (text, expected) in [
            ("bytes=2-4", RequestedPart::Part(2..5)),
            ("Bytes=2-", RequestedPart::Part(2..10)),
            ("bytes=-3", RequestedPart::Part(7..10)),
            ("bytes=-30", RequestedPart::Part(0..10)),
            ("bytes=8-99", RequestedPart::Part(8..10)),
            ("bytes=8-18446744073709551616", RequestedPart::Part(8..10)),
            ("bytes=-18446744073709551616", RequestedPart::Part(0..10)),
            ("bytes=18446744073709551616-", RequestedPart::Outside),
            ("bytes=+1-2", RequestedPart::Whole),
            ("bytes=10-", RequestedPart::Outside),
            ("bytes=-0", RequestedPart::Outside),
            ("bytes=4-2", RequestedPart::Whole),
            ("bytes=0-1,4-5", RequestedPart::Whole),
            ("lines=1-2", RequestedPart::Whole),
            ("bytes", RequestedPart::Whole),
        ] {
            assert_eq!(part(text, 10), expected, "{text}");
        }
    }
}
