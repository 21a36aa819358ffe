//! Programs that make indexes, caches and formats of what is there: Debian's maintainer scripts run them, and so does the build of a
//! generation, each in a workshop ([`overlay::make`]) where it can write to the generation only, and for so long at most.
//!
//! The scripts themselves are never run. Some of the programs are run with the arguments that scripts give them; others,
//! which packages call for by a trigger, once for all.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::postinst::{Call, UNKNOWN};
use super::tree::{Node, Tree};
use crate::overlay;

/// A program that runs once, whatever the scripts say.
struct Generator {
    /// Where it is; stars stand for anything within a name.
    program: &'static str,
    /// What must be there for it to have anything to do.
    wanted: &'static str,
    /// Its arguments; one that begins with `=` stands for the paths that fit the rest.
    arguments: &'static [&'static str],
    /// What it is told.
    input: Option<fn(&Tree) -> String>,
    seconds: u64,
}

const fn plain(program: &'static str, wanted: &'static str, arguments: &'static [&'static str]) -> Generator {
    Generator {
        program,
        wanted,
        arguments,
        input: None,
        seconds: 120,
    }
}

/// In the order in which one needs another's work.
const GENERATORS: [Generator; 21] = [
    plain("usr/sbin/ldconfig", "etc/ld.so.conf.d/*", &[]),
    plain(
        "usr/lib/*/glib-2.0/glib-compile-schemas",
        "usr/share/glib-2.0/schemas/*.xml",
        &["/usr/share/glib-2.0/schemas"],
    ),
    plain(
        "usr/lib/*/glib-2.0/gio-querymodules",
        "usr/lib/*/gio/modules/*",
        &["=usr/lib/*/gio/modules"],
    ),
    plain(
        "usr/lib/*/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders",
        "usr/lib/*/gdk-pixbuf-2.0/*/loaders/*",
        &["--update-cache"],
    ),
    plain(
        "usr/lib/*/libgtk-3-0*/gtk-query-immodules-3.0",
        "usr/lib/*/gtk-3.0/*/immodules/*",
        &["--update-cache"],
    ),
    plain(
        "usr/lib/*/libgtk2.0-0*/gtk-query-immodules-2.0",
        "usr/lib/*/gtk-2.0/*/immodules/*",
        &["--update-cache"],
    ),
    plain(
        "usr/bin/update-mime-database",
        "usr/share/mime/packages/*",
        &["/usr/share/mime"],
    ),
    plain("usr/bin/fc-cache", "usr/share/fonts/*", &["--system-only"]),
    plain(
        "usr/bin/ghc-pkg",
        "var/lib/ghc/package.conf.d/*",
        &["recache", "--global"],
    ),
    plain("usr/sbin/update-texmf", "usr/share/texlive/texmf-dist", &[]),
    plain(
        "usr/sbin/update-updmap",
        "usr/share/texlive/texmf-dist",
        &["--quiet"],
    ),
    plain(
        "usr/sbin/update-fmtutil",
        "usr/share/texlive/texmf-dist",
        &["--quiet"],
    ),
    plain(
        "usr/sbin/update-language",
        "usr/share/texlive/texmf-dist",
        &["--quiet"],
    ),
    plain(
        "usr/bin/mktexlsr",
        "usr/share/texlive/texmf-dist",
        &[
            "/var/lib/texmf",
            "/usr/share/texmf",
            "/usr/share/texlive/texmf-dist",
        ],
    ),
    plain(
        "usr/bin/updmap-sys",
        "usr/share/texlive/texmf-dist/web2c",
        &["--nohash"],
    ),
    plain(
        "usr/bin/mktexlsr",
        "usr/share/texlive/texmf-dist",
        &["/var/lib/texmf"],
    ),
    Generator {
        program: "usr/bin/fmtutil",
        wanted: "usr/share/texlive/texmf-dist/web2c",
        arguments: &[
            "--sys",
            "--strict",
            "--no-error-if-no-engine=luajittex,mfluajit,luajithbtex",
            "--all",
        ],
        input: None,
        seconds: 900,
    },
    plain(
        "usr/bin/mtxrun",
        "usr/share/texlive/texmf-dist/scripts/context",
        &["--generate"],
    ),
    Generator {
        program: "usr/lib/jvm/*/bin/java",
        wanted: "usr/share/ca-certificates-java/*.jar",
        arguments: &[
            "-Xmx64m",
            "-jar",
            "=usr/share/ca-certificates-java/*.jar",
            "-storepass",
            "changeit",
        ],
        input: Some(trusted),
        seconds: 120,
    },
    plain("usr/bin/mandb", "usr/share/man/*", &["--create", "--quiet"]),
    plain("usr/bin/dot", "usr/lib/*/graphviz/*", &["-c"]),
];

/// Programs that are run as scripts run them.
const AS_CALLED: &[&str] = &[
    "R",
    "a2disconf",
    "a2dismod",
    "a2enconf",
    "a2enmod",
    "a2ensite",
    "aspell-autobuildhash",
    "gconf-schemas",
    "ispell-autobuildhash",
    "tl-paper",
    "update-catalog",
    "update-dictcommon-aspell",
    "update-dictcommon-hunspell",
    "update-fonts-alias",
    "update-fonts-dir",
    "update-fonts-scale",
    "update-gsfontmap",
    "update-ispell-dictionary",
    "update-perl-sax-parsers",
    "update-xmlcatalog",
    "xapian-metadata",
];

