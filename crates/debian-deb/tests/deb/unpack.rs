//! Odd packages, and what `dpkg --install` makes of them on an empty root: what it refuses is refused here, and what it
//! takes is taken, but for what is marked as stricter.

use std::fs;
use std::process::Command;

use debian_control::limits::Limits;
use debian_deb::Data;
use debian_deb::build::assemble;

use crate::raw::{Block, control_text, tar};

/// What is to come of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Taken when dpkg takes it.
    AsDpkg,
    /// Refused although this dpkg takes it: other readers make something else of it.
    Stricter,
}
use Rule::{AsDpkg, Stricter};

fn package(control: &[Block], data: &[Block]) -> Vec<u8> {
    assemble(&[
        ("debian-binary", b"2.0\n"),
        ("control.tar", &tar(control)),
        ("data.tar", &tar(data)),
    ])
}

/// Whether the real dpkg unpacks and configures a package on a root of its own.
fn dpkg_takes(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    for name in ["info", "updates", "triggers"] {
        fs::create_dir_all(root.join("var/lib/dpkg").join(name)).unwrap();
    }
    for name in ["status", "available"] {
        fs::write(root.join("var/lib/dpkg").join(name), "").unwrap();
    }
    let file = folder.path().join("package.deb");
    fs::write(&file, bytes).unwrap();
    let force = "--force-not-root,script-chrootless,architecture,depends,bad-path";
    let output = Command::new("dpkg")
        .arg(format!("--root={}", root.display()))
        .args([force, "--log=/dev/null", "--install"])
        .arg(&file)
        .env("LC_ALL", "C")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("dpkg runs");
    output.status.success()
}

