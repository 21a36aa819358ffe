//! Downloads that are cut, and go on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::fetch::Credentials;

const BODY: &[u8] = b"0123456789";

/// A server that answers one request after the other, and tells the range each asks for.
fn serve(answers: &'static [&'static str]) -> (Location, Receiver<Option<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a.deb", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> = lines
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            let range = head.iter().find_map(|line| line.strip_prefix("range: "));
            tell.send(range.map(str::to_owned)).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url.parse().unwrap(), told)
}

/// Downloads the body from such a server, where `had` was left by a process that is no more.
fn download(
    had: &str,
    answers: &'static [&'static str],
) -> (Result<Vec<u8>, FetchError>, Vec<Option<String>>) {
    let folder = tempfile::tempdir().unwrap();
    let (location, told) = serve(answers);
    let wanted = Download {
        name: "a".to_owned(),
        locations: vec![location],
        size: BODY.len() as u64,
        sha256: digest(BODY),
    };
    if !had.is_empty() {
        let nobody = format!("{}.part{}", wanted.sha256, u32::MAX);
        fs::write(folder.path().join(nobody), had).unwrap();
    }
    let fetcher = Fetcher::new(Credentials::default()).unwrap();
    let done = fetcher.debs(&[wanted], folder.path(), &Silent);
    let left: Vec<PathBuf> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(left, done.as_deref().unwrap_or_default(), "nothing else stays");
    (
        done.map(|paths| fs::read(&paths[0]).unwrap()),
        told.try_iter().collect(),
    )
}

fn digest(bytes: &[u8]) -> Sha256 {
    let mut digester = Digester::sha256();
    digester.update(bytes);
    digester.finish().sha256
}

#[test]
fn offline_there_is_what_is_here() {
    let folder = tempfile::tempdir().unwrap();
    let (location, told) = serve(&[]);
    let of = |bytes: &[u8]| Download {
        name: "a".to_owned(),
        locations: vec![location.clone()],
        size: bytes.len() as u64,
        sha256: digest(bytes),
    };
    let here = folder.path().join(format!("{}.deb", digest(BODY)));
    fs::write(&here, BODY).unwrap();
    let fetcher = Fetcher::new(Credentials::default()).unwrap().offline();
    let found = fetcher.debs(&[of(BODY)], folder.path(), &Silent).unwrap();
    assert_eq!(found, std::slice::from_ref(&here));
    let absent = fetcher.debs(&[of(b"other")], folder.path(), &Silent);
    assert!(
        matches!(&absent, Err(FetchError::NotCached { names }) if names == &["a"]),
        "{absent:?}"
    );
    // As long as what was wanted, and something else: nobody is asked for the right one either.
    let damaged = folder.path().join(format!("{}.deb", digest(b"other")));
    fs::write(&damaged, b"mixed").unwrap();
    let wrong = fetcher.debs(&[of(b"other")], folder.path(), &Silent);
    assert!(matches!(wrong, Err(FetchError::Offline { .. })), "{wrong:?}");
    fs::remove_file(damaged).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(told.try_recv().is_err(), "nobody was asked");
}

#[test]
fn of_many_files_that_are_not_here_some_are_named() {
    let error = |count: usize| FetchError::NotCached {
        names: (0..count).map(|number| format!("p{number}")).collect(),
    };
    let text = error(1).to_string();
    assert!(text.ends_with("1 file is not in the cache: p0"), "{text}");
    let text = error(22).to_string();
    assert!(text.contains("22 files are not in the cache: p0, p1, "), "{text}");
    assert!(text.ends_with(", p19, and 2 more"), "{text}");
}

fn range(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_download_that_is_cut_goes_on_where_it_ended() {
    let (body, ranges) = download(
        "",
        &[
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123",
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456789",
        ],
    );
    assert_eq!(body.unwrap(), BODY);
    assert_eq!(ranges, [None, range("bytes=4-")]);
}

#[test]
fn what_a_dead_process_left_is_gone_on_with() {
    let (body, ranges) = download(
        "012345678",
        &["HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 9-9/10\r\nContent-Length: 1\r\n\r\n9"],
    );
    assert_eq!(body.unwrap(), BODY);
    assert_eq!(ranges, [range("bytes=9-")]);
}

#[test]
fn a_server_that_does_not_go_on_there_is_asked_for_all_of_it() {
    const ALL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123456789";
    for answers in [
        &[
            "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ALL,
        ],
        &[
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123456789",
            ALL,
        ],
        &[
            "HTTP/1.1 206 Partial Content\r\nContent-Length: 6\r\nConnection: close\r\n\r\n456789",
            ALL,
        ],
    ] {
        let (body, ranges) = download("0123", answers);
        assert_eq!(body.unwrap(), BODY);
        assert_eq!(ranges, [range("bytes=4-"), None]);
    }
    let (body, ranges) = download("0123", &[ALL]);
    assert_eq!(body.unwrap(), BODY);
    assert_eq!(ranges, [range("bytes=4-")]);
}

#[test]
fn what_was_left_of_something_else_is_fetched_anew_once() {
    const REST: &str = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\nConnection: close\r\n\r\n456789";
    let (body, ranges) = download(
        "abcd",
        &[
            REST,
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123456789",
        ],
    );
    assert_eq!(body.unwrap(), BODY);
    assert_eq!(ranges, [range("bytes=4-"), None]);

    let (body, ranges) = download(
        "abcd",
        &[
            REST,
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabcdefghij",
        ],
    );
    assert!(matches!(body, Err(FetchError::Wrong { what: "SHA256", .. })));
    assert_eq!(ranges.len(), 2);
}
