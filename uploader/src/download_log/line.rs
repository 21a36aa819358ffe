//! One line of a log: nginx's `combined` form, or a JSON object.

use std::borrow::Cow;

use serde::Deserialize;

const DAY: i64 = 24 * 60 * 60;
/// 2000-01-01. No log of an archive is older, and an older date tells of an invalid line.
const FIRST_DAY: i64 = 10_957;

/// A request, as a log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoggedRequest<'a> {
    /// Who asked; never kept.
    pub(super) address: Cow<'a, str>,
    pub(super) method: Cow<'a, str>,
    /// What was asked for: a path, or a whole address.
    pub(super) target: Cow<'a, str>,
    pub(super) status: u16,
    time: Time<'a>,
}

/// When it was asked, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Time<'a> {
    /// `27/Nov/2026:18:57:15 +0100`.
    Common(Cow<'a, str>),
    /// `2026-11-27T18:57:15+01:00`.
    Iso(Cow<'a, str>),
    /// Unix seconds, perhaps with a fraction.
    Seconds(Cow<'a, str>),
}

/// Reads a line; `None` for what is none of a log.
///
/// What a client sends may stand in it byte for byte, and need not be UTF-8.
pub(super) fn parse(line: &str) -> Option<LoggedRequest<'_>> {
    let line = line.trim_end_matches('\r');
    if line.starts_with('{') {
        parse_json(line)
    } else {
        parse_combined(line)
    }
}

/// `ADDRESS - USER [TIME] "METHOD TARGET VERSION" STATUS BYTES "REFERER" "AGENT"`.
///
/// The user is whatever a client sends as one. nginx escapes quotes in it and nothing else, so the first quote begins the
/// request, and the last brackets before it are those of the time.
fn parse_combined(line: &str) -> Option<LoggedRequest<'_>> {
    let (before, rest) = line.split_once('"')?;
    let (request, after) = rest.split_once('"')?;
    let (address, _) = before.split_once(' ')?;
    let (rest, time) = before.strip_suffix("] ")?.rsplit_once('[')?;
    if address.is_empty() || !rest.ends_with(' ') {
        return None;
    }
    let status = after.strip_prefix(' ')?.split(' ').next()?;
    let status = parse_status(status)?;
    let (method, target) = split_request(request, status)?;
    Some(LoggedRequest {
        address: address.into(),
        method: method.into(),
        target: target.into(),
        status,
        time: Time::Common(time.into()),
    })
}

/// The names of nginx's variables, and those that other servers give to the same. A log may have several of them.
#[derive(Debug, Deserialize)]
struct JsonLine<'a> {
    remote_addr: Option<Cow<'a, str>>,
    client_ip: Option<Cow<'a, str>>,
    request: Option<Cow<'a, str>>,
    request_method: Option<Cow<'a, str>>,
    method: Option<Cow<'a, str>>,
    request_uri: Option<Cow<'a, str>>,
    uri: Option<Cow<'a, str>>,
    url: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
    status: JsonStatus,
    time_iso8601: Option<Cow<'a, str>>,
    time_local: Option<Cow<'a, str>>,
    timestamp: Option<Cow<'a, str>>,
    time: Option<Cow<'a, str>>,
    msec: Option<JsonNumber>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum JsonStatus {
    Number(u16),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum JsonNumber {
    Number(serde_json::Number),
    Text(String),
}

fn parse_json(line: &str) -> Option<LoggedRequest<'_>> {
    let line: JsonLine<'_> = serde_json::from_str(line).ok()?;
    let status = match line.status {
        JsonStatus::Number(status) => Some(status),
        JsonStatus::Text(text) => parse_status(&text),
    }?;
    let (mut method, mut target) = (
        line.request_method.or(line.method),
        line.request_uri.or(line.uri).or(line.url).or(line.path),
    );
    if let Some(request) = &line.request
        && (method.is_none() || target.is_none())
    {
        let (asked_by, asked_for) = split_request(request, status)?;
        method = method.or_else(|| Some(asked_by.to_owned().into()));
        target = target.or_else(|| Some(asked_for.to_owned().into()));
    }
    let seconds = line.msec.map(|number| match number {
        JsonNumber::Number(number) => Time::Seconds(number.to_string().into()),
        JsonNumber::Text(text) => Time::Seconds(text.into()),
    });
    let iso = line.time_iso8601.or(line.timestamp).or(line.time).map(Time::Iso);
    Some(LoggedRequest {
        address: line.remote_addr.or(line.client_ip).unwrap_or_default(),
        method: method?,
        target: target?,
        status,
        time: iso.or_else(|| line.time_local.map(Time::Common)).or(seconds)?,
    })
}

/// Returns method and target of a request line; empty ones where it was invalid and refused as such: TLS on a port without, a client that
/// sent nothing.
fn split_request(request: &str, status: u16) -> Option<(&str, &str)> {
    read_request(request).or_else(|| (400..500).contains(&status).then_some(("", "")))
}

