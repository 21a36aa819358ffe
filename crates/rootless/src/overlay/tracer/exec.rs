//! What is started in place of a program: the generation's loader, and for a script its interpreter, since the kernel itself would take those
//! of the host.
//!
//! Source: execve(2), ld.so(8).

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::calls::Access;
use super::paths::Paths;
use crate::elf::Elf;

/// How many interpreters may be scripts in turn. Source: execve(2).
const MAX_SCRIPTS: usize = 5;
/// Most bytes of a script's first line, as the kernel has it.
const MAX_FIRST_LINE: u64 = 256;

/// How a program is started.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// What the kernel is given in place of the program's path; nothing where it is right as it is.
    pub(super) path: Option<Vec<u8>>,
    /// What stands in place of the first argument; nothing where that is right.
    pub(super) words: Option<Vec<Vec<u8>>>,
    /// The program, where the kernel takes another for it.
    pub(super) program: Option<Vec<u8>>,
    /// Where that lies in memory, if it cannot lie anywhere else.
    pub(super) fixed: Option<(u64, u64)>,
}

/// Decides how a program is started that is named by a path, of a process in a folder.
pub(super) fn start(paths: &Paths, given: &[u8], name: &[u8], folder: &Path) -> Start {
    let mut given = given.to_vec();
    let mut words = vec![name.to_vec()];
    for _ in 0..MAX_SCRIPTS {
        let shown = paths.translated(&given, Access::Read);
        let place = folder.join(OsStr::from_bytes(shown.as_deref().unwrap_or(&given)));
        let is_script = words.len() > 1;
        let as_it_is = |words: Vec<Vec<u8>>| Start {
            words: is_script.then_some(words),
            path: shown.clone().or_else(|| is_script.then(|| given.clone())),
            program: None,
            fixed: None,
        };
        let is_program = rustix::fs::access(&place, rustix::fs::Access::EXEC_OK).is_ok() && place.is_file();
        let Some(file) = File::open(&place).ok().filter(|_| is_program) else {
            return as_it_is(words);
        };
        if let Some((interpreter, option)) = first_line(&file) {
            let rest = words.split_off(1);
            words = vec![interpreter.clone()];
            words.extend(option);
            words.push(given);
            words.extend(rest);
            given = interpreter;
            continue;
        }
        let elf = Elf::read(&file).ok().flatten();
        let fixed = elf.as_ref().and_then(|elf| elf.fixed);
        let loader = elf.and_then(|elf| elf.interpreter);
        let Some(loader) = loader.and_then(|loader| real(paths, &loader)) else {
            return as_it_is(words);
        };
        return Start {
            fixed,
            ..loaded(paths, &loader, given, &place, words)
        };
    }
    // The kernel says why.
    Start {
        path: Some(given),
        words: Some(words),
        program: None,
        fixed: None,
    }
}

/// Returns where the generation has a loader.
fn real(paths: &Paths, loader: &str) -> Option<Vec<u8>> {
    let place = paths.translated(loader.as_bytes(), Access::Read)?;
    let place = fs::canonicalize(OsStr::from_bytes(&place)).ok()?;
    Some(place.into_os_string().into_encoded_bytes())
}

/// Starts a program by a loader.
fn loaded(paths: &Paths, loader: &[u8], given: Vec<u8>, place: &Path, words: Vec<Vec<u8>>) -> Start {
    let program: PathBuf = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
    let program = program.into_os_string().into_encoded_bytes();
    let mut words = words.into_iter();
    let name = words.next().unwrap_or_default();
    let mut all = vec![loader.to_vec()];
    if Paths::takes_name(loader) {
        all.extend([b"--argv0".to_vec(), name]);
        // From here libraries are looked for that lie beside the program (`$ORIGIN`): where it is itself, not a link to it.
        all.push(paths.named(&program).unwrap_or(given));
    } else {
        all.push(given);
    }
    all.extend(words);
    Start {
        path: Some(loader.to_vec()),
        words: Some(all),
        program: Some(program),
        fixed: None,
    }
}

