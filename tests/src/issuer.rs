//! An OpenID Connect issuer of a test's own, with keys that `openssl` makes: a discovery document, a set of keys, and tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// A running issuer. Its thread ends with the test program.
pub struct Issuer {
    port: u16,
    state: Arc<Mutex<State>>,
    folder: TempDir,
}

#[derive(Default)]
struct State {
    /// Answers by path; others are 404.
    answers: Vec<(String, String)>,
    asked: Vec<Asked>,
}

/// What was asked of it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The path.
    pub path: String,
    /// The header fields as they came.
    pub head: String,
    /// The body.
    pub body: String,
}

/// A key pair.
pub struct Key {
    id: String,
    algorithm: Algorithm,
    private: EncodingKey,
    /// The public half, in PEM.
    pub public_pem: Vec<u8>,
    jwk: Value,
}

impl Issuer {
    /// Starts an issuer that publishes no keys yet.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let answering = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &answering);
            }
        });
        let issuer = Self {
            port,
            state,
            folder: tempfile::tempdir().unwrap(),
        };
        let discovery = json!({ "issuer": issuer.url(), "jwks_uri": format!("{}/keys", issuer.url()) });
        issuer.serve("/.well-known/openid-configuration", &discovery.to_string());
        issuer
    }

    /// Returns its `iss`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers a path with a body from now on; one that begins with `http` is where a redirect leads.
    pub fn serve(&self, path: &str, body: &str) {
        let mut state = self.state.lock().unwrap();
        state.answers.retain(|(known, _)| known != path);
        state.answers.push((path.to_owned(), body.to_owned()));
    }

    /// Publishes these keys and no others.
    pub fn publish(&self, keys: &[&Key]) {
        let keys: Vec<&Value> = keys.iter().map(|key| &key.jwk).collect();
        self.serve("/keys", &json!({ "keys": keys }).to_string());
    }

    /// Returns how often its keys were asked for.
    pub fn asked_for_keys(&self) -> usize {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|asked| asked.path == "/keys").count()
    }

    /// Returns what was asked of a path last.
    pub fn asked_last(&self, path: &str) -> Option<Asked> {
        let state = self.state.lock().unwrap();
        state.asked.iter().rev().find(|asked| asked.path == path).cloned()
    }

    /// Makes an RSA key of 2048 bits.
    pub fn rsa(&self, id: &str) -> Key {
        let file = self.folder.path().join(id);
        openssl(&["genrsa", "-traditional", "-out", path(&file), "2048"]);
        let modulus = openssl(&["rsa", "-in", path(&file), "-noout", "-modulus"]);
        let modulus = hex(String::from_utf8(modulus)
            .unwrap()
            .trim()
            .split_once('=')
            .unwrap()
            .1);
        Key {
            private: EncodingKey::from_rsa_pem(&std::fs::read(&file).unwrap()).unwrap(),
            public_pem: openssl(&["rsa", "-in", path(&file), "-pubout"]),
            jwk: json!({"kty": "RSA", "kid": id, "use": "sig", "alg": "RS256", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode(modulus)}),
            id: id.to_owned(),
            algorithm: Algorithm::RS256,
        }
    }

    /// Makes a key on the curve P-256.
    pub fn ec(&self, id: &str) -> Key {
        let file = self.folder.path().join(id);
        openssl(&[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            path(&file),
        ]);
        let public = openssl(&["pkey", "-in", path(&file), "-pubout", "-outform", "DER"]);
        // The point stands at the end, uncompressed: x, then y.
        let (x, y) = public[public.len() - 64..].split_at(32);
        Key {
            private: EncodingKey::from_ec_pem(&std::fs::read(&file).unwrap()).unwrap(),
            public_pem: openssl(&["pkey", "-in", path(&file), "-pubout"]),
            jwk: json!({"kty": "EC", "kid": id, "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)}),
            id: id.to_owned(),
            algorithm: Algorithm::ES256,
        }
    }
}

impl Key {
    /// Signs claims.
    pub fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.clone());
        encode(&header, claims, &self.private).unwrap()
    }
}

fn answer(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(&stream);
    let mut first = String::new();
    if reader.read_line(&mut first).is_err() {
        return;
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    // The head has to be read, or the answer may be lost with it.
    let mut head = String::new();
    while reader.read_line(&mut head).is_ok_and(|length| length > 2) {}
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")
            .map(str::to_owned)
    });
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let body_of_request = String::from_utf8(body).unwrap();
    let mut state = state.lock().unwrap();
    let body = state.answers.iter().find(|(known, _)| *known == path);
    let text = match body {
        Some((_, target)) if target.starts_with("http") => {
            format!(
                "HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        }
        Some((_, body)) => format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ),
        None => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
    };
    state.asked.push(Asked {
        path,
        head,
        body: body_of_request,
    });
    // Whoever asked may have gone.
    let _ = (&stream).write_all(text.as_bytes());
}

fn openssl(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{error}\nhint: `make setup` installs openssl"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}
