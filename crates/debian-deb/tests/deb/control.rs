//! Control files, right and wrong ones, against what dpkg and apt make of them.
//!
//! `dpkg-deb --field` prints nearly anything. What decides is whether dpkg would unpack the package, and whether apt
//! still reads an index that has its stanza.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;
use debian_deb::build::{assemble, compress};
use debian_deb::compression::Compression;

use crate::raw::{Block, data_xz, tar};

/// Control files that dpkg unpacks and that are taken, as what follows three plain fields.
const TAKEN: &[&str] = &[
    "",
    "Section: a b",
    "Priority: weird",
    "Multi-Arch: Foreign",
    "Essential: YES",
    "Source: greet (1:2-3)",
    "Installed-Size: 012",
    "Installed-Size: 1.5",
    "Installed-Size: 1,000 kB",
    "Installed-Size: -1",
    "Installed-Size: 99999999999999999999",
    "Conffiles:\n /etc/a 00000000000000000000000000000000",
    "Filename: elsewhere.deb",
    "Size: 1",
    "SHA256: x",
    "Phased-Update-Percentage: 10",
    "Description-md5: x",
    "X_A: b",
    "!A: b",
    "X-A:b",
    "X-A:\nX-B: c",
    "X-A: Gro\u{c3}\u{9f}",
    "Maintainer:\nX-B: c",
    "Depends:\nX-B: c",
    "Depends: aa",
    "Depends: a, A_b.c+d-e (<< 1~) | f:any (>= 2:1-1)",
    "Depends: a (< 1), b (> 1), c (1), d",
    "Depends: a(=1),b(>=1)",
    "Depends: a\n (= 1),\n\tb ( = 1 )",
    "Depends: a:amd64",
    "Recommends: a | b",
    "Enhances: a | b",
    "Provides: a (= 1), b",
    "Provides: a:any",
    "Built-Using: a (>= 1), foo (bar",
    "Description: short\n long\n .\n  verbatim",
    "\n\n",
];

/// Control files that dpkg refuses.
const REFUSED_BY_DPKG: &[&str] = &[
    "X-A:",
    "A: b",
    "-A: b",
    "# comment",
    "no colon",
    ": b",
    "X-A: b\nx-a: c",
    "Section: b\nsection: c",
    "X-A: b\n \n c",
    "X-A: b\n\t",
    "X-A: b\n\nX-B: c",
    "Multi-Arch: maybe",
    "Essential: maybe",
    "Protected: maybe",
    "Status: install ok installed",
    "Config-Version: 1",
    "Triggers-Pending: a",
    "Depends: a,",
    "Depends: ,a",
    "Depends: a,,b",
    "Depends: a |",
    "Depends: a b",
    "Depends: a [amd64]",
    "Depends: a <!nocheck>",
    "Depends: a[amd64]",
    "Depends: a (=> 1)",
    "Depends: a (== 1)",
    "Depends: a ()",
    "Depends: a (= )",
    "Depends: a (= 1",
    "Depends: foo (bar",
    "Depends: a (= 1 2)",
    "Depends: a (= 1:)",
    "Depends: a (= 1) b",
    "Depends: a (= 2147483648:1)",
    "Depends: a:",
    "Depends: a:a_b",
    "Depends: -a",
    "Depends: a/b",
    "Depends: ${misc:Depends}",
    "Depends:\n a",
    "Recommends: foo (bar",
    "Conflicts: a | b",
    "Breaks: a | b",
    "Replaces: a | b",
    "Provides: a | b",
    "Provides: a [amd64]",
];

/// Control files that dpkg unpacks, and that apt reads no index with.
const REFUSED_BY_APT: &[&str] = &[
    "Provides:\nX-B: c",
    "Provides: a (=1)",
    "Provides: a (1)",
    "Depends: a (=1)",
    "Depends: b, a (12)\nX-B: c",
];

fn control(lines: &str) -> String {
    let end = if lines.is_empty() { "" } else { "\n" };
    format!("Package: hello\nVersion: 1.0\nArchitecture: all\n{lines}{end}")
}

fn ours(control: &str) -> Result<BinaryPackage, String> {
    BinaryPackage::parse(control.as_bytes(), &Limits::default()).map_err(|error| error.to_string())
}

/// Returns a package with this control file.
pub(crate) fn package_with(control: &str) -> Vec<u8> {
    let control_tar = tar(&[Block::file("./control", control.as_bytes())]);
    assemble(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", &compress(Compression::Gzip, &control_tar)),
        ("data.tar.xz", &data_xz()),
    ])
}

