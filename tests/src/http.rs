//! The least HTTP client that can see every header, and sends nothing of its own accord.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An HTTP response, with the header names in lower case.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names and values, in the order they came in.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as JSON; fails the test when it cannot be parsed.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Returns the value of a header; several of one name are joined by `, `.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// Sends one request to `127.0.0.1:port` and reads the answer to the end of the connection.
///
/// `target` goes into the request line as it is: nothing is encoded and no `..` is taken out.
pub fn request(port: u16, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
    send(port, method, target, headers, &[])
}

/// Sends one request with a body to `127.0.0.1:port` and reads the answer to the end of the connection.
pub fn send(port: u16, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    try_send(port, method, target, (headers, body)).unwrap()
}

/// The same to a server that may be gone, or go meanwhile.
pub fn try_send(
    port: u16,
    method: &str,
    target: &str,
    (headers, body): (&[(&str, &str)], &[u8]),
) -> io::Result<Response> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let more: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = if body.is_empty() {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    let text = format!(
        "{method} {target} HTTP/1.1\r\nHost: archive.example.org\r\nConnection: close\r\n{length}{more}\r\n"
    );
    stream.write_all(text.as_bytes())?;
    // A server that refuses may close before it has read all: what it said is still there to read.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    if !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(parse(&answer))
}

fn parse(answer: &[u8]) -> Response {
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("an answer has a head");
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .unwrap()
        .parse()
        .unwrap();
    let headers = lines
        .map(|line| line.split_once(':').expect("a header has a colon"))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Response {
        status,
        headers,
        body: answer[end + 4..].to_vec(),
    }
}
