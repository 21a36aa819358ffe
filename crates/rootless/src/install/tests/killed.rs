//! Killed at random moments: whatever was reached, a whole generation counts and the next change works.

use std::process::{Command, Stdio};
use std::time::Instant;

use super::*;

/// How many installs and upgrades are killed; `CPKGS_KILLS` has another number.
const KILLS: u64 = 12;
/// Tells the process that is to be killed where to install which version.
const FOLDER: &str = "CPKGS_KILLED_FOLDER";
const VERSION: &str = "CPKGS_KILLED_VERSION";

fn packages(version: &str) -> Vec<DebBuilder> {
    let one = |name: &str| {
        let mut deb = script(name, version)
            .file(&format!("etc/{name}.conf"), version.as_bytes())
            .control_file("conffiles", format!("/etc/{name}.conf\n").as_bytes());
        for number in 0..40 {
            deb = deb.file(
                &format!("usr/share/{name}/{number}"),
                format!("{version} {number}").repeat(500).as_bytes(),
            );
        }
        deb
    };
    ["one", "two", "three"].map(one).into()
}

fn change(debs: &Path, version: &str) -> Change {
    let add = packages(version).into_iter().map(|builder| {
        let bytes = builder.build();
        let deb = debs.join(format!("{}.deb", sha256(&bytes)));
        fs::write(&deb, &bytes).unwrap();
        Add {
            stanza: builder.control(),
            deb,
            sha256: sha256(&bytes),
            automatic: false,
            why: None,
            provenance: None,
        }
    });
    Change {
        add: add.collect(),
        ..Change::default()
    }
}

/// Runs in a process of its own, and only when it is told what to do.
#[test]
#[ignore = "the part that is killed: started by the test below"]
fn the_one_that_is_killed() {
    let (Some(folder), Ok(version)) = (std::env::var_os(FOLDER), std::env::var(VERSION)) else {
        return;
    };
    let folder = PathBuf::from(folder);
    apply(&folder.join("packages"), change(&folder, &version)).unwrap();
}

fn start(folder: &Path, version: &str) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "install::tests::killed::the_one_that_is_killed",
            "--ignored",
        ])
        .env(FOLDER, folder)
        .env(VERSION, version)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// All packages of the generation that counts are of one version, and run.
fn version_that_counts(machine: &Machine) -> Option<u64> {
    let generations = Generations::new(&machine.install());
    generations.current().unwrap()?;
    let answers = ["one", "two", "three"].map(|name| {
        let answer = machine.run(name, &[]);
        let version = answer
            .trim()
            .strip_prefix(&format!("{name} "))
            .unwrap()
            .to_owned();
        for number in [0, 39] {
            let text = machine.read(&format!("current/root/usr/share/{name}/{number}"));
            assert_eq!(text, format!("{version} {number}").repeat(500));
        }
        version
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    Some(answers[0].parse().unwrap())
}

#[test]
fn a_whole_generation_counts_whenever_it_is_killed() {
    let kills = std::env::var("CPKGS_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let machine = Machine::new();
    let begun = Instant::now();
    assert!(start(machine.folder.path(), "1").wait().unwrap().success());
    let usual = begun.elapsed();
    let (mut before, mut killed, mut counts) = (1, 0, 0);
    let mut version = 1;
    // Each moment of the usual time has its turn, whatever the machine is busy with.
    while killed < kills {
        version += 1;
        assert!(version < 20 * kills + 20, "{killed} of {version} were killed");
        let mut child = start(machine.folder.path(), &version.to_string());
        let share = (version * 37 % 100) as u32;
        std::thread::sleep(usual * share / 80);
        child.kill().unwrap();
        let survived = child.wait().unwrap().success();
        let now = version_that_counts(&machine).unwrap();
        assert!(
            now == before || now == version,
            "{now} after {before} and {version}"
        );
        killed += u64::from(!survived);
        counts += u64::from(!survived && now == version);
        before = now;
        if killed % 3 == 0 {
            repair(&machine.install()).unwrap();
        } else {
            version += 1;
            apply(
                &machine.install(),
                change(machine.folder.path(), &version.to_string()),
            )
            .unwrap();
            before = version;
        }
        let expected = before.to_string();
        assert_eq!(machine.read("etc/two.conf"), expected);
        assert_eq!(version_that_counts(&machine), Some(before));
        let left = fs::read_dir(machine.install().join("gen"))
            .unwrap()
            .chain(fs::read_dir(machine.install().join("store")).unwrap());
        let unfinished = left.filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with('.')
        });
        assert_eq!(unfinished.count(), 0);
        collect(&machine.install(), 2).unwrap();
    }
    println!("{killed} killed, {counts} of them after the switch, usual time {usual:?}");
}