/// Asks dpkg whether it would unpack a package with this control file.
fn dpkg_unpacks(control: &str) -> bool {
    let root = tempfile::tempdir().unwrap();
    let database = root.path().join("var/lib/dpkg");
    fs::create_dir_all(database.join("info")).unwrap();
    fs::create_dir_all(database.join("updates")).unwrap();
    fs::write(database.join("status"), "").unwrap();
    let path = root.path().join("package.deb");
    fs::write(&path, package_with(control)).unwrap();
    let output = Command::new("dpkg")
        .arg(format!("--root={}", root.path().display()))
        .args(["--force-all", "--dry-run", "--unpack"])
        .arg(path)
        .env("LC_ALL", "C")
        .output()
        .expect("dpkg runs");
    output.status.success()
}

/// Has apt read an index with these stanzas. Returns what it complains of.
fn apt_complaints(stanzas: &str) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    let within = |path: &str| root.path().join(path);
    for folder in [
        "archive",
        "etc/apt",
        "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial",
    ] {
        fs::create_dir_all(within(folder)).unwrap();
    }
    fs::write(within("status"), "").unwrap();
    fs::write(within("apt.conf"), "").unwrap();
    fs::write(within("archive/Packages"), stanzas).unwrap();
    let source = format!("deb [trusted=yes] file:{} ./\n", within("archive").display());
    fs::write(within("etc/apt/sources.list"), source).unwrap();
    let output = apt_update(root.path());
    let text = [output.stdout, output.stderr].concat();
    let lines = String::from_utf8_lossy(&text)
        .lines()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    assert!(
        lines.iter().any(|line| line.starts_with("Reading package lists")),
        "{lines:?}"
    );
    lines
        .into_iter()
        .filter(|line| line.starts_with("E: ") || line.starts_with("W: "))
        .collect()
}

fn apt_update(root: &Path) -> Output {
    let option = |name: &str, value: &str| ["-o".to_owned(), format!("{name}={value}")];
    let status = root.join("status");
    Command::new("apt-get")
        .args(option("Dir", &root.display().to_string()))
        .args(option("Dir::State::status", &status.display().to_string()))
        .args(option("Acquire::Languages", "none"))
        .args(option("APT::Architectures", "amd64"))
        .args(option("APT::Architecture", "amd64"))
        .args(option("APT::Sandbox::User", ""))
        .args(["--quiet", "update"])
        .env("LC_ALL", "C")
        .env("APT_CONFIG", root.join("apt.conf"))
        .output()
        .expect("apt-get runs")
}

#[test]
fn what_is_taken_is_what_dpkg_unpacks() {
    for lines in TAKEN {
        let control = control(lines);
        assert!(dpkg_unpacks(&control), "dpkg refuses {lines:?}");
        ours(&control).unwrap_or_else(|error| panic!("{lines:?}: {error}"));
    }
    let windows = control("X-A: b\n c").replace('\n', "\r\n");
    assert!(dpkg_unpacks(&windows) && ours(&windows).is_ok());
}

#[test]
fn what_dpkg_refuses_is_refused() {
    for lines in REFUSED_BY_DPKG {
        let control = control(lines);
        assert!(!dpkg_unpacks(&control), "dpkg takes {lines:?}");
        assert!(ours(&control).is_err(), "{lines:?} is taken");
    }
    for control in [
        "",
        "\n",
        control("X-A: b").trim_end(),
        &format!(" \n{}", control("")),
    ] {
        assert!(!dpkg_unpacks(control), "dpkg takes {control:?}");
        assert!(ours(control).is_err(), "{control:?} is taken");
    }
}

#[test]
fn what_apt_reads_no_index_with_is_refused() {
    for lines in REFUSED_BY_APT {
        let control = control(lines);
        assert!(dpkg_unpacks(&control), "dpkg refuses {lines:?}");
        let complaints = apt_complaints(&format!("{control}Filename: a.deb\nSize: 1\n"));
        assert!(
            complaints.iter().any(|line| line.starts_with("E: ")),
            "apt takes {lines:?}: {complaints:?}"
        );
        assert!(ours(&control).is_err(), "{lines:?} is taken");
    }
}

#[test]
fn apt_reads_an_index_of_everything_that_is_taken() {
    let mut index = String::new();
    for (at, lines) in TAKEN.iter().enumerate() {
        // The only one that apt remarks on, and reads.
        if lines.contains("Foreign") {
            continue;
        }
        let package = ours(&control(lines)).unwrap();
        let control = package
            .control()
            .replacen("Package: hello", &format!("Package: hello-{at}"), 1);
        index.push_str(&format!("{control}Filename: {at}.deb\nSize: 1\n\n"));
    }
    assert_eq!(apt_complaints(&index), Vec::<String>::new());
}
