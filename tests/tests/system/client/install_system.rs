//! `cpkgs install --system`, with the real dpkg on a root of a test's own.

mod apt;
mod commands;
mod marks;
mod odd_status;
mod order;
mod unfinished;

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use archive_tests::WriteDeb as _;
use archive_tests::{Client, DebBuilder, Run, TestArchive};

/// An archive, a client that knows it, and a system that has nothing yet.
struct Machine {
    archive: TestArchive,
    client: Client,
    root: tempfile::TempDir,
}

impl Machine {
    fn new(packages: &[DebBuilder]) -> Self {
        let archive = TestArchive::new();
        archive.add(packages);
        archive.publish();
        let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
        client.run(&["update"]).ok();
        let root = tempfile::tempdir().unwrap();
        for folder in ["info", "updates", "triggers"] {
            fs::create_dir_all(root.path().join("var/lib/dpkg").join(folder)).unwrap();
        }
        fs::create_dir_all(root.path().join("var/log")).unwrap();
        fs::write(root.path().join("var/lib/dpkg/status"), "").unwrap();
        Self {
            archive,
            client,
            root,
        }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    fn cpkgs(&self, arguments: &[&str]) -> Run {
        let root = self.root.path().display().to_string();
        let place = ["--yes", "--system", "--dpkg-root", &root];
        self.client.run(&[arguments, &place].concat())
    }

    /// Returns what dpkg has: name, version, wish and state.
    fn status(&self) -> Vec<String> {
        let folder = format!("--admindir={}", self.path("var/lib/dpkg").display());
        let format = "--showformat=${Package} ${Version} ${db:Status-Want} ${db:Status-Status}\n";
        let run = Run::of(Command::new("dpkg-query").args([&folder, format, "--show"]));
        run.stdout.lines().map(str::to_owned).collect()
    }

    fn automatic(&self) -> String {
        fs::read_to_string(self.path("var/lib/apt/extended_states")).unwrap_or_default()
    }
}

fn hello(version: &str) -> DebBuilder {
    DebBuilder::new("hello", version, "amd64").depends("libhello (>= 1)")
}

#[test]
fn what_is_named_is_manual_also_when_another_named_package_needs_it() {
    for names in [["hello", "libhello"], ["libhello", "hello"]] {
        let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
        machine.cpkgs(&[&["install"][..], &names].concat()).ok();
        assert_eq!(machine.automatic(), "", "{names:?}");
    }
    // One that came for another is asked for later.
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "hello"]).ok();
    assert_ne!(machine.automatic(), "");
    machine.cpkgs(&["install", "libhello"]).ok();
    assert_eq!(machine.automatic(), "");
}

