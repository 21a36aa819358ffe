//! Several publishers at once, and one that stands still while others run.

use super::{Account, Churn, Clients, owner};
use crate::WriteDeb as _;
use crate::{DebBuilder, Nginx, Random, TestArchive, apt};
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct Stops {
    /// Rounds of two publishers at once.
    pub pairs: usize,
    /// How long a publisher stands still.
    pub stopped_for: Duration,
    /// How often one is stopped with the lock.
    pub stops: usize,
    /// Clients that read all the while.
    pub clients: usize,
    /// Packages at the start.
    pub packages: usize,
    /// Decides the moments, the changes and what is downloaded.
    pub seed: u64,
}

/// Lets publishers meet: two at once, one stopped with the lock, one stopped on its way to the lock.
pub fn stops(counts: Stops) -> Account {
    let mut account = Account::default();
    let (archive, _nginx) = two_suites();
    let mut churn = Churn::fill(&archive, counts.packages, counts.seed);
    owner::publish(&archive, &mut account);
    let clients = Clients::start(&sources(&archive), counts.clients, counts.seed);
    for _ in 0..counts.pairs {
        churn.step(&mut account);
        two_at_once(&archive, &mut account);
    }
    let mut random = Random::new(counts.seed);
    for _ in 0..counts.stops {
        stopped_with_the_lock(
            &archive,
            &mut churn,
            (&mut random, counts.stopped_for),
            &mut account,
        );
    }
    stopped_before_the_lock(&archive, &mut churn, &mut account);
    owner::inspect(&archive, &mut account);
    account.merge(clients.finish());
    account
}

fn two_suites() -> (TestArchive, Nginx) {
    TestArchive::served(&[
        "--architecture",
        &apt::native_architecture(),
        "--suite",
        "stable",
        "--suite",
        "testing",
    ])
}

fn sources(archive: &TestArchive) -> String {
    [archive.read("stable.sources"), archive.read("testing.sources")].join("\n")
}

fn date(archive: &TestArchive) -> i64 {
    let text = archive.read("dists/stable/Release");
    debian_control::release::Release::parse(&text)
        .unwrap()
        .date
        .expect("a Release has a Date")
}

fn inrelease(archive: &TestArchive) -> String {
    archive.read("dists/stable/InRelease")
}

fn publisher(archive: &TestArchive, suite: &str) -> Child {
    let mut command: Command = archive.command(&["publish", "--suite", suite]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits for a publisher and returns its line, or notes what went wrong.
fn line_of(child: Child, account: &mut Account) -> String {
    let output = child.wait_with_output().unwrap();
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        account.fault(format!("a publisher failed: {line}{why}"));
    }
    line
}

/// Says whether somebody has the suite's lock.
fn locked(archive: &TestArchive) -> bool {
    let file = File::options()
        .write(true)
        .open(archive.root().join("state/publish-stable.lock"));
    file.unwrap().try_lock().is_err()
}

/// Says whether a program waits for a lock, by what the kernel tells of locks.
fn waits_for_a_lock(child: &Child) -> bool {
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    let id = child.id().to_string();
    locks
        .lines()
        .any(|line| line.contains("->") && line.split_whitespace().any(|word| word == id))
}

/// Says whether a program has SQLite's lock for writing, as proc_locks(5) tells it: a publisher's own lock is another kind.
fn writes_to_the_catalog(child: &Child) -> bool {
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    let id = child.id().to_string();
    locks.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        matches!(words[..], [_, "POSIX", _, "WRITE", holder, ..] if holder == id)
    })
}

/// Starts two publishers of one change: one does it, the other finds it done.
fn two_at_once(archive: &TestArchive, account: &mut Account) {
    account.count("pairs of publishers at once");
    let before = date(archive);
    let both = [publisher(archive, "stable"), publisher(archive, "stable")];
    let lines = both.map(|child| line_of(child, account));
    let published = lines.iter().filter(|line| line.contains("\tpublished\t")).count();
    if published != 1 || date(archive) <= before {
        account.fault(format!(
            "two publishers of one change said {lines:?}, Date {before} to {}",
            date(archive)
        ));
    }
}

