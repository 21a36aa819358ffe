//! Machines that share a bucket and a database.

use super::{curl, package, port, settings};
use archive_catalog::testing::TestServer;
use archive_tests::changes::changes;
use archive_tests::http::Response;
use archive_tests::{Keys, Run, TestArchive, Uploader, WriteDeb as _};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// An archive in a bucket with its catalog on PostgreSQL, and what its machines are told.
struct Shared {
    archive: TestArchive,
    token: String,
    settings: Vec<(String, String)>,
}

impl Shared {
    fn new(bucket: &str) -> Self {
        curl("PUT", bucket);
        let archive = TestArchive::shared_on(TestServer::shared());
        archive.account("root", &["--role", "admin"]);
        Self {
            token: archive.token("root", &["admin", "upload:stable/*"]),
            settings: settings(&format!("s3://{bucket}/archive")),
            archive,
        }
    }

    /// Starts an uploader that publishes, on a machine of its own.
    fn serve(&self, machine: &TestArchive) -> Uploader {
        let variables: Vec<(&str, &str)> = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        Uploader::with(machine, &variables)
    }

    fn repogen(&self, arguments: &[&str]) -> Run {
        let variables = self.settings.iter().map(|(name, value)| (name, value));
        Run::of(self.archive.command(arguments).envs(variables))
    }

    fn put(&self, server: &Uploader, name: &str, bytes: &[u8]) -> Response {
        let path = format!("/api/upload/stable/queue/{name}?wait=published");
        server.send("PUT", &path, Some(&self.token), (&[], bytes))
    }
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn what_a_killed_machine_took_is_finished_and_published_by_another() {
    let shared = Shared::new("machines");
    let machines = [
        shared.archive.other_machine(Keys::Copied),
        shared.archive.other_machine(Keys::Copied),
    ];
    let first = shared.serve(&machines[0]);
    let second = shared.serve(&machines[1]);
    let live = "suite=stable&wait=published";
    for (server, name) in [(&first, "from-first"), (&second, "from-second")] {
        let taken = server.upload(&package(name, "1.0"), live, &shared.token);
        assert_eq!(taken.status, 201, "{}", taken.text());
    }
    let (one, two) = (package("one", "1.0").build(), package("two", "1.0").build());
    assert_eq!(shared.put(&first, "one_1.0_all.deb", &one).status, 202);
    first.kill();
    drop(std::fs::remove_dir_all(machines[0].home()));

    assert_eq!(shared.put(&second, "two_1.0_all.deb", &two).status, 202);
    let list = changes("one", &[("one_1.0_all.deb", &one), ("two_1.0_all.deb", &two)]);
    let placed = shared.put(&second, "one_1.0_all.changes", list.as_bytes());
    assert_eq!(placed.status, 201, "{}", placed.text());
    let listed = shared.repogen(&["list"]).ok().stdout;
    for name in ["from-first", "from-second", "one", "two"] {
        assert!(listed.contains(&format!("{name}\t1.0")), "{listed}");
    }
    // Prune on a third machine goes on beside.
    shared.repogen(&["prune"]).ok();
    assert_eq!(shared.repogen(&["verify"]).ok().stdout, "");
    let staged = curl("GET", "machines?list-type=2&prefix=archive/staged/");
    assert!(!String::from_utf8_lossy(&staged.body).contains("<Key>"));
    assert_eq!(second.stop(), Some(0));
}

/// A way to the server of buckets that can be cut, and on which a request can be held up.
struct Gate {
    port: u16,
    open: Arc<Mutex<Option<Vec<TcpStream>>>>,
    hold: Arc<Hold>,
}

/// Holds up the first request that begins so.
#[derive(Default)]
struct Hold {
    beginning: Mutex<Option<String>>,
    is_held: Mutex<bool>,
    changed: Condvar,
}

impl Hold {
    /// Waits until the request has come.
    fn comes(&self) {
        let mut is_held = self.is_held.lock().unwrap();
        while !*is_held {
            let (now, waited) = self
                .changed
                .wait_timeout(is_held, Duration::from_secs(60))
                .unwrap();
            assert!(!waited.timed_out(), "the request never came");
            is_held = now;
        }
    }

    /// Lets it go on.
    fn end(&self) {
        *self.is_held.lock().unwrap() = false;
        self.changed.notify_all();
    }