#[test]
fn what_dpkg_does_not_know_is_not_offered_whatever_a_source_has() {
    let machine = Machine::new(&[hello("1.0")]);
    let config = machine.client.path("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let text = text.replace("suites = ", "architectures = [\"amd64\", \"arm64\"]\nsuites = ");
    fs::write(&config, text).unwrap();
    let foreign = DebBuilder::new("hello", "1.0", "arm64");
    machine.archive.add(&[foreign]).ok();
    machine.archive.publish();
    machine.client.run(&["update"]).ok();
    let said = machine.cpkgs(&["install", "hello:arm64"]).exits(1).stderr;
    let hint = "packages of arm64 do not count here: after `dpkg --add-architecture arm64`";
    assert!(said.contains(hint), "{said}");
}

#[test]
fn the_preferences_of_apt_count_for_the_system() {
    let machine = Machine::new(&[
        DebBuilder::new("pinned", "1", "all"),
        DebBuilder::new("pinned", "2", "all"),
        DebBuilder::new("unwanted", "1", "all"),
    ]);
    let folder = machine.path("etc/apt/preferences.d");
    fs::create_dir_all(&folder).unwrap();
    fs::write(
        folder.join("old"),
        "Package: pinned\nPin: version 1\nPin-Priority: 900\n",
    )
    .unwrap();
    let never = "Package: /^unw.*d$/\nPin: release c=main\nPin-Priority: -1\n\n\
        Package: /(x/\nPin: version 1\nPin-Priority: 1\n";
    fs::write(machine.path("etc/apt/preferences"), never).unwrap();
    let said = machine.cpkgs(&["install", "pinned"]).ok().stderr;
    assert_eq!(machine.status(), ["pinned 1 install installed"]);
    assert!(
        said.contains("warning: the preferences for `/(x/` do not count: `(x` is not a regular expression"),
        "{said}"
    );
    machine.cpkgs(&["upgrade"]).ok();
    assert_eq!(machine.status(), ["pinned 1 install installed"]);
    machine.cpkgs(&["install", "unwanted"]).exits(1);
    // They are the system's: without root they count for nothing.
    machine.client.run(&["install", "--yes", "unwanted"]).ok();
}

#[test]
fn dpkg_and_apt_know_what_came_and_why() {
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "hello"]).ok();
    assert_eq!(
        machine.status(),
        ["hello 1.0 install installed", "libhello 1.0 install installed"]
    );
    assert_eq!(
        machine.automatic(),
        "Package: libhello\nArchitecture: amd64\nAuto-Installed: 1\n\n"
    );

    let needed = machine.cpkgs(&["autoremove"]).ok();
    assert_eq!(machine.status().len(), 2, "{}", needed.report());
    machine.cpkgs(&["remove", "hello"]).ok();
    machine.cpkgs(&["autoremove"]).ok();
    assert_eq!(machine.status(), Vec::<String>::new());
    assert_eq!(machine.automatic(), "");
}

#[test]
fn a_hold_of_dpkg_is_kept() {
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "hello"]).ok();
    let status = machine.path("var/lib/dpkg/status");
    let text = fs::read_to_string(&status).unwrap();
    let held = text.replacen("Status: install ok", "Status: hold ok", 1);
    fs::write(&status, held).unwrap();
    machine
        .archive
        .add(&[hello("2.0"), DebBuilder::new("libhello", "2.0", "amd64")]);
    machine.archive.publish();
    machine.client.run(&["update"]).ok();
    machine.cpkgs(&["upgrade"]).ok();
    assert_eq!(
        machine.status(),
        ["hello 1.0 hold installed", "libhello 2.0 install installed"]
    );
}

#[test]
fn what_is_pre_depended_on_is_configured_first() {
    let shell = DebBuilder::new("shell", "1.0", "amd64").field("Pre-Depends", "libhello");
    let machine = Machine::new(&[shell, DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "shell"]).ok();
    assert_eq!(machine.status().len(), 2);
}

/// Puts other words in the place of those that dpkg's status has of a package.
fn set_status(machine: &Machine, name: &str, words: &str) {
    let path = machine.path("var/lib/dpkg/status");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(&format!("Package: {name}\n")).unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    fs::write(
        &path,
        format!("{before}Package: {name}\nStatus: {words}\n{after}"),
    )
    .unwrap();
}

#[test]
fn what_was_cut_off_keeps_nothing_else_from_being_installed() {
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "libhello"]).ok();
    set_status(&machine, "libhello", "install ok half-configured");
    machine.cpkgs(&["install", "hello"]).ok();
    assert_eq!(
        machine.status(),
        ["hello 1.0 install installed", "libhello 1.0 install installed"]
    );
}

#[test]
fn what_was_not_configured_is_when_it_is_asked_for_again() {
    let machine = Machine::new(&[DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "libhello"]).ok();
    set_status(&machine, "libhello", "install ok unpacked");
    machine.cpkgs(&["install", "libhello"]).ok();
    assert_eq!(machine.status(), ["libhello 1.0 install installed"]);
}

