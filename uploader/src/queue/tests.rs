use archive_storage::staging::Staging;
use debian_archive::ingest::IncomingFile;
use futures_util::FutureExt as _;

use super::*;

struct Bench {
    queue: Queue,
    staging: Staging,
    _root: tempfile::TempDir,
}

fn bench(bounds: QueueBounds) -> Bench {
    let root = tempfile::tempdir().unwrap();
    Bench {
        queue: Queue::new(bounds),
        staging: Staging::new(root.path()).unwrap(),
        _root: root,
    }
}

const BOUNDS: QueueBounds = QueueBounds {
    sets: 2,
    files: 3,
    bytes: 100,
    all_files: 5,
};

impl Bench {
    fn parked(&self, bytes: &[u8]) -> QueuedFile {
        let mut receiving = IncomingFile::start(&self.staging).unwrap();
        receiving.write(bytes).unwrap();
        receiving.finish().enqueue().unwrap()
    }

    fn put(&self, key: &QueueKey, name: &str, bytes: &[u8], now: i64) -> Result<(), Problem> {
        self.queue
            .put(key, name.parse().unwrap(), self.parked(bytes), now)
    }

    /// Says of each file whether it was there, and lets it go.
    fn take(&self, key: &QueueKey, files: &[(&str, &[u8])]) -> Vec<bool> {
        let listed = files.iter().map(|(name, bytes)| ChangesFile {
            name: name.parse().unwrap(),
            size: bytes.len() as u64,
            sha256: debian_control::digest::sha256(bytes),
        });
        let members = self.queue.take(key, listed.collect());
        members.iter().map(|member| member.file.is_some()).collect()
    }

    fn on_disk(&self) -> usize {
        std::fs::read_dir(self.staging.folder()).unwrap().count()
    }
}

fn key(account: &str, suite: &str) -> QueueKey {
    QueueKey {
        account: account.parse().unwrap(),
        token: None,
        suite: suite.parse().unwrap(),
    }
}

#[test]
fn files_of_one_name_wait_side_by_side_and_each_is_taken_once() {
    let bench = bench(BOUNDS);
    let jane = key("jane", "stable");
    bench.put(&jane, "a.deb", b"one", 0).unwrap();
    bench.put(&jane, "a.deb", b"two", 0).unwrap();
    bench.put(&jane, "a.deb", b"two", 0).unwrap();
    assert_eq!(bench.on_disk(), 2);
    assert_eq!(bench.take(&key("june", "stable"), &[("a.deb", b"one")]), [false]);
    assert_eq!(bench.take(&key("jane", "other"), &[("a.deb", b"one")]), [false]);
    assert_eq!(
        bench.take(&jane, &[("a.deb", b"two"), ("b.deb", b"one")]),
        [true, false]
    );
    assert_eq!(bench.take(&jane, &[("a.deb", b"two")]), [false]);
    assert_eq!(bench.take(&jane, &[("a.deb", b"one")]), [true]);
    assert_eq!(bench.on_disk(), 0);
}

#[test]
fn what_waits_for_an_hour_goes_with_its_bytes() {
    let bench = bench(BOUNDS);
    let jane = key("jane", "stable");
    bench.put(&jane, "old.deb", b"old", 0).unwrap();
    bench.put(&jane, "again.deb", b"again", 0).unwrap();
    bench.put(&jane, "again.deb", b"again", 1000).unwrap();
    bench.queue.sweep(3599);
    assert_eq!(bench.on_disk(), 2);
    bench.queue.sweep(3600);
    assert_eq!(bench.on_disk(), 1);
    assert_eq!(bench.take(&jane, &[("again.deb", b"again")]), [true]);
    bench.queue.sweep(3600);
    assert!(bench.queue.lock().is_empty(), "nothing is known of what is done");
}

#[test]
fn nobody_has_more_wait_than_the_bounds() {
    let bench = bench(BOUNDS);
    let refused = |key: &QueueKey, bytes: &[u8], words: &str| {
        let problem = bench.put(key, "x.deb", bytes, 0).unwrap_err();
        assert!(
            problem.code == Code::QueueFull && problem.detail.contains(words),
            "{}",
            problem.detail
        );
    };
    let jane = key("jane", "stable");
    refused(&jane, &[0; 101], "bytes");
    bench.put(&jane, "a.deb", &[0; 60], 0).unwrap();
    refused(&jane, &[1; 41], "bytes");
    bench.put(&key("jane", "other"), "b.deb", b"b", 0).unwrap();
    refused(&key("jane", "third"), b"x", "suites");
    bench.put(&jane, "c.deb", b"c", 0).unwrap();
    refused(&jane, b"x", "3 files");
    let june = key("june", "stable");
    bench.put(&june, "a.deb", b"a", 0).unwrap();
    bench.put(&june, "b.deb", b"b", 0).unwrap();
    refused(&june, b"x", "of the server");
}

#[tokio::test]
async fn one_changes_file_works_on_a_set_at_a_time() {
    let bench = bench(BOUNDS);
    let jane = key("jane", "stable");
    let first = bench.queue.turn(&jane).await;
    bench.queue.sweep(0);
    let second = bench.queue.turn(&jane);
    let mut second = std::pin::pin!(second);
    assert!(second.as_mut().now_or_never().is_none());
    drop(first);
    second.await;
}
