//! Uploads that do not come to an end: slow clients, clients that break off or are refused, and a disk that fills.

use archive_tests::{Compression, DebBuilder, Random, SmallDisk, TestArchive, Uploader};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long anything is waited for: far longer than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn admin(archive: &TestArchive) -> String {
    archive.account("root", &["--role", "admin"]);
    archive.token("root", &["admin"])
}

/// Returns how many files are staged.
fn staged(root: &Path) -> usize {
    let writers = std::fs::read_dir(root.join("state/staging")).unwrap();
    // A folder may go while it is looked at.
    writers
        .filter_map(|writer| std::fs::read_dir(writer.unwrap().path()).ok())
        .map(Iterator::count)
        .sum()
}

/// Waits until so many files are staged.
#[track_caller]
fn until_staged(root: &Path, files: usize) {
    let deadline = Instant::now() + PATIENCE;
    while staged(root) != files {
        assert!(
            Instant::now() < deadline,
            "{} files are staged, not {files}",
            staged(root)
        );
        std::thread::yield_now();
    }
}

/// Sends the head of an upload of so many bytes.
fn begin(server: &Uploader, token: &str, length: usize, more: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /api/packages HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Returns the status line and the rest of an answer.
fn answer(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn who_sends_nothing_is_cut_off_and_nothing_is_kept() {
    let archive = TestArchive::new();
    let token = admin(&archive);
    let server = Uploader::with(&archive, &[("UPLOAD_IDLE", "1s")]);
    let mut silent = begin(&server, &token, 2 << 20, "");
    silent.write_all(&vec![0; 1 << 20]).unwrap();
    let said = answer(silent);
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(
        said.contains("upload_timeout") && said.contains("the client sent nothing for 1 s"),
        "{said}"
    );
    until_staged(&archive.root(), 0);
}

/// Sends the head of a request, and some of its body.
fn begin_other(server: &Uploader, head: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    // A server that refuses may close before it has read all.
    let _ = stream.write_all(body);
    stream
}

#[test]
fn every_body_has_its_time_and_its_size() {
    let archive = TestArchive::new();
    let token = admin(&archive);
    let variables = [("UPLOAD_IDLE", "1s"), ("MAX_UPLOAD_BYTES", "100000")];
    let server = Uploader::with(&archive, &variables);
    for path in ["auth/login", "auth/register", "auth/oidc", "tokens"] {
        let head = format!(
            "POST /api/{path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 100"
        );
        let said = answer(begin_other(&server, &head, b"{"));
        assert!(said.starts_with("HTTP/1.1 408 "), "{path}: {said}");
        assert!(said.contains("upload_timeout"), "{path}: {said}");
    }
    let form = |length: usize, body: &[u8]| {
        let head = format!(
            "POST /api/packages HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}"
        );
        answer(begin_other(&server, &head, body))
    };
    let field = b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".as_slice();
    for unfinished in [b"--b".as_slice(), field] {
        let said = form(90_000, unfinished);
        assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    }
    // Without a word on how much comes.
    let piece = [field, &vec![b'x'; 4 << 20]].concat();
    let mut body = format!("{:x}\r\n", piece.len()).into_bytes();
    body.extend_from_slice(&piece);
    let head = format!(
        "POST /api/packages HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked"
    );
    let said = answer(begin_other(&server, &head, &body));
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    let long = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"\r\nX-Long: {}\r\n\r\nx\r\n--b--\r\n",
        "x".repeat(50_000)
    );
    let said = form(long.len(), long.as_bytes());
    assert!(
        said.starts_with("HTTP/1.1 400 ") && said.contains("bytes of headers"),
        "{said}"
    );
}

#[test]
fn who_sends_a_little_for_ever_is_cut_off_and_nothing_is_kept() {
    let archive = TestArchive::new();
    let token = admin(&archive);
    let server = Uploader::with(&archive, &[("UPLOAD_TOTAL", "1s")]);
    let mut slow = begin(&server, &token, 1 << 30, "");
    let mut sender = slow.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let started = Instant::now();
        // Ends when the server hangs up.
        while sender.write_all(&[0; 1000]).is_ok() && started.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        started.elapsed()
    });
    let mut said = [0; 12];
    slow.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 408");
    // An error means that the server has hung up already.
    let _ = slow.shutdown(Shutdown::Both);
    assert!(sending.join().unwrap() < PATIENCE);
    until_staged(&archive.root(), 0);
}

