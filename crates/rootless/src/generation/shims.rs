//! The programs of a generation: `programs/<program>`, small shell scripts that start the real one with what it needs to find its
//! libraries and data where they are. `bin/` has links to those that a person calls.
//!
//! A program is started by the loader that it was built for, from the generation, with the folders of its libraries as
//! arguments: nothing of that is in the environment, so the programs that it starts are not led astray. Scripts are started
//! by their interpreter's shim. What else programs need stands in `needs`.
//!
//! Source: ld.so(8).

mod fixed;
pub(crate) mod fonts;
mod modules;
mod needs;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use debian_control::version::Version;

use self::fixed::FixedPaths;
use self::fonts::Fonts;
use self::needs::Need;
use self::text::{AtHome, Script};
use super::exposed::exposed;
use super::install_folder::sayable;
use super::libraries::{Closure, Libraries, source_of};
use super::notes::Notes;
use super::package::Package;
use super::plan::Programs;
use super::tree::{Node, Tree};
use crate::overlay;
use crate::rooted_dir::RootedDir;

/// Where programs lie, the folder that counts first.
const FOLDERS: [&[u8]; 6] = [
    b"usr/bin",
    b"usr/sbin",
    b"usr/games",
    b"usr/local/bin",
    b"usr/local/sbin",
    b"usr/local/games",
];
/// Where vendors lay whole applications, which look for their files there.
const VENDORS: &[u8] = b"opt";
/// Programs that others start from a folder of their own, and what tells them the folder.
const HELPERS: [(&[u8], &str); 1] = [(b"usr/lib/git-core", "git-core")];
/// The first libc whose loader can be told the name that a program is called by.
const ARGV0_SINCE: &str = "2.33";
/// Where all shims lie.
pub const PROGRAMS: &str = "programs";
/// Where shims lie that start programs where they are, of those that have another one.
const DIRECT: &str = "direct";
/// How long a program may take that makes an index.
const LONGEST_RUN: Duration = Duration::from_secs(120);
/// Most bytes of a script's first line, as the kernel has it.
const MAX_FIRST_LINE: u64 = 256;
/// Most bytes of a script that are looked through.
const MAX_SCRIPT: u64 = 1 << 20;

/// A generation whose programs get shims.
pub(super) struct Site<'a> {
    tree: &'a Tree,
    packages: &'a [Package],
    libraries: &'a Libraries<'a>,
    /// The folder of the generation, as text.
    place: String,
    has_argv0: bool,
    /// What starts programs at their own paths, where that works here.
    launcher: Option<String>,
    /// Whether `/opt` is laid over the host's, too.
    lays_vendors: bool,
    fixed: FixedPaths,
}

impl<'a> Site<'a> {
    /// Begins, for a generation that is or will be at `place`.
    pub(super) fn new(
        tree: &'a Tree,
        packages: &'a [Package],
        libraries: &'a Libraries<'a>,
        place: &Path,
    ) -> io::Result<Self> {
        let since: Option<Version> = ARGV0_SINCE.parse().ok();
        let is_libc = |package: &&Package| matches!(&*package.record.name, "libc6" | "libc6.1");
        let libc = packages.iter().find(is_libc);
        let version = libc.and_then(|package| package.record.version.parse::<Version>().ok());
        Ok(Self {
            tree,
            packages,
            libraries,
            place: sayable(place)?.to_owned(),
            has_argv0: version >= since && version.is_some(),
            launcher: None,
            lays_vendors: false,
            fixed: FixedPaths::default(),
        })
    }

    /// Has programs that look for their files at fixed paths started by a launcher, `cpkgs` itself, that lays them there.
    pub(super) fn with_launcher(mut self, launcher: Option<&Path>) -> Self {
        let text = launcher.and_then(Path::to_str);
        self.launcher = text.map(str::to_owned);
        self.lays_vendors = self.launcher.is_some() && overlay::lays(VENDORS);
        self
    }