#[test]
fn a_damaged_package_is_unpacked_again_by_repair_and_whatever_comes_next() {
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "libhello"]).ok();
    let library = "libhello 1.0 install installed";
    for next in [
        &["repair"][..],
        &["upgrade"],
        &["full-upgrade"],
        &["install", "hello"],
    ] {
        set_status(&machine, "libhello", "install reinstreq half-installed");
        machine.cpkgs(next).ok();
        assert!(machine.status().contains(&library.to_owned()), "{next:?}");
    }
    assert_eq!(machine.status(), ["hello 1.0 install installed", library]);
    let run = machine.cpkgs(&["repair"]).ok();
    assert!(run.stderr.contains("everything is in order"), "{}", run.report());
}

#[test]
fn a_damaged_package_that_no_source_has_is_named_and_can_be_removed() {
    let machine = Machine::new(&[hello("1.0")]);
    let own = DebBuilder::new("own", "1.0", "amd64").write_into(machine.client.folder());
    machine.cpkgs(&["install", &own.display().to_string()]).ok();
    set_status(&machine, "own", "install reinstreq half-installed");
    let run = machine.cpkgs(&["repair"]).exits(1);
    assert!(run.stderr.contains("`own` is half-installed"), "{}", run.report());
    assert!(run.stderr.contains("remove --system own"), "{}", run.report());
    machine.cpkgs(&["remove", "own"]).ok();
    assert_eq!(machine.status(), Vec::<String>::new());
}

#[test]
fn what_dpkg_wrote_beside_its_status_counts() {
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "libhello"]).ok();
    let status = machine.path("var/lib/dpkg/status");
    let text = fs::read_to_string(&status).unwrap();
    fs::write(machine.path("var/lib/dpkg/updates/0000"), text).unwrap();
    fs::write(&status, "").unwrap();
    let run = machine.cpkgs(&["install", "--dry-run", "hello"]).ok();
    assert!(run.stdout.contains("1 to install"), "{}", run.report());
}

/// A package whose configuring fails.
fn failing(version: &str) -> DebBuilder {
    DebBuilder::new("bad", version, "all").control_file("postinst", "#!/bin/sh\nexit 1\n")
}

#[test]
fn after_a_failed_script_a_mended_package_comes_a_broken_one_goes_and_others_come() {
    for way in ["mended", "removed", "other"] {
        let machine = Machine::new(&[failing("1"), DebBuilder::new("other", "1", "all")]);
        let run = machine.cpkgs(&["install", "bad"]).exits(1);
        assert!(
            run.stderr.contains("`bad` is half-configured"),
            "{}",
            run.report()
        );
        assert_eq!(machine.status(), ["bad 1 install half-configured"]);
        match way {
            "mended" => {
                let mended = DebBuilder::new("bad", "2", "all").write_into(machine.client.folder());
                machine.cpkgs(&["install", &mended.display().to_string()]).ok();
                assert_eq!(machine.status(), ["bad 2 install installed"]);
            }
            "removed" => {
                machine.cpkgs(&["remove", "bad"]).ok();
                assert_eq!(machine.status(), Vec::<String>::new());
            }
            _ => {
                // As from apt-get: dpkg reported an error.
                let run = machine.cpkgs(&["install", "other"]).exits(1);
                assert!(
                    run.stderr.contains("`bad` is half-configured"),
                    "{}",
                    run.report()
                );
                assert_eq!(
                    machine.status(),
                    ["bad 1 install half-configured", "other 1 install installed"]
                );
            }
        }
    }
}

#[test]
fn what_dpkg_has_counts_and_not_what_an_index_says_of_the_same_version() {
    let machine = Machine::new(&[
        DebBuilder::new("aa", "1.0", "amd64").depends("nobody"),
        DebBuilder::new("cc", "1.0", "amd64"),
        DebBuilder::new("zz", "1.0", "amd64"),
    ]);
    let folder = machine.client.folder();
    let own = DebBuilder::new("aa", "1.0", "amd64")
        .depends("cc")
        .write_into(folder);
    machine.cpkgs(&["install", &own.display().to_string()]).ok();
    for arguments in [&["upgrade"][..], &["autoremove"], &["install", "zz"]] {
        machine.cpkgs(arguments).ok();
        let status = machine.status();
        assert!(
            status.contains(&"aa 1.0 install installed".to_owned())
                && status.contains(&"cc 1.0 install installed".to_owned()),
            "{arguments:?}: {status:?}"
        );
    }
}

