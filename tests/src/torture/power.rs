//! Power cuts: what a program tells the disk, in which order, and whether what it answers would survive.
//!
//! [`trace`] records the calls of the real `repogen`, [`disk`] knows what a file system owes its user after a power cut, and
//! [`rules`] says what has to last when. The last two are pure, so that each rule is shown to find its fault.

pub mod disk;
pub mod rules;
pub mod trace;

use super::{Account, Churn, owner};
use crate::{Random, TestArchive, apt};
use std::path::PathBuf;
use trace::{Cut, Traced};

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct PowerCuts {
    /// Programs killed at a call that writes, syncs or names, each followed by one that ends well.
    pub kills: usize,
    /// Packages at the start.
    pub packages: usize,
    /// Decides at which calls.
    pub seed: u64,
}

/// Checks the order of calls of add, publish and remove: undisturbed, and after one that was killed at any call.
pub fn power_cuts(counts: PowerCuts) -> Account {
    let mut account = Account::default();
    let archive = TestArchive::init(&["--architecture", &apt::native_architecture()]);
    let mut churn = Churn::fill(&archive, counts.packages, counts.seed);
    undisturbed(&archive, &mut churn, &mut account);
    let mut random = Random::new(counts.seed);
    let mut longest = 60;
    for number in 0..counts.kills {
        let at = 1 + random.below(longest);
        let killed = match number % 3 {
            0 => {
                let paths: Vec<PathBuf> = (0..2).map(|_| churn.new_package()).collect();
                again_after_kill(&archive, &add(&paths), at, &mut account)
            }
            kind => {
                churn.step(&mut account);
                if kind == 2 {
                    // As before the first publish, when every folder has to be made.
                    std::fs::remove_dir_all(archive.root().join("dists/stable")).unwrap();
                } else {
                    owner::wait_for_date(&archive);
                }
                again_after_kill(&archive, &words(&["publish"]), at, &mut account)
            }
        };
        // A call beyond the last one kills nobody; then the next tries stay nearer.
        longest = if killed {
            longest + 5
        } else {
            longest.saturating_sub(10).max(20)
        };
        owner::publish(&archive, &mut account);
        owner::inspect(&archive, &mut account);
    }
    account
}

fn undisturbed(archive: &TestArchive, churn: &mut Churn<'_>, account: &mut Account) {
    judge(archive, &words(&["publish"]), account);
    let paths: Vec<PathBuf> = (0..3).map(|_| churn.new_package()).collect();
    for command in [
        add(&paths),
        words(&["publish"]),
        // Answered from what is there.
        add(&paths),
        words(&["publish"]),
    ] {
        judge(archive, &command, account);
    }
    let goes = churn.new_package();
    judge(archive, &add(std::slice::from_ref(&goes)), account);
    judge(archive, &words(&["publish", "--force"]), account);
    let name = goes.file_name().unwrap().to_string_lossy().into_owned();
    let name = name.split('_').next().unwrap_or_default().to_owned();
    judge(archive, &words(&["remove", &name]), account);
    judge(archive, &words(&["publish"]), account);
    judge(archive, &add(&[goes]), account);
}

/// Runs a command and checks its calls.
fn judge(archive: &TestArchive, command: &[String], account: &mut Account) {
    let traced = trace::run(archive, command, Cut::Nowhere);
    account.count("programs traced");
    account.add("calls judged", traced.events.len());
    if traced.run.code != 0 {
        account.fault(traced.run.report());
    }
    let answers = rules::answers(&traced.events);
    if answers == 0 {
        account.fault(format!(
            "no answer was seen: the trace is blind\n{}",
            traced.run.report()
        ));
    }
    account.add("answers judged", answers);
    for fault in rules::faults(&traced.events) {
        account.fault(format!("{command:?}: {fault}"));
    }
}

/// Kills a command at its call number `at`, and checks the calls of both: its own, and those of a second one that ends well.
///
/// The power may go after the second answer, and the second program takes up what the first left. Says whether it was killed.
fn again_after_kill(archive: &TestArchive, command: &[String], at: usize, account: &mut Account) -> bool {
    let Traced { run, mut events } = trace::run(archive, command, Cut::At(at));
    let killed = run.code != 0;
    account.count(if killed {
        "programs killed at a call"
    } else {
        "programs done before the call"
    });
    let second = trace::run(archive, command, Cut::Nowhere);
    if second.run.code != 0 {
        account.fault(second.run.report());
    }
    events.push(disk::Event::Killed);
    events.extend(second.events);
    account.add("calls judged", events.len());
    account.add("answers judged", rules::answers(&events));
    for fault in rules::faults(&events) {
        account.fault(format!("{command:?} after one killed at call {at}: {fault}"));
    }
    killed
}

fn add(paths: &[PathBuf]) -> Vec<String> {
    let paths = paths.iter().map(|path| path.display().to_string());
    std::iter::once("add".to_owned()).chain(paths).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}