    /// Writes the shims into the folder that the generation is made in; returns what there is to say of programs.
    pub(super) fn write(&self, folder: &Path, programs: Programs) -> io::Result<Notes> {
        let mut notes = Notes::default();
        let exposed = exposed(self.packages, programs);
        for kind in ["bin", PROGRAMS] {
            fs::create_dir(folder.join(kind))?;
        }
        let mut out = RootedDir::open(folder)?;
        if fonts::of(self) == Fonts::Mapped {
            let text = fonts::text(&self.place);
            out.file(fonts::FILE.as_bytes(), 0o644)?
                .write_all(text.as_bytes())?;
        }
        for (name, path) in self.programs() {
            let (program, _) = self.program(&path).unzip();
            let Some(script) = self.shim(&path) else { continue };
            let mut write = |folder: &str, text: String| {
                let path = format!("{folder}/{name}");
                out.file(path.as_bytes(), 0o755)?.write_all(text.as_bytes())
            };
            let own = format!("/{}", String::from_utf8_lossy(&path));
            let loader = self.pythons_loader(&path);
            let home = AtHome {
                place: &self.place,
                path: &own,
                loader: loader.as_deref(),
            };
            match self.launcher_of(&path) {
                None => write(PROGRAMS, home.begin() + &script)?,
                Some(launcher) => {
                    let direct = format!("{}/{DIRECT}/{name}", self.place);
                    write(PROGRAMS, home.laid(launcher, &direct))?;
                    write(DIRECT, format!("#!/bin/sh\n{script}"))?;
                }
            }
            if self.owner_at(&path).is_some_and(|owner| exposed.contains(&owner)) {
                let target = format!("../{PROGRAMS}/{name}");
                out.symlink(format!("bin/{name}").as_bytes(), target.as_bytes())?;
                if self.launcher.is_none() && self.is_fixed(&path) {
                    notes.fixed.push(name.clone());
                }
            }
            for library in program
                .map(|program| self.libraries.closure(&program).missing)
                .unwrap_or_default()
            {
                notes.missing.entry(library).or_insert_with(|| name.clone());
            }
            if !self.lays_vendors && self.needs_vendors(&path) {
                let package = self.owner_of(&path).unwrap_or_default();
                notes.unlaid.entry(package).or_default().push(name);
            }
        }
        for (from, to) in HELPERS {
            self.write_helpers(&mut out, from, to)?;
        }
        self.note_vendors(&mut notes);
        Ok(notes)
    }

    /// Returns the package, by its index, that has the name of a program: the one of the link, where it is a link of a package.
    fn owner_at(&self, path: &[u8]) -> Option<usize> {
        match self.tree.get(path)? {
            Node::Link {
                owner: Some(owner), ..
            } => Some(*owner),
            _ => match self.program(path)? {
                (_, Node::File { owner, .. }) => Some(*owner),
                _ => None,
            },
        }
    }

    /// Returns the name of the package that a program is of.
    fn owner_of(&self, path: &[u8]) -> Option<String> {
        let (_, Node::File { owner, .. }) = self.program(path)? else {
            return None;
        };
        Some(self.packages.get(*owner)?.record.name.clone())
    }

    /// Says whether a program lies below `/opt`, or names a path there.
    fn needs_vendors(&self, path: &[u8]) -> bool {
        let Some((file, _)) = self.program(path) else {
            return false;
        };
        is_of_vendor(&file) || self.fixed.names_vendors(self, &file)
    }

    /// Notes the programs of packages that have none where a person calls them.
    fn note_vendors(&self, notes: &mut Notes) {
        let mut programs: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let mut called = BTreeSet::new();
        for (path, node) in self.tree.nodes() {
            match node {
                Node::File {
                    owner, program: true, ..
                } => {
                    let folder = path
                        .iter()
                        .rposition(|byte| *byte == b'/')
                        .and_then(|end| path.get(..end));
                    if folder.is_some_and(|folder| FOLDERS.contains(&folder)) {
                        called.insert(*owner);
                    } else if is_of_vendor(path) && folder.is_some_and(|folder| folder.ends_with(b"/bin")) {
                        let shown = format!("/{}", String::from_utf8_lossy(path));
                        programs.entry(*owner).or_default().push(shown);
                    }
                }
                Node::Link { owner, .. } => {
                    let is_called = FOLDERS.iter().any(|folder| path.starts_with(folder));
                    called.extend(owner.filter(|_| is_called));
                }
                _ => {}
            }
        }
        for (owner, programs) in programs {
            if let Some(package) = self.packages.get(owner).filter(|_| !called.contains(&owner)) {
                notes.elsewhere.insert(package.record.name.clone(), programs);
            }
        }
        notes.lays_vendors = self.lays_vendors;
    }

