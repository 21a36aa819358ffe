//! Programs that make indexes, caches and formats of what is there: Debian's maintainer scripts run them, and so does the build of a
//! generation, each in a workshop ([`overlay::make`]) where it can write to the generation only, and for so long at most.
//!
//! The scripts themselves are never run. Some of the programs are run with the arguments that scripts give them; others,
//! which packages call for by a trigger, once for all.

use std::ffi::OsStr;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::pattern::matches;
use super::postinst::{Call, UNKNOWN};
use super::tree::{Node, Tree};
use crate::change_stage::{Listener, Stage};
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

/// What lists the libraries: whoever looks for one by its name, as Python's ctypes does, reads the list.
const LDCONFIG: &str = "usr/sbin/ldconfig";

/// In the order in which one needs another's work.
const GENERATORS: [Generator; 22] = [
    plain(LDCONFIG, "etc/ld.so.conf.d/*", &[]),
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
    plain(
        "usr/bin/swipl",
        "usr/lib/swi-prolog/library/*.pl",
        &["-q", "-g", "make_library_index(swi(library))", "-t", "halt"],
    ),
];

/// Programs that are run as scripts run them; stars stand for anything.
const AS_CALLED: &[&str] = &[
    "*-fpcmkcfg-*",
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

/// Says whether a program is one that is run as scripts run it. R would run whatever stands in its arguments; only its search for Java is meant.
fn is_as_called(name: &str, words: &[String]) -> bool {
    let is_meant = name != "R" || words.iter().skip(1).eq(["CMD", "javareconf"]);
    is_meant && AS_CALLED.iter().any(|pattern| matches(pattern, name))
}

/// Says whether a command is run as scripts run it.
pub(super) fn is_run(call: &Call) -> bool {
    let word = call.words.first().map_or("", String::as_str);
    let is_known = call.words.iter().all(|word| !word.contains(UNKNOWN));
    is_known && is_as_called(word.rsplit('/').next().unwrap_or_default(), &call.words)
}

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
    "swipl",
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
    AS_CALLED.iter().any(|pattern| matches(pattern, command)) || DONE.contains(&command)
}

/// Most runs for scripts: some call one program for each of their files.
const MAX_CALLED: usize = 400;
/// How long all runs together may take; those that are left then are not begun.
const MAX_SECONDS: u64 = 3600;
/// Most bytes of what a program complains of that are looked at, from the end.
const MAX_COMPLAINT: u64 = 1 << 16;

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
    /// By links that system calls are led to: what they make lies among its links.
    Links {
        launcher: &'a Path,
        generation: &'a Path,
    },
}

/// Runs all that there is something to do for; returns what there is to say of those that failed.
pub(super) fn run(
    workshop: &BuildEnv<'_>,
    tree: &Tree,
    calls: &[Vec<Call>],
    listener: &Listener,
) -> Vec<String> {
    let mut runs = called(tree, calls);
    runs.extend(GENERATORS.iter().filter_map(|generator| generator.plan(tree)));
    let mut failed: Vec<String> = Vec::new();
    let start = Instant::now();
    for mut run in runs {
        // As root they may replace what is there. man's index would have to become that of another user then.
        let who = match run.command.first() {
            Some(program) if program == "/usr/bin/mandb" => overlay::Who::Man,
            _ => overlay::Who::Root,
        };
        if let Some(program) = run.command.first() {
            listener.report(Stage::Runs(program));
        }
        let left = MAX_SECONDS.saturating_sub(start.elapsed().as_secs());
        run.seconds = run.seconds.min(left);
        let done = match run.seconds {
            0 => Err("there was no time left for it".to_owned()),
            _ => run.run(workshop, who),
        };
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
        let mut folders = ["usr/bin", "usr/sbin"].iter();
        let program = folders.find_map(|folder| {
            let path = format!("{folder}/{name}");
            tree.find(path.as_bytes()).map(|_| format!("/{path}"))
        });
        if let Some(program) = program.filter(|_| is_run(call)) {
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
        let own = tree.fitting(self.program).into_iter().next();
        // Every Debian has this one, so that few packages need it.
        let program = own.map(|own| format!("/{own}")).or_else(|| {
            let of_host = format!("/{}", self.program);
            (self.program == LDCONFIG && Path::new(&of_host).is_file()).then_some(of_host)
        })?;
        tree.fitting(self.wanted).first()?;
        let mut command = vec![program];
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
        let (BuildEnv::Namespace { generation, .. } | BuildEnv::Links { generation, .. }) = workshop;
        let run = || ran(self.command(workshop, who), &self.input, generation);
        let done = match (workshop, who) {
            // In a namespace, the kernel says who this is.
            (BuildEnv::Links { .. }, overlay::Who::Man) => overlay::union::as_man(generation, run),
            _ => run(),
        };
        done.unwrap_or_else(|error| Err(error.to_string()))
    }

    fn command(&self, workshop: &BuildEnv<'_>, who: overlay::Who) -> Command {
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
                let mut command = Command::new(launcher);
                command.env_clear();
                command.arg(overlay::confined::FOLLOW_COMMAND).arg(generation);
                command.arg(self.seconds.to_string());
                command.args(self.command.iter().map(OsStr::new));
                command
            }
        };
        command.envs(environment);
        command
    }
}

