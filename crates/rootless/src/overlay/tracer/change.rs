//! What is changed of a system call before the kernel sees it.

use std::io;
use std::path::PathBuf;

use rustix::io::Errno;

use super::calls::{self, Call};
use super::exec;
use super::memory::{ProcessMemory, Sheet};
use super::paths::Paths;
use super::registers::{self, Registers};

/// How much memory a process gets for what it is to give to the kernel in place of its own: the kernel itself lets the arguments of a program
/// have more, and only what is used is ever there.
pub(super) const SHEET: u64 = 1 << 20;

/// What is changed of a system call.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// Paths, by the place of the argument.
    paths: Vec<(usize, Vec<u8>)>,
    /// The arguments of a program: the place, those that come first, and where the others are.
    words: Option<(usize, Vec<Vec<u8>>, Vec<u64>)>,
    /// The program that is meant, where the kernel takes another for it.
    pub(super) program: Option<Vec<u8>>,
    /// Where that lies in memory, if it cannot lie anywhere else.
    pub(super) fixed: Option<(u64, u64)>,
    /// What is answered in place of the kernel.
    pub(super) refusal: Option<Errno>,
}

impl Change {
    /// Decides where paths lead. `own` is the program itself, where the kernel takes the loader for it.
    pub(super) fn paths(
        paths: &Paths,
        own: Option<&Vec<u8>>,
        memory: &ProcessMemory,
        process: i32,
        registers: &Registers,
        call: Call,
    ) -> Self {
        let access = calls::access(registers::number(registers), |place| {
            registers::argument(registers, place)
        });
        let named = |place: usize| {
            let path = memory.text(registers::argument(registers, place))?;
            let folder = match call {
                _ if path.starts_with(b"/") => return Some((path, None)),
                Call::PathsAt(_) | Call::LinkAt(_) => {
                    folder_of(process, registers::argument(registers, place.checked_sub(1)?))?
                }
                Call::Bound(_) => return None,
                _ => PathBuf::from(format!("/proc/{process}/cwd")),
            };
            Some((path, Some(std::fs::read_link(folder).ok()?)))
        };
        let mut change = Self::default();
        for (index, place) in call.paths().iter().copied().enumerate() {
            let Some((path, folder)) = named(place) else {
                continue;
            };
            let led = match &folder {
                None => paths.translated(&path, access),
                Some(folder) => paths.translated_from(folder, &path, access),
            };
            let deed = calls::deed(registers::number(registers), index == 0, |place| {
                registers::argument(registers, place)
            });
            if let Some(deed) = deed {
                let folder =
                    folder.map_or_else(Vec::new, |folder| folder.into_os_string().into_encoded_bytes());
                let whole = || [&folder, b"/".as_slice(), &path].concat();
                let refusal = paths.refusal(&led.clone().unwrap_or_else(whole), access, deed);
                change.refusal = change.refusal.or(refusal);
            }
            let own = || own.cloned().filter(|_| Paths::is_own(&path, process));
            change.paths.extend(led.or_else(own).map(|path| (place, path)));
        }
        change
    }

    /// Decides how a program is started.
    pub(super) fn program(
        paths: &Paths,
        own: Option<&Vec<u8>>,
        memory: &ProcessMemory,
        process: i32,
        registers: &Registers,
        places: [usize; 2],
    ) -> Self {
        let [path_at, words_at] = places;
        let read = || {
            let path = memory.text(registers::argument(registers, path_at))?;
            let own = own.filter(|_| Paths::is_own(&path, process));
            let path = own.cloned().unwrap_or(path);
            let words = memory.pointers(registers::argument(registers, words_at))?;
            let name = words.first().and_then(|word| memory.text(*word));
            let folder = match path_at {
                0 => PathBuf::from(format!("/proc/{process}/cwd")),
                _ => folder_of(process, registers::argument(registers, 0))?,
            };
            // What is started by its descriptor has no name that another process could open.
            let is_named = !path.is_empty();
            is_named.then(|| {
                (
                    exec::start(paths, &path, &name.unwrap_or_default(), &folder),
                    words,
                )
            })
        };
        let Some((start, words)) = read() else {
            return Self::default();
        };
        let rest = words.get(1..).unwrap_or_default().to_vec();
        Self {
            paths: start.path.map(|path| (path_at, path)).into_iter().collect(),
            words: start.words.map(|words| (words_at, words, rest)),
            program: start.program,
            fixed: start.fixed,
            refusal: None,
        }
    }

    /// Says whether all is right as it is.
    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.words.is_none()
    }

    /// Writes it into the memory of a process, and has the arguments of the system call lead there.
    pub(super) fn write(
        &self,
        memory: &ProcessMemory,
        address: u64,
        registers: &mut Registers,
    ) -> io::Result<()> {
        let mut sheet = Sheet::new(address);
        for (place, path) in &self.paths {
            registers::set_argument(registers, *place, sheet.text(path));
        }
        if let Some((place, words, rest)) = &self.words {
            let first: Vec<u64> = words.iter().map(|word| sheet.text(word)).collect();
            let all = sheet.pointers(first.into_iter().chain(rest.iter().copied()));
            registers::set_argument(registers, *place, all);
        }
        sheet.write(memory, SHEET)
    }
}

/// Returns the folder of a process that a descriptor stands for.
pub(super) fn folder_of(process: i32, descriptor: u64) -> Option<PathBuf> {
    // The kernel reads it as a number of 32 bits.
    let number = (descriptor & u64::from(u32::MAX)) as u32;
    Some(match number.cast_signed() {
        libc::AT_FDCWD => PathBuf::from(format!("/proc/{process}/cwd")),
        number => PathBuf::from(format!("/proc/{process}/fd/{number}")),
    })
}