    /// Runs what makes indexes of the generation's own files and needs no fixed paths for that.
    pub(super) fn run_generators(&self) {
        for (program, argument) in [(b"usr/bin/dot", "-c")] {
            let Some(script) = self.tree.find(program).and_then(|_| self.shim(program)) else {
                continue;
            };
            // Without it the program works less well; that is no reason not to install it.
            let started = Command::new("/bin/sh")
                .args(["-c", &script, "sh", argument])
                .env_clear()
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let _ = started.and_then(|mut child| overlay::wait(&mut child, LONGEST_RUN));
        }
    }

    /// The programs by name, each with its path.
    fn programs(&self) -> BTreeMap<String, Vec<u8>> {
        let mut programs = BTreeMap::new();
        for folder in FOLDERS {
            for (path, _) in self.tree.children(folder) {
                let name = path.get(folder.len() + 1..).unwrap_or_default();
                let name = std::str::from_utf8(name).ok();
                if let Some(name) = name.filter(|_| self.program(path).is_some()) {
                    programs.entry(name.to_owned()).or_insert_with(|| path.to_vec());
                }
            }
        }
        programs
    }

    /// Returns the file behind a path, when it may be run.
    fn program(&self, path: &[u8]) -> Option<(Vec<u8>, &Node)> {
        let (place, node) = self.tree.find(path)?;
        matches!(node, Node::File { program: true, .. }).then_some((place, node))
    }

    /// Returns the text of a program's shim.
    fn shim(&self, path: &[u8]) -> Option<String> {
        let (file, _) = self.program(path)?;
        let closure = self.libraries.closure(&file);
        let need = needs::of(self, &file, &closure);
        if let Some(elf) = self.libraries.elf(&file) {
            let mut script = Script::new(&need.variables);
            // A static program needs none, and goes by the name of its file.
            if let Some(loader) = elf.interpreter.as_deref() {
                self.load(&mut script, loader, &closure);
            }
            script.word(&self.root(path));
            return Some(script.finish(&need.arguments));
        }
        Some(self.shim_of_script(path, &file, &need))
    }

    /// Returns the loader of a program that is Python and can be told its name by it.
    fn pythons_loader(&self, path: &[u8]) -> Option<String> {
        let (file, _) = self.program(path).filter(|_| self.has_argv0)?;
        let elf = needs::is_python(&file).then(|| self.libraries.elf(&file))??;
        elf.interpreter.clone()
    }

    /// Returns what starts a program that looks for its files at fixed paths, where there is something that can.
    fn launcher_of(&self, path: &[u8]) -> Option<&str> {
        let launcher = self.launcher.as_deref()?;
        self.is_fixed(path).then_some(launcher)
    }

    /// Says whether a program looks for its files at fixed paths.
    fn is_fixed(&self, path: &[u8]) -> bool {
        let Some((file, _)) = self.program(path) else {
            return false;
        };
        let closure = self.libraries.closure(&file);
        let is_all = needs::of(self, &file, &closure).is_all;
        let is_fixed =
            is_of_vendor(&file) || self.fixed.any(self, (path, &file), &closure) || self.looks_around(&file);
        !is_all && is_fixed
    }

    /// Says whether a file is a shell script that finds others from where it lies: as they are, those would find no libraries.
    fn looks_around(&self, file: &[u8]) -> bool {
        let Some(source) = source_of(self.tree, self.packages, file) else {
            return false;
        };
        let is_shells = |line: Option<String>| {
            let command = line.unwrap_or_default();
            let name = command
                .split_ascii_whitespace()
                .next()
                .and_then(|path| path.rsplit('/').next());
            matches!(name, Some("sh" | "bash" | "dash"))
        };
        if !first_line(&source).is_ok_and(is_shells) {
            return false;
        }
        let mut text = Vec::new();
        let read = fs::File::open(&source).and_then(|file| file.take(MAX_SCRIPT).read_to_end(&mut text));
        let has = |words: &[u8]| memchr::memmem::find(&text, words).is_some();
        read.is_ok() && (has(b"$0") || has(b"${0") || has(b"BASH_SOURCE"))
    }