/// Makes dpkg take packages of i386, too.
fn enable_i386(machine: &Machine) {
    let root = format!("--root={}", machine.root.path().display());
    Run::of(Command::new("dpkg").args([&root, "--add-architecture", "i386"])).ok();
}

/// Both halves of a pair, in one version.
fn pair(version: &str) -> [DebBuilder; 2] {
    ["amd64", "i386"]
        .map(|architecture| DebBuilder::new("liba", version, architecture).field("Multi-Arch", "same"))
}

impl Machine {
    /// Puts a shell into the root, which scripts of packages run in.
    fn give_shell(&self) {
        self.give("/bin/sh");
    }

    /// Puts a program of this machine into the root, with its libraries.
    fn give(&self, program: &str) {
        let listed = Run::of(Command::new("ldd").arg(program)).ok();
        let words = listed.stdout.split_whitespace();
        for path in words.filter(|word| word.starts_with('/')).chain([program]) {
            let place = self.path(path.trim_start_matches('/'));
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::copy(path, place).unwrap();
        }
    }

    /// Installs files, named by their paths.
    fn install_files(&self, packages: &[DebBuilder]) {
        let folder = self.client.folder();
        let paths = packages.iter().map(|package| package.write_into(folder));
        let paths: Vec<String> = paths.map(|path| path.display().to_string()).collect();
        let mut arguments = vec!["install"];
        arguments.extend(paths.iter().map(String::as_str));
        self.cpkgs(&arguments).ok();
    }
}

#[test]
fn half_a_pair_is_not_upgraded_and_one_half_can_be_removed() {
    let [native, _] = pair("2");
    let machine = Machine::new(&[native]);
    enable_i386(&machine);
    machine.install_files(&pair("1"));
    machine.cpkgs(&["upgrade"]).ok();
    let one = "liba 1 install installed";
    assert_eq!(machine.status(), [one, one]);
    machine.cpkgs(&["remove", "liba:i386"]).ok();
    assert_eq!(machine.status(), [one]);
    machine.cpkgs(&["upgrade", "liba:amd64"]).ok();
    assert_eq!(machine.status(), ["liba 2 install installed"]);
}

#[test]
fn an_installed_package_of_an_architecture_that_is_not_enabled_any_more_counts() {
    let breaks = DebBuilder::new("breaker", "1", "amd64").field("Breaks", "app");
    let machine = Machine::new(&[breaks]);
    enable_i386(&machine);
    machine.install_files(&[DebBuilder::new("app", "1", "i386")]);
    fs::write(machine.path("var/lib/dpkg/arch"), "amd64\n").unwrap();
    machine.cpkgs(&["install", "breaker"]).ok();
    assert_eq!(machine.status(), ["breaker 1 install installed"]);
}

#[test]
fn what_breaks_an_old_version_is_unpacked_after_the_new_one() {
    let breaker = DebBuilder::new("abreaker", "1", "all").field("Breaks", "liba (<< 2), plain (<< 2)");
    let machine = Machine::new(&[breaker]);
    enable_i386(&machine);
    let [native, foreign] = pair("1");
    machine.install_files(&[native, foreign, DebBuilder::new("plain", "1", "amd64")]);
    let [native, foreign] = pair("2");
    let folder = machine.client.folder();
    let new = [native, foreign, DebBuilder::new("plain", "2", "amd64")];
    let new = new.map(|package| package.write_into(folder).display().to_string());
    let mut arguments = vec!["install", "abreaker"];
    arguments.extend(new.iter().map(String::as_str));
    let run = machine.cpkgs(&arguments).ok();
    assert!(!run.stderr.contains("would break"), "{}", run.report());
    assert!(!run.stderr.contains("deconfigur"), "{}", run.report());
    assert!(
        machine
            .status()
            .iter()
            .all(|line| line.ends_with("install installed"))
    );
}