    /// Returns when these bytes may go on.
    fn pass(&self, bytes: &[u8]) {
        let mut beginning = self.beginning.lock().unwrap();
        if !beginning
            .as_ref()
            .is_some_and(|beginning| bytes.starts_with(beginning.as_bytes()))
        {
            return;
        }
        *beginning = None;
        drop(beginning);
        let mut is_held = self.is_held.lock().unwrap();
        *is_held = true;
        self.changed.notify_all();
        while *is_held {
            is_held = self.changed.wait(is_held).unwrap();
        }
    }
}

/// Copies what comes until it ends.
fn forward(mut from: TcpStream, mut to: TcpStream, hold: Option<&Hold>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if let Some(hold) = hold {
            hold.pass(&bytes[..count]);
        }
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

impl Gate {
    fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let gate = Self {
            port: listener.local_addr().unwrap().port(),
            open: Arc::new(Mutex::new(Some(Vec::new()))),
            hold: Arc::default(),
        };
        let (open, hold) = (gate.open.clone(), gate.hold.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut open = open.lock().unwrap();
                let Some(streams) = open.as_mut() else { continue };
                let server = TcpStream::connect(("127.0.0.1", port())).unwrap();
                for (from, to, hold) in [(&client, &server, Some(hold.clone())), (&server, &client, None)] {
                    streams.push(from.try_clone().unwrap());
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    std::thread::spawn(move || forward(from, to, hold.as_deref()));
                }
            }
        });
        gate
    }

    fn cut(&self) {
        for stream in self.open.lock().unwrap().take().into_iter().flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        *self.open.lock().unwrap() = Some(Vec::new());
    }
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn names_that_a_publisher_wrote_after_it_was_overtaken_are_written_once_more() {
    let gate = Gate::new();
    let mut shared = Shared::new("overtaken");
    shared.repogen(&["publish"]).ok();
    let machine = shared.archive.other_machine(Keys::Copied);
    let direct = shared.settings.clone();
    for (name, value) in &mut shared.settings {
        if name == "AWS_ENDPOINT_URL" {
            *value = format!("http://127.0.0.1:{}", gate.port);
        }
    }
    let index = "dists/stable/main/binary-amd64/Packages.gz";
    *gate.hold.beginning.lock().unwrap() = Some(format!("PUT /overtaken/archive/{index} "));
    let server = shared.serve(&machine);
    let first = server.upload(&package("first", "1.0"), "suite=stable", &shared.token);
    assert_eq!(first.status, 201, "{}", first.text());
    gate.hold.comes();
    server.signal("STOP");
    // Another machine finds the lease over, and publishes more.
    shared
        .archive
        .change_catalog("update publish_lease set expires_at = clock_timestamp() - interval '1 second'");
    shared.settings = direct;
    let file = package("second", "1.0").write_into(&shared.archive.outside());
    shared.repogen(&["add", file.to_str().unwrap()]).ok();
    shared.repogen(&["publish"]).ok();
    let newest = curl("GET", &format!("overtaken/archive/{index}")).body;
    // The request of the first ends last, whatever became of it meanwhile.
    gate.hold.end();
    let begun = Instant::now();
    while curl("GET", &format!("overtaken/archive/{index}")).body == newest {
        assert!(begun.elapsed() < Duration::from_secs(60), "the request was lost");
    }
    server.signal("CONT");
    while shared.repogen(&["verify"]).code != 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{}",
            shared.repogen(&["verify"]).report()
        );
    }
    assert_eq!(curl("GET", &format!("overtaken/archive/{index}")).body, newest);
    assert_eq!(server.stop(), Some(0));
}

#[test]
#[ignore = "needs an S3 server: make test-s3"]
fn while_the_bucket_is_away_uploads_are_told_to_come_again_and_reads_go_on() {
    let gate = Gate::new();
    let mut shared = Shared::new("away");
    for (name, value) in &mut shared.settings {
        if name == "AWS_ENDPOINT_URL" {
            *value = format!("http://127.0.0.1:{}", gate.port);
        }
    }
    let server = shared.serve(&shared.archive);
    let live = "suite=stable&wait=published";
    let first = server.upload(&package("first", "1.0"), live, &shared.token);
    assert_eq!(first.status, 201, "{}", first.text());

    gate.cut();
    let refused = server.upload(&package("second", "1.0"), "suite=stable", &shared.token);
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    let queued = shared.put(&server, "third_1.0_all.deb", &package("third", "1.0").build());
    assert_eq!(queued.status, 503, "{}", queued.text());
    let unready = server.get("/readyz", None);
    assert_eq!(
        (unready.status, &unready.json()["storage"]),
        (503, &false.into()),
        "{}",
        unready.text()
    );
    assert!(unready.header("retry-after").is_some());
    assert_eq!(server.get("/healthz", None).status, 200);
    let listed = server.get("/api/packages?name=first", None);
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 1);
    // Removing takes the catalog alone; it is published when the bucket is back.
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let removed = server.send(
        "DELETE",
        &format!("/api/packages/{id}"),
        Some(&shared.token),
        (&[], &[]),
    );
    assert_eq!(removed.status, 204, "{}", removed.text());

    gate.mend();
    let second = server.upload(&package("second", "1.0"), live, &shared.token);
    assert_eq!(second.status, 201, "{}", second.text());
    assert_eq!(shared.repogen(&["verify"]).ok().stdout, "");
    assert_eq!(server.stop(), Some(0));
}
