//! Writers that are killed at random moments while clients read.

use super::{Account, Churn, Clients, owner};
use crate::{Random, TestArchive, apt};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// How often an undisturbed run is timed before the first is killed, for the moments to kill at.
const TIMED: usize = 3;
/// How many packages a killed `add` was given.
const BATCH: usize = 8;

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct Kills {
    /// Publishes to kill; those that were done before do not count.
    pub publishes: usize,
    /// Runs of `add` to kill, likewise.
    pub adds: usize,
    /// Clients that read all the while.
    pub clients: usize,
    /// Packages at the start.
    pub packages: usize,
    /// Decides the moments, the changes and what is downloaded.
    pub seed: u64,
}

/// A run that was killed, or was done before.
struct Killed {
    stdout: String,
    cut_off: bool,
}

/// Kills publishes and adds, each time looks what is left, and does again what was cut off.
pub fn kills(counts: Kills) -> Account {
    let mut account = Account::default();
    let (archive, _nginx) = TestArchive::served(&["--architecture", &apt::native_architecture()]);
    let churn = Churn::fill(&archive, counts.packages, counts.seed);
    owner::publish(&archive, &mut account);
    let clients = Clients::start(&archive.read("stable.sources"), counts.clients, counts.seed);
    let mut killer = Killer {
        archive: &archive,
        churn,
        random: Random::new(counts.seed),
        account,
    };
    killer.kill_publishes(counts.publishes);
    killer.kill_adds(counts.adds);
    let mut account = killer.account;
    account.merge(clients.finish());
    account
}

struct Killer<'a> {
    archive: &'a TestArchive,
    churn: Churn<'a>,
    random: Random,
    account: Account,
}

impl Killer<'_> {
    fn kill_publishes(&mut self, count: usize) {
        let mut usual = Usual::default();
        for _ in 0..TIMED {
            self.churn.step(&mut self.account);
            owner::wait_for_date(self.archive);
            usual.time(|| owner::publish(self.archive, &mut self.account));
        }
        let mut killed_before = 0;
        while killed_before < count {
            self.churn.step(&mut self.account);
            // So that it is killed at work, and not while it waits for its Date.
            owner::wait_for_date(self.archive);
            let before = Tree::of(self.archive);
            let killed = self.kill(&["publish"], &[], &mut usual);
            killed_before += usize::from(killed.cut_off);
            let stage = before.stage(&Tree::of(self.archive), &killed);
            self.account.count(&format!("publishes killed: {stage}"));
            owner::publish(self.archive, &mut self.account);
            owner::inspect(self.archive, &mut self.account);
        }
    }

    fn kill_adds(&mut self, count: usize) {
        let mut usual = Usual::default();
        for _ in 0..TIMED {
            let paths = self.batch();
            usual.time(|| owner::repogen(self.archive, &with(&paths)).ok());
        }
        let mut killed_before = 0;
        while killed_before < count {
            let paths = self.batch();
            let killed = self.kill(&["add"], &paths, &mut usual);
            killed_before += usize::from(killed.cut_off);
            self.acknowledged(&killed);
            self.after_killed_add(&killed);
            let again = owner::repogen(self.archive, &with(&paths));
            if again.code != 0 {
                self.account.fault(format!("add failed\n{}", again.report()));
            }
            owner::inspect(self.archive, &mut self.account);
            owner::publish(self.archive, &mut self.account);
        }
        if owner::listed(self.archive) != self.churn.expected().into_iter().collect() {
            self.account.fault("the suite does not hold what was put in");
        }
    }

    fn batch(&mut self) -> Vec<PathBuf> {
        (0..BATCH).map(|_| self.churn.new_package()).collect()
    }

    /// Every package that `add` said is in has to be in.
    fn acknowledged(&mut self, killed: &Killed) {
        let listed = owner::listed(self.archive);
        // A line that was cut off in the middle is no answer.
        let whole = killed
            .stdout
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        for line in whole {
            let file = line.trim_end().rsplit('/').next().unwrap_or_default();
            let mut parts = file.split('_').map(str::to_owned);
            let package = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            self.account.count("packages acknowledged by a killed add");
            if !listed.contains(&package) {
                self.account
                    .fault(format!("acknowledged and lost: {package:?}: {line}"));
            }
        }
    }

    /// Looks at the archive as a killed `add` leaves it: a file that has no row yet is all that may be out of order.
    fn after_killed_add(&mut self, killed: &Killed) {
        let run = owner::repogen(self.archive, &["verify", "--json"]);
        let kinds: BTreeSet<String> = run
            .stdout
            .lines()
            .map(|line| {
                let finding: serde_json::Value = serde_json::from_str(line).unwrap();
                finding["kind"].as_str().unwrap_or_default().to_owned()
            })
            .collect();
        let linked = kinds.contains("pool-orphan");
        if kinds.iter().any(|kind| kind != "pool-orphan") || run.code > 1 {
            self.account
                .fault(format!("a killed add left damage\n{}", run.report()));
        }
        let stage = match (killed.cut_off, linked, killed.stdout.is_empty()) {
            (false, ..) => "was done before",
            (true, true, _) => "in the pool, not yet in the catalog",
            (true, false, true) => "before anything was in the pool, or not yet answered",
            (true, false, false) => "answered",
        };
        self.account.count(&format!("adds killed: {stage}"));
    }

    /// Runs `repogen` and kills it at a random moment of the time that it usually takes.
    fn kill(&mut self, arguments: &[&str], paths: &[PathBuf], usual: &mut Usual) -> Killed {
        let said = self.archive.outside().join("said");
        let mut command: Command = self.archive.command(arguments);
        // Into a file, since a pipe would have to be read meanwhile.
        command.args(paths).stdout(File::create(&said).unwrap());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(usual.0.mul_f64(self.random.unit()));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        if status.code().is_some() {
            usual.is_shorter();
        } else {
            usual.may_be_longer();
        }
        Killed {
            stdout: fs::read_to_string(said).unwrap(),
            cut_off: status.code().is_none(),
        }
    }
}