fn read_request(request: &str) -> Option<(&str, &str)> {
    let mut words = request.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let whole = words.next().is_none() && !method.is_empty() && !target.is_empty();
    (whole && version.starts_with("HTTP/")).then_some((method, target))
}

fn parse_status(text: &str) -> Option<u16> {
    let status = Some(text).filter(|text| text.len() == 3)?;
    status.parse().ok().filter(|status| (100..600).contains(status))
}

impl LoggedRequest<'_> {
    /// Returns the day in UTC, counted from 1970-01-01; `None` where it is not written as one, or lies ahead of `now`.
    pub(super) fn day(&self, now: i64) -> Option<i64> {
        let seconds = match &self.time {
            Time::Common(text) => jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", text.as_ref())
                .ok()?
                .to_timestamp()
                .ok()?
                .as_second(),
            Time::Iso(text) => text.parse::<jiff::Timestamp>().ok()?.as_second(),
            Time::Seconds(text) => text.split('.').next()?.parse().ok()?,
        };
        // A server's clock may be a little ahead, and a day is all that counts.
        let last = now.div_euclid(DAY) + 1;
        Some(seconds.div_euclid(DAY)).filter(|day| (FIRST_DAY..=last).contains(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;
    const COMBINED: &str = r#"192.0.2.7 - - [27/Nov/2026:00:30:15 +0100] "GET /pool/main/h/hello/hello_1.0_amd64.deb HTTP/1.1" 200 1234 "-" "Debian APT-HTTP/1.3 (2.6.1)""#;

    #[test]
    fn a_line_of_the_combined_form_is_read_and_its_day_is_that_of_utc() {
        let request = parse(COMBINED).unwrap();
        assert_eq!(request.target, "/pool/main/h/hello/hello_1.0_amd64.deb");
        assert_eq!((request.method.as_ref(), request.status), ("GET", 200));
        assert_eq!(request.day(NOW + 9 * DAY), Some(20_783));
    }

    #[test]
    fn lines_of_json_are_read_under_the_names_that_servers_give() {
        for line in [
            r#"{"time_iso8601":"2026-11-10T10:00:00+00:00","remote_addr":"192.0.2.7","request":"GET /a.deb HTTP/1.1","status":200}"#,
            r#"{"time_local":"10/Nov/2026:10:00:00 +0000","request_method":"GET","request_uri":"/a.deb","uri":"/b.deb","status":"200"}"#,
            r#"{"msec":"1794304800.123","method":"GET","path":"/a.deb","status":200,"other":[1,{"x":null}]}"#,
            r#"{"msec":1794304800.123,"method":"GET","url":"/a.deb","status":200}"#,
        ] {
            let request = parse(line).expect(line);
            assert_eq!(
                (request.target.as_ref(), request.status),
                ("/a.deb", 200),
                "{line}"
            );
            assert_eq!(request.day(NOW), Some(20_767), "{line}");
        }
    }

    #[test]
    fn what_is_none_of_a_log_is_refused() {
        for line in [
            "",
            "hello",
            "{}",
            "{\"status\":200",
            r#"1 - - [x] "GET /a HTTP/1.1" 20 1"#,
            r#"1 - - [x] "GET /a b HTTP/1.1" 200 1"#,
            r#"1 - - [x] "GET /a" 200 1"#,
            r#"1 - - [x] "GET /a HTTP/1.1"#,
            r#"1 - - x] "GET /a HTTP/1.1" 200 1"#,
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn what_was_no_request_and_was_refused_as_such_is_a_line_of_a_log() {
        for (request, status) in [
            ("", 400),
            ("-", 408),
            (r"\x16\x03\x01", 400),
            ("GET /a b HTTP/1.1", 400),
        ] {
            let line =
                format!(r#"192.0.2.7 - - [27/Nov/2026:00:30:15 +0100] "{request}" {status} 0 "-" "-""#);
            assert_eq!(parse(&line).expect(&line).method, "");
            let json = format!(r#"{{"time_iso8601":"2026-11-10T10:00:00Z","request":"","status":{status}}}"#);
            assert!(parse(&json).is_some());
        }
    }

    #[test]
    fn a_user_name_forges_no_request_and_no_time() {
        let line = COMBINED.replacen(
            "- -",
            r"- x [01/Jan/2001:00:00:00 +0000] \x22GET /b HTTP/1.1\x22",
            1,
        );
        let (forged, honest) = (parse(&line).unwrap(), parse(COMBINED).unwrap());
        assert_eq!((forged.target, forged.time), (honest.target, honest.time));
    }

    #[test]
    fn days_that_cannot_be_are_refused() {
        for time in [
            "27/Nov/2999:00:00:00 +0000",
            "01/Jan/1970:00:00:00 +0000",
            "31/Feb/2020:00:00:00 +0000",
            "",
        ] {
            let line = COMBINED.replace("27/Nov/2026:00:30:15 +0100", time);
            assert_eq!(parse(&line).unwrap().day(NOW), None, "{time}");
        }
    }
}