/// Returns the interpreter of a script, and what it is told first: one word.
fn first_line(file: &File) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let mut bytes = Vec::new();
    file.take(MAX_FIRST_LINE).read_to_end(&mut bytes).ok()?;
    let line = bytes.strip_prefix(b"#!")?;
    let line = line.split(|byte| *byte == b'\n').next()?.trim_ascii();
    let cut = line.iter().position(u8::is_ascii_whitespace);
    let (interpreter, rest) = line.split_at_checked(cut.unwrap_or(line.len()))?;
    let rest = rest.trim_ascii();
    let option = (!rest.is_empty()).then(|| rest.to_vec());
    (!interpreter.is_empty()).then(|| (interpreter.to_vec(), option))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::super::paths::PackageFiles;
    use super::*;

    /// A generation with a shell and its loader, and a script.
    fn generation() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join("gen/1").join(path);
        for path in ["union/usr/bin", "union/usr/lib64"] {
            fs::create_dir_all(at(path)).unwrap();
        }
        fs::copy("/bin/sh", at("union/usr/bin/own-shell")).unwrap();
        fs::copy(
            "/lib64/ld-linux-x86-64.so.2",
            at("union/usr/lib64/ld-linux-x86-64.so.2"),
        )
        .unwrap();
        let scripts = [
            ("script", "#! /usr/bin/own-shell -e x\n"),
            ("other", "#!/usr/bin/script\n"),
            ("endless", "#!/usr/bin/endless\n"),
        ];
        for (name, text) in scripts {
            let path = at("union/usr/bin").join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        symlink("own-shell", at("union/usr/bin/link")).unwrap();
        folder
    }

    fn words(start: &Start) -> Vec<String> {
        let words = start.words.iter().flatten();
        words
            .map(|word| String::from_utf8(word.clone()).unwrap())
            .collect()
    }

    #[test]
    fn a_program_is_started_by_the_loader_of_the_generation_and_keeps_its_name() {
        let folder = generation();
        let paths = Paths::read(&folder.path().join("gen/1"), PackageFiles::Closed);
        let found = start(&paths, b"/usr/bin/link", b"sh", Path::new("/"));
        let loader = folder.path().join("gen/1/union/usr/lib64/ld-linux-x86-64.so.2");
        let loader = loader.to_str().unwrap();
        assert_eq!(found.path.as_deref(), Some(loader.as_bytes()));
        // What it is told to load is where the program lies, as libraries beside it are looked for from there.
        assert_eq!(words(&found), [loader, "--argv0", "sh", "/usr/bin/own-shell"]);
        assert!(found.program.unwrap().ends_with(b"union/usr/bin/own-shell"));
    }

    #[test]
    fn a_script_is_started_by_its_interpreter_however_many_there_are_but_not_without_end() {
        let folder = generation();
        let paths = Paths::read(&folder.path().join("gen/1"), PackageFiles::Closed);
        let found = start(&paths, b"/usr/bin/other", b"x", Path::new("/"));
        let expected = [
            "--argv0",
            "/usr/bin/own-shell",
            "/usr/bin/own-shell",
            "-e x",
            "/usr/bin/script",
            "/usr/bin/other",
        ];
        assert_eq!(words(&found)[1..], expected);
        let endless = start(&paths, b"/usr/bin/endless", b"x", Path::new("/"));
        assert_eq!(endless.program, None);
    }

    #[test]
    fn what_is_the_hosts_is_started_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let generation = folder.path().join("gen/1");
        fs::create_dir_all(generation.join("union/etc")).unwrap();
        let paths = Paths::read(&generation, PackageFiles::Closed);
        let as_it_is = Start {
            path: None,
            words: None,
            program: None,
            fixed: None,
        };
        assert_eq!(start(&paths, b"/bin/sh", b"sh", Path::new("/")), as_it_is);
        assert_eq!(start(&paths, b"no-such", b"x", Path::new("/")), as_it_is);
    }
}