/// Commands whose work one of the programs above does, by the names that scripts call it.
const DONE: &[&str] = &[
    "fc-cache",
    "fmtutil",
    "fmtutil-sys",
    "gdk-pixbuf-query-loaders",
    "ghc",
    "ghc-pkg",
    "gio-querymodules",
    "glib-compile-schemas",
    "gtk-query-immodules-2.0",
    "gtk-query-immodules-3.0",
    "java",
    "keytool",
    "kpsewhich",
    "mandb",
    "mktexlsr",
    "mtxrun",
    "runuser",
    "setpriv",
    "texhash",
    "update-fmtutil",
    "update-language",
    "update-mime-database",
    "update-texmf",
    "update-texmf-config",
    "update-updmap",
    "updmap-sys",
];

/// Says whether the work of a command of a script is done here.
pub(super) fn is_known(command: &str) -> bool {
    AS_CALLED.contains(&command) || DONE.contains(&command)
}

/// Most runs for scripts: some call one program for each of their files.
const MAX_CALLED: usize = 400;

/// A program to run.
struct Run {
    command: Vec<String>,
    input: String,
    seconds: u64,
}

/// Where programs run that make files for a generation, which is in the folder where it is built.
pub(super) enum BuildEnv<'a> {
    /// In a namespace, which a launcher enters.
    Namespace {
        launcher: &'a Path,
        generation: &'a Path,
    },
    /// By proot: what they make lies among its links.
    Links {
        launcher: &'a Path,
        generation: &'a Path,
    },
}

/// Runs all that there is something to do for; returns what there is to say of those that failed.
pub(super) fn run(workshop: &BuildEnv<'_>, tree: &Tree, calls: &[Vec<Call>]) -> Vec<String> {
    let mut runs = called(tree, calls);
    runs.extend(GENERATORS.iter().filter_map(|generator| generator.plan(tree)));
    let mut failed: Vec<String> = Vec::new();
    for run in runs {
        // As root they may replace what is there. man's index becomes that of another user then, which there is not.
        let who = match run.command.first() {
            Some(program) if program == "/usr/bin/mandb" => overlay::Who::Same,
            _ => overlay::Who::Root,
        };
        let done = run.run(workshop, who);
        if let Err(why) = done {
            let name = run
                .command
                .first()
                .map_or("", |program| program.rsplit('/').next().unwrap_or_default());
            failed.push(format!("{name}: {why}"));
        }
    }
    failed.dedup();
    failed
}

/// Returns what scripts run of the programs that are run as they run them.
fn called(tree: &Tree, calls: &[Vec<Call>]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for call in calls.iter().flatten() {
        let word = call.words.first().map_or("", String::as_str);
        let name = word.rsplit('/').next().unwrap_or_default();
        let is_known = call.words.iter().all(|word| !word.contains(UNKNOWN));
        let mut folders = ["usr/bin", "usr/sbin"].iter();
        let program = folders.find_map(|folder| {
            let path = format!("{folder}/{name}");
            tree.find(path.as_bytes()).map(|_| format!("/{path}"))
        });
        if let Some(program) = program.filter(|_| is_known && AS_CALLED.contains(&name)) {
            let arguments = call.words.iter().skip(1).cloned();
            let command: Vec<String> = std::iter::once(program).chain(arguments).collect();
            if runs.iter().all(|run| run.command != command) {
                runs.push(Run {
                    command,
                    input: String::new(),
                    seconds: 60,
                });
            }
        }
    }
    runs.truncate(MAX_CALLED);
    runs
}

impl Generator {
    fn plan(&self, tree: &Tree) -> Option<Run> {
        let program = tree.fitting(self.program).into_iter().next()?;
        tree.fitting(self.wanted).first()?;
        let mut command = vec![format!("/{program}")];
        for argument in self.arguments {
            match argument.strip_prefix('=') {
                Some(pattern) => {
                    command.extend(tree.fitting(pattern).into_iter().map(|path| format!("/{path}")));
                }
                None => command.push((*argument).to_owned()),
            }
        }
        Some(Run {
            command,
            input: self.input.map_or_else(String::new, |input| input(tree)),
            seconds: self.seconds,
        })
    }
}

impl Run {
    fn run(&self, workshop: &BuildEnv<'_>, who: overlay::Who) -> Result<(), String> {
        let environment = [
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("LC_ALL", "C.UTF-8"),
            ("DEBIAN_FRONTEND", "noninteractive"),
        ];
        let mut command = match workshop {
            BuildEnv::Namespace { launcher, generation } => {
                let mut command = Command::new(launcher);
                command.env_clear().env("HOME", "/tmp");
                command.arg(overlay::MAKE_COMMAND).arg(generation).arg(who.word());
                command.arg(self.seconds.to_string());
                command.args(self.command.iter().map(OsStr::new));
                command
            }
            BuildEnv::Links { launcher, generation } => {
                overlay::union::make(launcher, generation, self.seconds, &self.command)
            }
        };
        command
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        if let Some(mut input) = child.stdin.take() {
            // A program that reads nothing ends as well.
            let _ = input.write_all(self.input.as_bytes());
        }
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        Err(last.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned()))
    }
}

/// Returns the certificates of authorities, as the program that makes the trust store of Java reads them.
///
/// Source: ca-certificates-java, UpdateCertificates.java.
fn trusted(tree: &Tree) -> String {
    let is_certificate =
        |path: &[u8]| path.starts_with(b"usr/share/ca-certificates/") && path.ends_with(b".crt");
    let files = tree.nodes().filter(|(_, node)| matches!(node, Node::File { .. }));
    let lines = files.filter(|(path, _)| is_certificate(path));
    lines
        .map(|(path, _)| format!("+/{}\n", String::from_utf8_lossy(path)))
        .collect()
}