/// Stops a publisher that has the lock. What wants the same lock waits, all else goes on; then both come to their end.
fn stopped_with_the_lock(
    archive: &TestArchive,
    churn: &mut Churn<'_>,
    (random, stopped_for): (&mut Random, Duration),
    account: &mut Account,
) {
    let stopped = loop {
        churn.step(account);
        owner::wait_for_date(archive);
        let child = publisher(archive, "stable");
        while !locked(archive) && !exited(&child) {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(random.below(20_000) as u64));
        stop(&child);
        let writes = writes_to_the_catalog(&child);
        if locked(archive) && !writes {
            break child;
        }
        if writes {
            account.count("publishers stopped in a write to the catalog");
        }
        // It was done before the signal came, or everybody who writes would wait for it: with the next change, then.
        owner::signal(&child, "CONT");
        line_of(child, account);
    };
    account.count("publishers stopped with the lock");
    let before = date(archive);
    let second = publisher(archive, "stable");
    if !owner::comes_true(|| waits_for_a_lock(&second)) {
        account.fault("the second publisher does not wait for the one that is stopped");
    }
    let end = Instant::now() + stopped_for;
    loop {
        other_suite(archive, account);
        if Instant::now() >= end {
            break;
        }
    }
    if exited(&second) {
        account.fault("the second publisher did not wait for the one that is stopped");
    }
    owner::signal(&stopped, "CONT");
    let lines = [line_of(stopped, account), line_of(second, account)];
    if !lines[0].contains("\tpublished\t") || date(archive) < before {
        account.fault(format!("a stopped publisher and one that waited said {lines:?}"));
    }
    owner::publish(archive, account);
    owner::inspect(archive, account);
}

/// Changes and publishes the suite that nobody holds.
fn other_suite(archive: &TestArchive, account: &mut Account) {
    let number = account.counted("publishes of the other suite") + 1;
    let path = DebBuilder::new("other", &format!("{number}.0"), "all").write_into(&archive.outside());
    let add = owner::repogen(archive, &["add", "--suite", "testing", path.to_str().unwrap()]);
    let publish = owner::repogen(archive, &["publish", "--suite", "testing"]);
    account.count("publishes of the other suite");
    for run in [add, publish] {
        if run.code != 0 {
            account.fault(format!("the other suite is held up\n{}", run.report()));
        }
    }
}

/// Stops a publisher that waits for the lock. Another publishes a newer state meanwhile, and that must stand.
fn stopped_before_the_lock(archive: &TestArchive, churn: &mut Churn<'_>, account: &mut Account) {
    account.count("publishers stopped before the lock");
    churn.step(account);
    let lock = File::options()
        .write(true)
        .open(archive.root().join("state/publish-stable.lock"))
        .unwrap();
    lock.lock().unwrap();
    let stopped = publisher(archive, "stable");
    if !owner::comes_true(|| waits_for_a_lock(&stopped)) {
        account.fault("a publisher does not wait for the lock");
    }
    stop(&stopped);
    drop(lock);
    churn.step(account);
    owner::publish(archive, account);
    let newer = inrelease(archive);
    owner::signal(&stopped, "CONT");
    let line = line_of(stopped, account);
    if !line.contains("\tunchanged") || inrelease(archive) != newer {
        account.fault(format!(
            "a publisher that was stopped wrote over a newer state: {line}"
        ));
    }
}

/// Stops a program, and returns once it stands still or has ended: a signal is on its way for a while, and a lock that is let go
/// meanwhile may still be taken.
fn stop(child: &Child) {
    owner::signal(child, "STOP");
    assert!(
        owner::comes_true(|| matches!(state(child), 'T' | 'Z')),
        "a program goes on that was told to stop"
    );
}

fn exited(child: &Child) -> bool {
    // A program that has ended and was not waited for is a zombie.
    state(child) == 'Z'
}

/// Returns the state of a program as proc(5) has it.
fn state(child: &Child) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.trim_start().chars().next().unwrap_or('Z')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index;

    #[test]
    fn the_date_that_is_compared_is_the_one_of_the_release() {
        let (archive, _nginx) = two_suites();
        let before = date(&archive);
        archive.repogen(&["publish", "--force"]).ok();
        assert!(date(&archive) > before);
        let fields = index::stanza(&archive.read("dists/stable/Release"));
        assert_eq!(
            debian_control::release::format_date(date(&archive)),
            fields["date"]
        );
    }
}
