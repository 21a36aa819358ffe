//! What apt's users find as after apt: its log, and what its configuration has called around dpkg.

use std::fs;

use archive_tests::DebBuilder;

use super::{Machine, hello};

const HOOKS: &str = r#"
DPkg::Pre-Invoke { "echo begin >>/log"; };
DPkg::Pre-Invoke::named "echo named $DPKG_FRONTEND_LOCKED >>/log";
DPkg::Pre-Invoke::hello::deeper "echo deeper >>/log";
DPkg::Pre-Install-Pkgs { "while read -r line; do echo 1 $line >>/log; done"; };
DPkg::Pre-Install-Pkgs { "/bin/sh -c 'while read -r line; do echo 3 $line >>/log; done <&9'"; };
DPkg::Tools::Options::/bin/sh { Version "3"; InfoFD "9"; };
DPkg::Post-Invoke { "echo end >>/log"; };
Setting::hello "a b=100%";
"#;

impl Machine {
    fn with_hooks(hooks: &str) -> Self {
        let packages = [hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")];
        Self::configured(&packages, hooks)
    }

    /// A machine whose apt is configured so.
    fn configured(packages: &[DebBuilder], configuration: &str) -> Self {
        let machine = Self::new(packages);
        machine.give_shell();
        machine.give("/usr/bin/apt-config");
        // Without dpkg, apt does not know what kind of system it is on.
        machine.give("/usr/bin/dpkg");
        let tables = machine.path("usr/share/dpkg");
        fs::create_dir_all(&tables).unwrap();
        for table in ["cputable", "ostable", "tupletable", "abitable"] {
            fs::copy(format!("/usr/share/dpkg/{table}"), tables.join(table)).unwrap();
        }
        let folder = machine.path("etc/apt/apt.conf.d");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("50own"), configuration).unwrap();
        machine
    }
}

#[test]
fn what_apts_configuration_has_called_is_called() {
    let machine = Machine::with_hooks(HOOKS);
    machine.cpkgs(&["install", "hello"]).ok();
    machine.cpkgs(&["remove", "hello"]).ok();
    let log = fs::read_to_string(machine.path("log")).unwrap();
    // Where the files are has a name of its own each time, and the third form begins with all of apt's configuration.
    let lines = log
        .lines()
        .filter(|line| !line.starts_with('3') || line.contains("hello"));
    let lines: Vec<String> = lines
        .map(|line| match (line.find("/var/cache/cpkgs/"), line.rfind('/')) {
            (Some(start), Some(end)) => line[..start].to_owned() + &line[end + 1..],
            _ => line.to_owned(),
        })
        .collect();
    assert_eq!(
        lines,
        [
            "begin",
            "named true",
            "1 libhello_1.0_amd64.deb",
            "1 hello_1.0_amd64.deb",
            "3 DPkg::Pre-Invoke::hello::deeper=echo%20deeper%20>>/log",
            "3 Setting::hello=a%20b=100%25",
            "3 libhello - - none < 1.0 amd64 none libhello_1.0_amd64.deb",
            "3 libhello - - none < 1.0 amd64 none **CONFIGURE**",
            "3 hello - - none < 1.0 amd64 none hello_1.0_amd64.deb",
            "3 hello - - none < 1.0 amd64 none **CONFIGURE**",
            "end",
            "begin",
            "named true",
            "3 DPkg::Pre-Invoke::hello::deeper=echo%20deeper%20>>/log",
            "3 Setting::hello=a%20b=100%25",
            "3 hello 1.0 amd64 none > - - none **REMOVE**",
            "end",
        ],
        "{log}"
    );
}

#[test]
fn what_is_recommended_comes_where_apt_would_bring_it_unless_an_option_says_otherwise() {
    let packages = [
        DebBuilder::new("hello", "1.0", "all").field("Recommends", "extra"),
        DebBuilder::new("extra", "1.0", "all"),
    ];
    let machine = Machine::configured(&packages, "APT::Install-Recommends \"false\";\n");
    let planned = |options: &[&str]| {
        let run = machine.cpkgs(&[&["install", "--dry-run", "--json", "hello"], options].concat());
        run.ok().stdout.contains("extra")
    };
    assert!(!planned(&[]));
    assert!(planned(&["--install-recommends"]));
    assert!(planned(&["--no-recommends", "--recommends"]));
    let machine = Machine::configured(&packages, "");
    let run = machine.cpkgs(&["install", "--dry-run", "--json", "hello"]).ok();
    assert!(run.stdout.contains("extra"), "{}", run.report());
}

#[test]
fn the_release_that_apt_prefers_is_preferred_unless_another_is_named() {
    let machine = Machine::configured(&[hello("1.0")], "APT::Default-Release \"absent\";\n");
    let policy = |options: &[&str]| machine.cpkgs(&[&["policy", "hello"], options].concat()).ok();
    let run = policy(&[]);
    let said = "`APT::Default-Release` of apt's configuration is ignored: no source has a suite `absent`";
    assert_eq!(run.stderr.matches(said).count(), 1, "{}", run.report());
    assert!(run.stdout.contains(" 500 "), "{}", run.report());
    let setting = machine.path("etc/apt/apt.conf.d/50own");
    fs::write(setting, "APT::Default-Release \"stable\";\n").unwrap();
    let run = policy(&[]);
    assert!(run.stdout.contains(" 990 "), "{}", run.report());
    assert!(run.stderr.is_empty(), "{}", run.report());
}

#[test]
fn nothing_is_changed_when_what_is_called_before_fails() {
    let machine = Machine::with_hooks("DPkg::Pre-Install-Pkgs { \"exit 7\"; };\n");
    let run = machine.cpkgs(&["install", "hello"]).exits(1);
    assert!(
        run.stderr
            .contains("`exit 7` failed, which apt's configuration runs around dpkg"),
        "{}",
        run.report()
    );
    assert_eq!(machine.status(), Vec::<String>::new());
}

#[test]
fn apts_log_says_what_was_changed() {
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
    machine.cpkgs(&["install", "hello"]).ok();
    machine
        .archive
        .add(&[DebBuilder::new("libhello", "2.0", "amd64")]);
    machine.archive.publish();
    machine.client.run(&["update"]).ok();
    machine.cpkgs(&["upgrade"]).ok();
    machine.cpkgs(&["purge", "hello"]).ok();
    let log = fs::read_to_string(machine.path("var/log/apt/history.log")).unwrap();
    let lines = log
        .lines()
        .filter(|line| !line.is_empty() && !line.contains("-Date: "));
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("Commandline: ")).collect();
    assert_eq!(
        lines,
        [
            "Install: libhello:amd64 (1.0, automatic), hello:amd64 (1.0)",
            "Upgrade: libhello:amd64 (1.0, 2.0)",
            "Purge: hello:amd64 (1.0)",
        ]
    );
    for field in ["Start-Date: ", "End-Date: ", "Commandline: "] {
        assert_eq!(
            log.lines().filter(|line| line.starts_with(field)).count(),
            3,
            "{log}"
        );
    }
}