    fn load(&self, script: &mut Script, loader: &str, closure: &Closure) {
        let own = self.tree.find(loader.trim_start_matches('/').as_bytes());
        match own {
            Some((place, _)) => {
                script.word(&self.root(&place));
                script.plain("--inhibit-cache");
                if self.has_argv0 {
                    script.plain("--argv0 \"$0\"");
                }
            }
            None => script.word(loader),
        }
        let folders = closure.folders.iter().chain(self.libraries.folders());
        let folders: Vec<String> = folders.map(|folder| self.root(folder)).collect();
        script.plain("--library-path");
        script.word(&folders.join(":"));
    }

    /// A script starts by the shim of its interpreter, where the generation has that.
    fn shim_of_script(&self, path: &[u8], file: &[u8], need: &Need) -> String {
        let mut script = Script::new(&need.variables);
        if let Some((interpreter, arguments)) = self.interpreter(file) {
            script.word(&format!("{}/{PROGRAMS}/{interpreter}", self.place));
            arguments.iter().for_each(|argument| script.word(argument));
        }
        script.word(&self.root(path));
        script.finish(&[])
    }

    /// Returns the name of the shim that runs a script, and what it is told first; `None` for the host's interpreters.
    fn interpreter(&self, file: &[u8]) -> Option<(String, Vec<String>)> {
        let source = source_of(self.tree, self.packages, file)?;
        let line = first_line(&source).ok()??;
        let mut words = line.split_ascii_whitespace();
        let mut command = words.next()?;
        let mut arguments: Vec<String> = words.map(str::to_owned).collect();
        if command.ends_with("/env") {
            if arguments.first().is_some_and(|word| word == "-S") {
                arguments.remove(0);
            }
            let name = (!arguments.is_empty()).then(|| arguments.remove(0))?;
            let found = self.programs_path(&name)?;
            return self.program(&found).map(|_| (name, arguments));
        }
        command = command.trim_start_matches('/');
        let name = command.rsplit('/').next()?.to_owned();
        // The shell is any shell; the host's needs no loader.
        if matches!(&*name, "sh") {
            return None;
        }
        // One that lies elsewhere, and another of its name, have no shim for it.
        let (wanted, _) = self.program(command.as_bytes())?;
        let (called, _) = self.program(&self.programs_path(&name)?)?;
        (called == wanted).then_some((name, arguments))
    }

    fn programs_path(&self, name: &str) -> Option<Vec<u8>> {
        let paths = FOLDERS
            .iter()
            .map(|folder| [folder, b"/".as_slice(), name.as_bytes()].concat());
        paths.into_iter().find(|path| self.program(path).is_some())
    }

    /// Makes a folder of shims for programs that others start from there; what is no program is linked.
    fn write_helpers(&self, out: &mut RootedDir, from: &[u8], to: &str) -> io::Result<()> {
        for (path, _) in self.tree.children(from) {
            let name = path.get(from.len() + 1..).unwrap_or_default();
            let target = [b"helpers/", to.as_bytes(), b"/", name].concat();
            let file = self.program(path).map(|(file, _)| file);
            let needs_shim = file
                .is_some_and(|file| self.libraries.elf(&file).is_some() || self.interpreter(&file).is_some());
            match self.shim(path).filter(|_| needs_shim) {
                Some(script) => {
                    let mut file = out.file(&target, 0o755)?;
                    file.write_all(format!("#!/bin/sh\n{script}").as_bytes())?;
                }
                None => {
                    let original = [b"../../root/".as_slice(), path].concat();
                    out.symlink(&target, &original)?;
                }
            }
        }
        Ok(())
    }

    /// Returns where something of the tree lies on the host.
    fn root(&self, path: &[u8]) -> String {
        format!("{}/root/{}", self.place, String::from_utf8_lossy(path))
    }
}

/// Says whether something lies below `/opt`.
fn is_of_vendor(path: &[u8]) -> bool {
    path.strip_prefix(VENDORS)
        .is_some_and(|rest| rest.starts_with(b"/"))
}

/// Returns what follows `#!` on the first line of a script.
fn first_line(path: &Path) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(MAX_FIRST_LINE)
        .read_to_end(&mut bytes)?;
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = line
        .strip_prefix(b"#!")
        .and_then(|line| std::str::from_utf8(line).ok());
    Ok(line.map(str::to_owned))
}
