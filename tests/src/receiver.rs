//! A receiver of webhooks that keeps what it is sent.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How long a delivery is waited for: far longer than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was sent.
#[derive(Debug, Clone)]
pub struct Received {
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Received {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or_else(
            || panic!("no header {name}: {self:?}"),
            |(_, value)| value.as_str(),
        )
    }

    /// Returns the body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// How a request is answered.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    /// With a status.
    Status(u16),
    /// Not at all, until the sender gives up.
    Never,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    /// How the next requests are answered; all others with 204.
    answers: Vec<Answer>,
}

type Shared = Arc<(Mutex<State>, Condvar)>;

/// A running receiver. Its threads end with the test program.
pub struct Receiver {
    port: u16,
    shared: Shared,
}

impl Receiver {
    /// Starts one that answers its first requests so, and all others with 204.
    pub fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Shared::default();
        shared.0.lock().unwrap().answers = answers.to_vec();
        let receiving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), receiving.clone());
                std::thread::spawn(move || receive(stream, &shared));
            }
        });
        Self { port, shared }
    }

    /// Returns its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// Returns what was sent so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.0.lock().unwrap().received.clone()
    }

    /// Waits until so much was sent in all, and returns it.
    #[track_caller]
    pub fn wait(&self, count: usize) -> Vec<Received> {
        let state = self.shared.0.lock().unwrap();
        let few = |state: &mut State| state.received.len() < count;
        let (state, waited) = self.shared.1.wait_timeout_while(state, PATIENCE, few).unwrap();
        let received = state.received.clone();
        drop(state);
        assert!(
            !waited.timed_out(),
            "{} of {count} were sent: {received:?}",
            received.len()
        );
        received
    }
}

fn receive(stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    let mut headers = Vec::new();
    // What is cut off was not received.
    if reader.read_line(&mut line).is_err() {
        return;
    }
    loop {
        line.clear();
        match reader.read_line(&mut line) {
            Ok(length) if length > 2 => {}
            _ => break,
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let Some(length) = length.and_then(|(_, value)| value.parse().ok()) else {
        return;
    };
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let mut state = shared.0.lock().unwrap();
    state.received.push(Received { headers, body });
    let answer = if state.answers.is_empty() {
        Answer::Status(204)
    } else {
        state.answers.remove(0)
    };
    drop(state);
    shared.1.notify_all();
    match answer {
        Answer::Status(status) => {
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            // The sender may be gone.
            let _ = (&stream).write_all(head.as_bytes());
        }
        Answer::Never => {
            // Ends when the sender closes the connection.
            let _ = reader.read(&mut [0]);
        }
    }
}