/// How long a run takes undisturbed. The machine has its moods, so the estimate follows what is seen.
#[derive(Default)]
struct Usual(Duration);

impl Usual {
    /// Times a run; the longest counts.
    fn time<T>(&mut self, run: impl FnOnce() -> T) {
        let started = Instant::now();
        run();
        self.0 = self.0.max(started.elapsed());
    }

    /// A run was done before it could be killed.
    fn is_shorter(&mut self) {
        self.0 = self.0.mul_f64(0.9);
    }

    /// A run was killed: so that its end is reached now and then, a little more time the next time.
    fn may_be_longer(&mut self) {
        self.0 = self.0.mul_f64(1.03);
    }
}

fn with(paths: &[PathBuf]) -> Vec<&str> {
    let paths = paths.iter().map(|path| path.to_str().unwrap());
    std::iter::once("add").chain(paths).collect()
}

/// What of a suite tells how far a publish came.
#[derive(PartialEq, Eq)]
struct Tree {
    inrelease: Vec<u8>,
    release: Vec<u8>,
    by_hash: usize,
}

impl Tree {
    fn of(archive: &TestArchive) -> Self {
        let suite = archive.root().join("dists/stable");
        let read = |name: &str| fs::read(suite.join(name)).unwrap_or_default();
        let folder = format!("main/binary-{}/by-hash/SHA256", apt::native_architecture());
        Self {
            inrelease: read("InRelease"),
            release: read("Release"),
            by_hash: fs::read_dir(suite.join(folder)).unwrap().count(),
        }
    }

    /// Says at which stage a publish was killed that found this tree and left that one.
    fn stage(&self, after: &Self, killed: &Killed) -> &'static str {
        if !killed.cut_off {
            "was done before"
        } else if self.inrelease != after.inrelease {
            "InRelease is live"
        } else if self != after {
            "files are in place, InRelease is not"
        } else {
            "nothing is in place"
        }
    }
}