#[test]
fn nothing_is_kept_of_an_upload_that_breaks_off_anywhere() {
    let archive = TestArchive::new();
    let token = admin(&archive);
    let server = Uploader::start(&archive);
    let mut random = Random::new(7);
    let package = DebBuilder::new("large", "1.0", "all")
        .file("usr/share/large", random.bytes(3 << 20))
        .compressed(Compression::Gzip, Compression::None)
        .build();
    for _ in 0..20 {
        let cut = random.below(package.len());
        let mut stream = begin(&server, &token, package.len(), "");
        stream.write_all(&package[..cut]).unwrap();
        // What is larger than what is kept in memory is on the disk by then.
        if cut > 1 << 20 {
            until_staged(&archive.root(), 1);
        }
        drop(stream);
        until_staged(&archive.root(), 0);
    }
    let listed = server.get("/api/packages", None).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 0);
    let whole = server.send("POST", "/api/packages", Some(&token), (&[], &package));
    assert_eq!(whole.status, 201, "the control: {}", whole.text());
}

#[test]
fn a_refused_client_may_send_its_body_to_the_end() {
    // As much as is read of somebody who is not known.
    const LENGTH: usize = 8 << 20;
    let archive = TestArchive::new();
    let server = Uploader::start(&archive);
    let mut stream = begin(&server, "wrong", LENGTH, "");
    for _ in 0..LENGTH >> 20 {
        stream.write_all(&vec![0; 1 << 20]).expect("the server reads on");
    }
    let said = answer(stream);
    assert!(said.starts_with("HTTP/1.1 401 "), "{said}");
    assert_eq!(staged(&archive.root()), 0);
}

#[test]
fn a_refused_client_that_asks_first_is_told_at_once() {
    let archive = TestArchive::new();
    let server = Uploader::start(&archive);
    let asking = begin(&server, "wrong", 1 << 20, "Expect: 100-continue\r\n");
    let said = answer(asking);
    assert!(said.starts_with("HTTP/1.1 401 "), "{said}");
}

#[test]
fn an_upload_is_refused_before_the_disk_is_full() {
    let Some(disk) = SmallDisk::for_test(160) else {
        return;
    };
    let archive = TestArchive::empty_on(&disk);
    archive.repogen(&["init"]).ok();
    let token = admin(&archive);
    let server = Uploader::start(&archive);
    let package = DebBuilder::new("large", "1.0", "all")
        .file("usr/share/large", Random::new(1).bytes(16 << 20))
        .compressed(Compression::Gzip, Compression::None)
        .build();
    // With and without a word on how much comes; 64 MiB are the reserve.
    let announced = |server: &Uploader| server.send("POST", "/api/packages", Some(&token), (&[], &package));
    let streamed = |server: &Uploader| {
        let mut body = format!("{:x}\r\n", package.len()).into_bytes();
        body.extend_from_slice(&package);
        body.extend_from_slice(b"\r\n0\r\n\r\n");
        chunked(server, &token, &body)
    };
    for (left, status) in [(60, "507"), (72, "507")] {
        disk.fill(left << 20);
        let refused = announced(&server);
        assert_eq!(
            (refused.status.to_string().as_str(), &refused.json()["code"]),
            (status, &"storage_full".into())
        );
        let said = streamed(&server);
        assert!(
            said.contains(" 507 ") && said.contains("storage_full"),
            "{left} MiB: {said}"
        );
        until_staged(&archive.root(), 0);
        disk.free();
    }
    assert_eq!(announced(&server).status, 201, "the control: there is room again");
    let small = DebBuilder::new("small", "1.0", "all");
    assert_eq!(server.upload(&small, "wait=published", &token).status, 201);
    server.stop();
    archive.repogen(&["verify"]).ok();
}

/// Sends an upload that does not say how long it is, and returns the answer.
fn chunked(server: &Uploader, token: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /api/packages HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A server that refuses may close before it has read all: what it said is still there to read.
    let _ = stream.write_all(body);
    answer(stream)
}
