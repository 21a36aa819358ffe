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
        let machine = Self::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64")]);
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
        fs::write(folder.join("50hooks"), hooks).unwrap();
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