/// Runs a command; returns the last that it complained of where it fails.
///
/// By files rather than pipes: a program that reads nothing, says much, or leaves others behind, holds nothing up.
fn ran(mut command: Command, input: &str, folder: &Path) -> io::Result<Result<(), String>> {
    let mut told = tempfile::tempfile_in(folder)?;
    told.write_all(input.as_bytes())?;
    told.rewind()?;
    let mut said = tempfile::tempfile_in(folder)?;
    command
        .stdin(told)
        .stdout(Stdio::null())
        .stderr(said.try_clone()?);
    let status = command.status()?;
    if status.success() {
        return Ok(Ok(()));
    }
    let end = said.seek(SeekFrom::End(0))?;
    said.seek(SeekFrom::Start(end.saturating_sub(MAX_COMPLAINT)))?;
    let mut bytes = Vec::new();
    said.take(MAX_COMPLAINT).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().rev();
    let last = lines.find(|line| !line.trim().is_empty() && !is_traced(line));
    Ok(Err(last.map_or_else(
        || status.to_string(),
        |line| line.trim().to_owned(),
    )))
}

/// Says whether a line is one of those below an exception of Java, which tell where it happened, and not what.
fn is_traced(line: &str) -> bool {
    line.starts_with(char::is_whitespace) && ["at ", "... "].iter().any(|word| line.trim().starts_with(word))
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

#[cfg(test)]
mod tests {
    use super::super::tree::{Entry, Found, Ownership};
    use super::*;

    fn shell(script: &str, input: &str) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let done = ran(command, input, folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        done
    }

    #[test]
    fn a_program_is_told_its_input_and_its_last_complaint_is_kept() {
        assert_eq!(shell("read line && [ \"$line\" = told ]", "told\n"), Ok(()));
        let failed = shell("echo first >&2; echo ' last ' >&2; echo >&2; exit 1", "");
        assert_eq!(failed, Err("last".to_owned()));
        assert_eq!(shell("exit 3", ""), Err("exit status: 3".to_owned()));
        let trace =
            "Error: loading\n\tat A.main(A.java:5)\nCaused by: no file\n\tat B.run(B.java:3)\n\t... 1 more\n";
        let failed = shell("cat >&2; exit 1", trace);
        assert_eq!(failed, Err("Caused by: no file".to_owned()));
    }

    #[test]
    fn a_program_that_says_much_reads_nothing_or_leaves_others_behind_holds_nothing_up() {
        let input = "x".repeat(1 << 20);
        let much = shell("yes | head -c 3000000 >&2; echo last >&2; exit 1", &input);
        assert_eq!(much, Err("last".to_owned()));
        // Would be waited for as long as it has the other end of a pipe.
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/bin/sh");
        let left = folder.path().join("left");
        let script = "mkfifo \"$0\"; read line < \"$0\" & exit 1";
        command.arg("-c").arg(script).arg(&left);
        assert!(ran(command, "", folder.path()).unwrap().is_err());
        // It is still there, and ends now.
        std::fs::write(&left, "x").unwrap();
    }

    #[test]
    fn the_libraries_of_prolog_are_indexed() {
        struct Alone;
        impl Ownership for Alone {
            fn replaces(&self, _: usize, _: usize) -> bool {
                false
            }
            fn twins(&self, _: usize, _: usize) -> bool {
                false
            }
            fn name(&self, _: usize) -> &'static str {
                "swi-prolog-core"
            }
        }
        let folders = [
            "usr",
            "usr/bin",
            "usr/lib",
            "usr/lib/swi-prolog",
            "usr/lib/swi-prolog/library",
        ];
        let files = ["usr/bin/swipl", "usr/lib/swi-prolog/library/lists.pl"];
        let entry = |path: &str, found| Entry {
            path: path.into(),
            found,
        };
        let folders = folders.map(|path| entry(path, Found::Folder));
        let files = files.map(|path| entry(path, Found::File { program: true }));
        let tree = Tree::build(&[folders.into_iter().chain(files).collect()], &Alone).unwrap();
        let runs = GENERATORS.iter().filter_map(|generator| generator.plan(&tree));
        let commands: Vec<String> = runs.map(|run| run.command.join(" ")).collect();
        assert_eq!(
            commands,
            ["/usr/bin/swipl -q -g make_library_index(swi(library)) -t halt"]
        );
        assert!(is_known("swipl"));
    }

    #[test]
    fn r_runs_nothing_that_a_script_says() {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        assert!(is_as_called("R", &words("R CMD javareconf")));
        assert!(!is_as_called("R", &words("R -e system('x')")));
        assert!(!is_as_called("R", &words("R CMD BATCH /usr/share/x")));
        assert!(is_as_called("a2enmod", &words("a2enmod mime")));
        assert!(!is_as_called("sh", &words("sh -c x")));
    }
}