/// Holds our verdict against dpkg's, for every case; says all that differ.
fn compare(cases: Vec<(String, Rule, Vec<u8>)>) {
    let mut wrong = Vec::new();
    let (mut taken, mut refused) = (0, 0);
    for (name, rule, bytes) in cases {
        let ours = debian_deb::read(&bytes[..], &Limits::default(), Data::List);
        let theirs = dpkg_takes(&bytes);
        let right = match rule {
            AsDpkg => ours.is_ok() == theirs,
            Stricter => ours.is_err() && theirs,
        };
        taken += usize::from(ours.is_ok());
        refused += usize::from(ours.is_err());
        if !right {
            let ours = ours.map_or_else(|error| error.to_string(), |_| "taken".to_owned());
            wrong.push(format!("{name}: dpkg takes it: {theirs}; here: {ours}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(taken > 0 && refused > 0);
}

fn root() -> Block {
    Block::directory("./")
}

fn control_with(name: &str, text: &[u8]) -> Vec<u8> {
    package(
        &[Block::control(), Block::file(name, text)],
        &[root(), Block::directory("./etc/"), Block::file("./etc/a", b"x")],
    )
}

fn texts(file: &str, cases: &[(&[u8], Rule)]) -> Vec<(String, Rule, Vec<u8>)> {
    let case = |(text, rule): &(&[u8], Rule)| {
        (
            format!("{file} {}", text.escape_ascii()),
            *rule,
            control_with(file, text),
        )
    };
    cases.iter().map(case).collect()
}

#[test]
fn conffiles_are_those_that_dpkg_reads() {
    let line = |length: usize| [b"/", &vec![b'/'; length - 2][..], b"a\n"].concat();
    let name = |length: usize| [b"/", &vec![b'n'; length][..], b"\n"].concat();
    compare(texts(
        "./conffiles",
        &[
            (b"", AsDpkg),
            (b"/etc/a\n", AsDpkg),
            (b"/etc/a", AsDpkg),
            (b"etc/a\n", AsDpkg),
            (b"./etc/a\n", AsDpkg),
            (b"bogus /etc/a\n", AsDpkg),
            (b"# comment\n", AsDpkg),
            (b"\n/etc/a\n  \n\x0c\n", AsDpkg),
            (b"/etc/a \t\x0b\n", AsDpkg),
            (b"/etc/a\r\n", AsDpkg),
            (b" /etc/a\n", AsDpkg),
            (b"\t/etc/a\n", AsDpkg),
            (b"/etc/a\n/etc/a\n//etc/a\n", AsDpkg),
            (b"/etc/absent\n", AsDpkg),
            (b"/etc/a b\n", AsDpkg),
            (b"/etc/\xe9\n", AsDpkg),
            (b"/etc/../etc/a\n/etc/./a\n/etc//a\n", AsDpkg),
            (b"/etc\n", AsDpkg),
            (b"/./etc\n", AsDpkg),
            (b"/etc/a/\n", AsDpkg),
            (b"/etc/a/b\n", AsDpkg),
            (b"/.\n", AsDpkg),
            (b"/\n", Stricter),
            (b"/etc/\n", Stricter),
            (b"/etc/a\0b\n", AsDpkg),
            (b"\0/etc/a\n", AsDpkg),
            (b"remove-on-upgrade /etc/old\n", AsDpkg),
            (b"remove-on-upgrade /etc/a\n", AsDpkg),
            (b"remove-on-upgrade /etc\n", AsDpkg),
            (b"/etc/a\nremove-on-upgrade /etc/a\n", AsDpkg),
            (b"remove-on-upgrade\t/etc/old\n", AsDpkg),
            (b"remove-on-upgrade  /etc/old\n", AsDpkg),
            (b"remove-on-upgrade etc/old\n", AsDpkg),
            (b"remove-on-upgrade\n", AsDpkg),
            (b"remove-on-upgrade \n", AsDpkg),
            (b"remove-on-upgrade remove-on-upgrade /etc/old\n", AsDpkg),
            (&line(996), AsDpkg),
            (&line(997), AsDpkg),
            (&name(246), AsDpkg),
            (&name(247), AsDpkg),
        ],
    ));
}

#[test]
fn triggers_are_those_that_dpkg_reads() {
    let name = |length: usize| [b"interest ", &vec![b'a'; length][..], b"\n"].concat();
    compare(texts(
        "./triggers",
        &[
            (b"", AsDpkg),
            (b"# comment\n\n  \n   # more\n", AsDpkg),
            (b"interest foo\n", AsDpkg),
            (b"interest foo", AsDpkg),
            (b"  interest\tfoo  \n", AsDpkg),
            (b"interest foo\ninterest-noawait foo\nactivate foo\n", AsDpkg),
            (
                b"interest-await foo\nactivate-await x\nactivate-noawait y\n",
                AsDpkg,
            ),
            (b"Interest foo\n", AsDpkg),
            (b"frobnicate ldconfig\n", AsDpkg),
            (b"activate-wait x\n", AsDpkg),
            (b"activate ldconfig\r\n", AsDpkg),
            (b"interest foo # comment\n", AsDpkg),
            (b"interest\n", AsDpkg),
            (b"interest \n", AsDpkg),
            (b"interest\x0bfoo\n", AsDpkg),
            (b"interest foo bar\n", AsDpkg),
            (b"interest f\xc3\xa9\n", AsDpkg),
            (b"interest /\xe9\n", AsDpkg),
            (b"interest Foo\n", AsDpkg),
            (b"interest f\n", AsDpkg),
            (b"interest f_o\n", AsDpkg),
            (b"interest -f\n", AsDpkg),
            (b"interest foo:amd64\n", AsDpkg),
            (b"interest foo/bar\n", AsDpkg),
            (b"interest /usr/x\ninterest /usr/./x\n", AsDpkg),
            (b"interest /usr/x/\n", AsDpkg),
            (b"interest /usr//x\n", AsDpkg),
            (b"interest /\n", AsDpkg),
            (b"activate /usr/x/\nactivate f_o\nactivate ~x\n", AsDpkg),
            (b"interest f\0o\n", AsDpkg),
            (b"\0interest foo\n", AsDpkg),
            (&name(245), AsDpkg),
            (&name(246), AsDpkg),
        ],
    ));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn control_files_are_those_that_dpkg_reads() {
    let long = |length: usize| {
        let name = format!("./{}", "n".repeat(length));
        package(
            &[Block::control(), Block::long(b'L', &name), Block::file("x", b"")],
            &[root()],
        )
    };
    let control = |lines: &str| {
        let text = [control_text(), lines.as_bytes().to_vec()].concat();
        package(&[Block::file("./control", &text)], &[root()])
    };
    let all = String::from_utf8(control_text())
        .unwrap()
        .replace("Architecture: amd64", "Architecture: all");
    let of_all = |line: &str| {
        package(
            &[Block::file("./control", format!("{all}{line}").as_bytes())],
            &[root()],
        )
    };
    let named = |name: &str| package(&[Block::file(name, &control_text())], &[root()]);
    let mut cases = vec![
        ("name of 100".to_owned(), AsDpkg, long(100)),
        ("name of 101".to_owned(), AsDpkg, long(101)),
    ];
    for (name, rule) in [
        ("control", AsDpkg),
        ("/control", Stricter),
        (".//control", Stricter),
    ] {
        cases.push((name.to_owned(), rule, named(name)));
    }
    for value in ["same", "SAME", "foreign", "allowed", "no"] {
        cases.push((
            format!("all, {value}"),
            AsDpkg,
            of_all(&format!("Multi-Arch: {value}\n")),
        ));
        cases.push((
            format!("amd64, {value}"),
            AsDpkg,
            control(&format!("Multi-Arch: {value}\n")),
        ));
    }
    for lines in [
        "Conffiles:\n /etc/a 0123456789abcdef0123456789abcdef\n",
        "Conffiles:\n /etc/a 0123456789abcdef0123456789abcdef obsolete\n",
        "Conffiles: x\n",
        "Conffiles:\n etc\n",
        "Filename: a\nSize: 1\n",
        "Filename: a\nSize: 1 2\n",
        "Filename: a\nMD5sum: 1 2\n",
        "Filename:\nX-A: b\n",
    ] {
        cases.push((lines.to_owned(), AsDpkg, control(lines)));
    }
    for architecture in [
        "musl-linux-amd64",
        "uclibc-linux-armel",
        "kfreebsd-amd64",
        "x32",
        "newarch",
    ] {
        let text = all.replace("Architecture: all", &format!("Architecture: {architecture}"));
        cases.push((
            architecture.to_owned(),
            AsDpkg,
            package(&[Block::file("./control", text.as_bytes())], &[root()]),
        ));
    }
    compare(cases);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn files_are_those_that_dpkg_unpacks() {
    let d = Block::directory;
    let f = |name: &str| Block::file(name, b"x");
    let s = |name: &str, target: &str| Block::link(name, b'2', target);
    let h = |name: &str, target: &str| Block::link(name, b'1', target);
    let long = |name: usize| {
        vec![
            Block::long(b'L', &format!("./{}", "n".repeat(name))),
            Block::file("x", b""),
        ]
    };
    let long_target = |length: usize| vec![Block::long(b'K', &"t".repeat(length)), s("./a", "t")];
    let pipe = |name: &str| Block::new(name, b'6', b"");
    let cases: Vec<(&str, Rule, Vec<Block>)> = vec![
        ("nothing", AsDpkg, vec![]),
        ("no entry for the root", AsDpkg, vec![d("./usr/"), f("./usr/a")]),
        ("absolute names", AsDpkg, vec![d("/"), d("/usr/"), f("/usr/a")]),
        ("bare names", AsDpkg, vec![d("usr/"), f("usr/a")]),
        ("a file of the root", AsDpkg, vec![f("./a")]),
        ("no folders", AsDpkg, vec![f("./usr/bin/a")]),
        ("a folder after its file", AsDpkg, vec![f("./usr/a"), d("./usr/")]),
        ("a folder without its folder", AsDpkg, vec![d("./usr/bin/")]),
        ("a link without its folder", AsDpkg, vec![s("./usr/bin", "x")]),
        ("doubled slash", AsDpkg, vec![d("./u/"), f("./u//a")]),
        (
            "doubled slash, then not",
            AsDpkg,
            vec![d("./u/"), f("./u//a"), f("./u/a")],
        ),
        (
            "hard link",
            AsDpkg,
            vec![f("./a"), h("./b", "./a"), h("./c", "b")],
        ),
        ("hard link first", AsDpkg, vec![h("./b", "./a"), f("./a")]),
        ("hard link to nothing", AsDpkg, vec![h("./b", "./a")]),
        ("hard link to the system", AsDpkg, vec![h("./b", "/etc/passwd")]),
        ("absolute hard link", Stricter, vec![f("./a"), h("./b", "/a")]),
        ("hard link to a folder", AsDpkg, vec![d("./a/"), h("./b", "./a")]),
        ("hard link to itself", AsDpkg, vec![f("./b"), h("./b", "./b")]),
        (
            "hard link to a link",
            AsDpkg,
            vec![f("./a"), s("./l", "a"), h("./b", "./l")],
        ),
        (
            "hard link in no folder",
            AsDpkg,
            vec![f("./a"), h("./u/b", "./a")],
        ),
        (
            "hard link by another spelling",
            AsDpkg,
            vec![d("./u/"), f("./u/a"), h("./b", "./u//a")],
        ),
        (
            "hard link through a link",
            AsDpkg,
            vec![d("./u/"), f("./u/a"), s("./l", "u"), h("./b", "./l/a")],
        ),
        ("hard link to a pipe", AsDpkg, vec![pipe("./p"), h("./b", "./p")]),
        (
            "through a link to /tmp",
            AsDpkg,
            vec![s("./l", "/tmp"), f("./l/evil")],
        ),
        (
            "through a link above the root",
            AsDpkg,
            vec![s("./l", "../../tmp"), f("./l/evil")],
        ),
        (
            "through two links",
            AsDpkg,
            vec![s("./m", "/tmp"), s("./l", "m"), f("./l/evil")],
        ),
        (
            "through a link within",
            AsDpkg,
            vec![d("./u/"), s("./l", "u"), f("./l/a")],
        ),
        (
            "a folder through a link",
            AsDpkg,
            vec![d("./u/"), s("./l", "u"), d("./l/v/"), f("./l/v/a")],
        ),
        (
            "deep through a link",
            AsDpkg,
            vec![d("./u/"), d("./u/v/"), s("./l", "u"), f("./l/v/a")],
        ),
        ("a file in a file", AsDpkg, vec![f("./l"), f("./l/a")]),
        ("a folder over a file", AsDpkg, vec![f("./l"), d("./l/")]),
        (
            "a file over a full folder",
            AsDpkg,
            vec![d("./l/"), f("./l/a"), f("./l")],
        ),
        ("a file over an empty folder", Stricter, vec![d("./l/"), f("./l")]),
        (
            "a link over a folder",
            Stricter,
            vec![d("./l/"), s("./l", "x"), f("./l/a")],
        ),
        (
            "a folder over a link",
            Stricter,
            vec![d("./u/"), s("./l", "u"), d("./l/"), f("./l/a")],
        ),
        ("a pipe over a file", AsDpkg, vec![f("./p"), pipe("./p")]),
        ("a file twice", AsDpkg, vec![f("./a"), f("./a")]),
        ("a file, then a link", AsDpkg, vec![f("./a"), s("./a", "b")]),
        (
            "a link, then a file",
            AsDpkg,
            vec![f("./b"), s("./a", "b"), f("./a")],
        ),
        ("a folder twice", AsDpkg, vec![d("./a/"), d("./a/"), f("./a/b")]),
        ("name of 246", AsDpkg, long(246)),
        ("name of 247", AsDpkg, long(247)),
        ("target of 4095", AsDpkg, long_target(4095)),
        ("target of 4096", AsDpkg, long_target(4096)),
        ("a file for /var", AsDpkg, vec![f("./var")]),
        ("a contiguous file", AsDpkg, vec![Block::new("./p", b'7', b"x")]),
        ("a newline", AsDpkg, vec![f("./a\nb")]),
        ("other bytes", AsDpkg, vec![f("./a b\u{1}")]),
    ];
    let case = |(name, rule, entries): (&str, Rule, Vec<Block>)| {
        (name.to_owned(), rule, package(&[Block::control()], &entries))
    };
    compare(cases.into_iter().map(case).collect());
}