#[test]
fn what_is_needed_goes_after_what_takes_its_place_and_dpkg_is_not_forced() {
    let user = DebBuilder::new("user", "1", "all").depends("awk");
    let old = DebBuilder::new("mawk", "1", "all").field("Provides", "awk");
    let new = DebBuilder::new("gawk", "1", "all").field("Provides", "awk");
    let machine = Machine::new(&[user, old, new]);
    machine.cpkgs(&["install", "mawk", "user"]).ok();
    let run = machine.cpkgs(&["remove", "mawk"]).ok();
    assert!(!run.stderr.contains("dependency problems"), "{}", run.report());
    assert_eq!(
        machine.status(),
        ["gawk 1 install installed", "user 1 install installed"]
    );
}

#[test]
fn what_is_needed_gives_way_to_what_it_cannot_be_beside() {
    let mailer = |name: &str| {
        DebBuilder::new(name, "1", "all")
            .field("Provides", "mta")
            .field("Conflicts", "mta")
    };
    let user = DebBuilder::new("user", "1", "all").depends("mta");
    let machine = Machine::new(&[user, mailer("exim"), mailer("postfix")]);
    machine.cpkgs(&["install", "exim", "user"]).ok();
    machine.cpkgs(&["install", "postfix"]).ok();
    assert_eq!(
        machine.status(),
        ["postfix 1 install installed", "user 1 install installed"]
    );
}

#[test]
fn purge_takes_configuration_files_too_also_of_what_was_removed_before() {
    let tool = DebBuilder::new("tool", "1", "all")
        .file("./etc/tool.conf", "a = 1\n")
        .control_file("conffiles", "/etc/tool.conf\n");
    let machine = Machine::new(&[tool]);
    for steps in [&["purge"][..], &["remove", "purge"]] {
        machine.cpkgs(&["install", "tool"]).ok();
        for step in steps {
            machine.cpkgs(&[step, "tool"]).ok();
        }
        assert_eq!(machine.status(), Vec::<String>::new(), "{steps:?}");
        assert!(!machine.path("etc/tool.conf").exists(), "{steps:?}");
    }
    machine.cpkgs(&["purge", "tool"]).exits(1);
}

#[test]
fn what_is_named_is_marked_as_asked_for_in_any_order() {
    for names in [["hello", "libhello"], ["libhello", "hello"]] {
        let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
        machine.cpkgs(&["install", names[0], names[1]]).ok();
        assert_eq!(machine.automatic(), "", "{names:?}");
    }
}

#[test]
fn an_interruption_waits_until_dpkg_is_done() {
    // It waits at the pipe until the test writes there.
    let slow = "#!/bin/sh\nread line < /pipe\n";
    let machine = Machine::new(&[DebBuilder::new("slow", "1", "all").control_file("preinst", slow)]);
    machine.give_shell();
    Run::of(Command::new("mkfifo").arg(machine.path("pipe"))).ok();
    let root = machine.root.path().display().to_string();
    let child = machine
        .client
        .command(&["install", "--yes", "--system", "--dpkg-root", &root, "slow"])
        .process_group(0)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Opened when the script reads: dpkg is in the middle of it.
    let mut pipe = fs::OpenOptions::new()
        .write(true)
        .open(machine.path("pipe"))
        .unwrap();
    // As a terminal does: to all of them.
    let group = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process_group(group, rustix::process::Signal::INT).unwrap();
    pipe.write_all(b"go\n").unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("all of the plan was done"), "{said}");
    assert_eq!(machine.status(), ["slow 1 install installed"]);
    let history = machine.cpkgs(&["history"]).ok();
    assert!(!history.stdout.contains("(failed)"), "{}", history.report());
}
