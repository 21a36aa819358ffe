//! Follows processes: what is done at each stop.

use std::collections::HashMap;
use std::io;

use rustix::io::Errno;
use rustix::process::{WaitOptions, WaitStatus, wait};

use super::calls::{self, Call};
use super::change::{Change, SHEET, folder_of};
use super::heap;
use super::listing;
use super::memory::ProcessMemory;
use super::paths::Paths;
use super::process::{self, Resume, go_on};
use super::registers::{self, Registers};

/// What is known of a process, or a thread of one.
#[derive(Debug, Clone, Default)]
struct Process {
    /// The program, where the kernel takes the loader for it.
    program: Option<Vec<u8>>,
    /// ProcessMemory of it for what is changed.
    sheet: Option<u64>,
    /// Where the program lies, if it cannot lie anywhere else, until its heap begins behind it.
    fixed: Option<(u64, u64)>,
    /// The first thread of those that share the memory; 0 where that is not known yet.
    group: i32,
    /// What is to be done when the system call that it makes is over.
    then: Then,
}

impl Process {
    /// Begins with the first thread of a process.
    fn of(process: i32) -> Self {
        Self {
            group: process,
            ..Self::default()
        }
    }
}

#[derive(Debug, Clone, Default)]
enum Then {
    #[default]
    Nothing,
    /// Its arguments are put back.
    PutBack(Registers),
    /// The answer is where its memory is, and the system call that it was stopped at is made again.
    Again(Registers),
    /// The system call that it was stopped at is made again.
    Anew(Registers),
    /// The list of a folder of links is in this place of its memory.
    Listed(u64),
    /// It is another program, if that succeeded, which may lie at fixed addresses.
    Became(Registers, Option<Vec<u8>>, Option<(u64, u64)>),
}

/// All processes that are followed.
#[derive(Debug)]
pub(in crate::overlay) struct Followed {
    paths: Paths,
    processes: HashMap<i32, Process>,
    /// Those that were seen before what started them said so, and who that is: they wait for that word, since what is known of them comes
    /// with it.
    held: HashMap<i32, i32>,
    /// ProcessMemory for what is changed that threads left which are gone, by their first thread.
    left: HashMap<i32, Vec<u64>>,
}

impl Followed {
    /// Begins with one process.
    pub(super) fn seize(process: i32, paths: Paths) -> io::Result<Self> {
        process::seize(process)?;
        let processes = HashMap::from([(process, Process::of(process))]);
        Ok(Self {
            paths,
            processes,
            held: HashMap::new(),
            left: HashMap::new(),
        })
    }

    /// Follows until there is nobody left.
    pub(super) fn run(&mut self) -> io::Result<()> {
        while self.step()?.is_some() {}
        Ok(())
    }

    /// Follows until a process ends; returns its exit code, where it has one.
    pub(in crate::overlay) fn run_to_end_of(&mut self, process: i32) -> io::Result<Option<i32>> {
        loop {
            match self.step()? {
                Some((ended, status)) if ended == process && !status.stopped() => {
                    return Ok(status.exit_status());
                }
                Some(_) => {}
                None => return Err(io::Error::other("it ended without a word")),
            }
        }
    }

    /// Waits for something to happen, and does what is to be done; returns what it was, or nothing when nobody is left.
    fn step(&mut self) -> io::Result<Option<(i32, WaitStatus)>> {
        // All threads, also those that their parents make no notice of.
        let options = WaitOptions::from_bits_retain(libc::__WALL.cast_unsigned());
        let (process, status) = loop {
            match wait(options) {
                Ok(Some((process, status))) => break (process.as_raw_pid(), status),
                Ok(None) | Err(Errno::INTR) => {}
                Err(Errno::CHILD) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        };
        match status.stopping_signal() {
            // Who is gone meanwhile is reported as such. Who lets nobody see its memory goes on as it is: it would wait for ever.
            Some(signal) => {
                if self.stopped(process, signal, status.as_raw() >> 16).is_err() {
                    drop(go_on(process, Resume::On, 0));
                }
            }
            None => self.ended(process),
        }
        Ok(Some((process, status)))
    }

    fn stopped(&mut self, process: i32, signal: i32, event: i32) -> io::Result<()> {
        match event {
            libc::PTRACE_EVENT_SECCOMP => {
                let resume = self.called(process)?;
                go_on(process, resume, 0)
            }
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                self.started(process, event)?;
                go_on(process, self.pending(process), 0)
            }
            libc::PTRACE_EVENT_EXEC => {
                self.became(process)?;
                go_on(process, Resume::On, 0)
            }
            libc::PTRACE_EVENT_STOP if is_of_job(signal) => go_on(process, Resume::Listen, 0),
            libc::PTRACE_EVENT_STOP if !self.processes.contains_key(&process) => {
                let starter = starter_of(process)?;
                self.held.insert(process, starter);
                // Who started it was killed before it said so, and gone before this was seen.
                if !self.processes.contains_key(&starter) {
                    self.begin(process, Process::of(process));
                }
                Ok(())
            }
            0 if signal == libc::SIGTRAP | 0x80 => {
                self.returned(process)?;
                go_on(process, Resume::On, 0)
            }
            0 => go_on(process, self.pending(process), signal),
            _ => go_on(process, self.pending(process), 0),
        }
    }

    /// A process started another, or a thread.
    fn started(&mut self, process: i32, event: i32) -> io::Result<()> {
        let child = process::number_of(process)?;
        let parent = self.processes.get(&process).cloned().unwrap_or_default();
        // Threads run beside each other in one memory; who forks gets a copy, or waits.
        let sheet = parent.sheet.filter(|_| event != libc::PTRACE_EVENT_CLONE);
        let is_thread = std::path::Path::new(&format!("/proc/{}/task/{child}", parent.group)).exists();
        let known = Process {
            program: parent.program,
            sheet,
            fixed: None,
            group: if is_thread { parent.group } else { child },
            then: Then::Nothing,
        };
        self.begin(child, known);
        Ok(())
    }

    /// Knows a process from here on, and lets it go on where it waits for that.
    fn begin(&mut self, process: i32, known: Process) {
        self.processes.insert(process, known);
        if self.held.remove(&process).is_some() {
            // Who is gone meanwhile is reported as such.
            drop(go_on(process, Resume::On, 0));
        }
    }

    /// A process ended, or a thread of one, which leaves its memory to others.
    fn ended(&mut self, process: i32) {
        self.left.remove(&process);
        let known = self.processes.remove(&process).unwrap_or_default();
        if let Some(sheet) = known.sheet
            && known.group != process
            && self.processes.contains_key(&known.group)
        {
            self.left.entry(known.group).or_default().push(sheet);
        }
        self.held.remove(&process);
        // Who was killed says no more what it started.
        let started = self.held.iter().filter(|(_, starter)| **starter == process);
        for child in started.map(|(child, _)| *child).collect::<Vec<_>>() {
            self.begin(child, Process::of(child));
        }
    }

    /// A process is another program now. A thread that makes it that gets the number of the first.
    fn became(&mut self, process: i32) -> io::Result<()> {
        let before = process::number_of(process)?;
        let known = self.processes.remove(&before).unwrap_or_default();
        let (program, fixed) = match known.then {
            Then::Became(_, program, fixed) => (program, fixed),
            _ => (None, None),
        };
        self.left.remove(&process);
        let known = Process {
            program,
            fixed,
            ..Process::of(process)
        };
        self.processes.insert(process, known);
        Ok(())
    }

    /// A system call begins that may have paths.
    fn called(&mut self, process: i32) -> io::Result<Resume> {
        let mut registers = process::registers(process)?;
        let original = registers;
        let known = self.processes.entry(process).or_default();
        let Some(call) = calls::find(registers::number(&registers)) else {
            return Ok(Resume::On);
        };
        if let Some(program) = known.fixed
            && let Ok(resume) = self.begin_heap(process, program, &original)
        {
            return Ok(resume);
        }
        if let Call::List([descriptor, list]) = call {
            return Ok(self.listed(process, &registers, [descriptor, list]));
        }
        let known = self.processes.entry(process).or_default();
        let memory = ProcessMemory::of(process)?;
        if let Some(answer) = answered(call, (&self.paths, known), &memory, process, &registers) {
            registers::answer(&mut registers, answer?);
            process::set_registers(process, &registers)?;
            return Ok(Resume::On);
        }
        let change = match call {
            Call::Exec(places) => Change::program(
                &self.paths,
                known.program.as_ref(),
                &memory,
                process,
                &registers,
                places,
            ),
            _ => Change::paths(
                &self.paths,
                known.program.as_ref(),
                &memory,
                process,
                &registers,
                call,
            ),
        };
        if let Some(error) = change.refusal {
            return refuse(process, registers, error);
        }
        if change.is_empty() {
            return Ok(Resume::On);
        }
        let Some(sheet) = self.sheet_of(process, &original)? else {
            return Ok(Resume::ToEnd);
        };
        if change.write(&memory, sheet, &mut registers).is_err() {
            return refuse(process, original, Errno::TOOBIG);
        }
        process::set_registers(process, &registers)?;
        let known = self.processes.entry(process).or_default();
        known.then = match call {
            Call::Exec(_) => Then::Became(original, change.program, change.fixed),
            _ => Then::PutBack(original),
        };
        Ok(Resume::ToEnd)
    }

    /// Returns the memory of a process for what is changed. Where it has none, it asks for some, and makes its system call again.
    fn sheet_of(&mut self, process: i32, original: &Registers) -> io::Result<Option<u64>> {
        let known = self.processes.entry(process).or_default();
        if known.sheet.is_none() {
            known.sheet = self.left.get_mut(&known.group).and_then(Vec::pop);
        }
        if known.sheet.is_some() {
            return Ok(known.sheet);
        }
        // No file, no address, and nothing that is there before it is written to.
        let (access, kind) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
        );
        let arguments = [0, SHEET, access as u64, kind as u64, u64::MAX, 0];
        let mut registers = *original;
        registers::replace(&mut registers, libc::SYS_mmap, arguments);
        process::set_registers(process, &registers)?;
        known.then = Then::Again(*original);
        Ok(None)
    }

    /// Has the heap of a process begin behind its program, before that asks for it; its system call is made again then.
    fn begin_heap(&mut self, process: i32, program: (u64, u64), original: &Registers) -> io::Result<Resume> {
        let Some(sheet) = self.sheet_of(process, original)? else {
            return Ok(Resume::ToEnd);
        };
        let known = self.processes.entry(process).or_default();
        // Whatever comes of it, it is not tried again.
        known.fixed = None;
        let map = heap::behind(process, program)?;
        ProcessMemory::of(process)?.write(sheet, &map)?;
        let [what, how] = [libc::PR_SET_MM, libc::PR_SET_MM_MAP].map(|number| number as u64);
        let mut registers = *original;
        let arguments = [what, how, sheet, map.len() as u64, 0, 0];
        registers::replace(&mut registers, libc::SYS_prctl, arguments);
        process::set_registers(process, &registers)?;
        known.then = Then::Anew(*original);
        Ok(Resume::ToEnd)
    }

    /// A folder is listed: one of links looks as it would in a namespace.
    fn listed(&mut self, process: i32, registers: &Registers, places: [usize; 2]) -> Resume {
        let [descriptor, list] = places.map(|place| registers::argument(registers, place));
        let folder = folder_of(process, descriptor).and_then(|folder| std::fs::read_link(folder).ok());
        if !folder.is_some_and(|folder| self.paths.is_of_links(&folder)) {
            return Resume::On;
        }
        self.processes.entry(process).or_default().then = Then::Listed(list);
        Resume::ToEnd
    }

    /// A system call is over.
    fn returned(&mut self, process: i32) -> io::Result<()> {
        let Some(known) = self.processes.get_mut(&process) else {
            return Ok(());
        };
        let mut registers = process::registers(process)?;
        match std::mem::take(&mut known.then) {
            Then::Nothing => return Ok(()),
            Then::Listed(list) => {
                let size = registers::result(&registers);
                if size.cast_signed() > 0 {
                    listing::hide_links(&ProcessMemory::of(process)?, list, size)?;
                }
                return Ok(());
            }
            Then::PutBack(original) | Then::Became(original, ..) => {
                registers::put_back(&mut registers, &original);
            }
            Then::Anew(original) => registers = registers::again(&original),
            Then::Again(original) => match registers::result(&registers) {
                address if address.cast_signed() > 0 => {
                    known.sheet = Some(address);
                    registers = registers::again(&original);
                }
                error => {
                    registers::put_back(&mut registers, &original);
                    registers.rax = error;
                }
            },
        }
        process::set_registers(process, &registers)
    }

    fn pending(&self, process: i32) -> Resume {
        let known = self.processes.get(&process);
        match known.map(|known| &known.then) {
            None | Some(Then::Nothing) => Resume::On,
            Some(_) => Resume::ToEnd,
        }
    }
}

/// Has the kernel pass over a system call, and a process be told an error.
fn refuse(process: i32, mut registers: Registers, error: Errno) -> io::Result<Resume> {
    registers::answer(&mut registers, -i64::from(error.raw_os_error()));
    process::set_registers(process, &registers)?;
    Ok(Resume::On)
}

/// Returns the process that started another, or the first thread of it where that is a thread.
///
/// Source: `Tgid` and `PPid` in proc_pid_status(5).
fn starter_of(process: i32) -> io::Result<i32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let number = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().parse().ok()
    };
    let found = match number("Tgid:") {
        Some(group) if group != process => Some(group),
        _ => number("PPid:"),
    };
    found.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Answers what the kernel is not asked: where a program's own file is, where the kernel takes the loader for that, and what is refused.
///
/// It is named as the program would be in a namespace: it looks for its files from there, and those of its configuration are elsewhere.
fn answered(
    call: Call,
    (paths, known): (&Paths, &Process),
    memory: &ProcessMemory,
    process: i32,
    registers: &Registers,
) -> Option<io::Result<i64>> {
    let places = match call {
        Call::Refused => return Some(Ok(-i64::from(libc::ENOSYS))),
        Call::Hides => return Some(Ok(0)),
        Call::Link(places) | Call::LinkAt(places) => places,
        _ => return None,
    };
    let [path, to, size] = places.map(|place| registers::argument(registers, place));
    let program = known.program.as_ref()?;
    memory.text(path).filter(|path| Paths::is_own(path, process))?;
    let most = usize::try_from(size).unwrap_or(usize::MAX);
    let named = paths.named(program).unwrap_or_else(|| program.clone());
    let answer = named.get(..most).unwrap_or(&named);
    let written = memory.write(to, answer);
    Some(written.map(|()| i64::try_from(answer.len()).unwrap_or(i64::MAX)))
}

/// Says whether a signal stops a job.
fn is_of_job(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};

    use rustix::process::{Pid, Signal, kill_process, waitpid};

    use super::super::paths::PackageFiles;
    use super::*;

    /// A shell that starts another process when it is told to, and ends as that does.
    fn followed_shell() -> (Child, Followed) {
        let script = "read go; (exit 7) & wait $!";
        let mut command = Command::new("/bin/sh");
        let shell = command
            .args(["-c", script])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let paths = Paths::read(Path::new("/nonexistent"), PackageFiles::Closed);
        let followed = Followed::seize(shell.id().cast_signed(), paths).unwrap();
        (shell, followed)
    }

    fn wait_for(process: i32) -> WaitStatus {
        let options = WaitOptions::from_bits_retain(libc::__WALL.cast_unsigned());
        waitpid(Pid::from_raw(process), options).unwrap().unwrap().1
    }

    /// Waits for the next stop of a process, which is to be for an event.
    fn stop_of(process: i32) -> (i32, i32) {
        let status = wait_for(process);
        (status.stopping_signal().unwrap(), status.as_raw() >> 16)
    }

    /// Follows a process up to its end.
    fn end_of(followed: &mut Followed, process: i32) -> WaitStatus {
        loop {
            let status = wait_for(process);
            match status.stopping_signal() {
                Some(signal) => followed.stopped(process, signal, status.as_raw() >> 16).unwrap(),
                None => {
                    followed.ended(process);
                    return status;
                }
            }
        }
    }

    /// Says whether a process is stopped by what follows it.
    fn is_stopped(process: i32) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        status.contains("State:\tt (tracing stop)")
    }

    /// Has the shell start a process, which is seen before the shell says so; returns both numbers and the word that the shell has not said.
    fn start_seen_early(shell: &mut Child, followed: &mut Followed) -> (i32, i32, (i32, i32)) {
        let parent = shell.id().cast_signed();
        shell.stdin.take().unwrap().write_all(b"\n").unwrap();
        let word = loop {
            match stop_of(parent) {
                word @ (_, libc::PTRACE_EVENT_FORK) => break word,
                // It may still be about to become the shell.
                (signal, event) => followed.stopped(parent, signal, event).unwrap(),
            }
        };
        let child = process::number_of(parent).unwrap();
        let (signal, event) = stop_of(child);
        followed.stopped(child, signal, event).unwrap();
        assert!(is_stopped(child));
        (parent, child, word)
    }

    #[test]
    fn a_process_that_is_seen_first_waits_for_the_word_of_who_started_it() {
        let (mut shell, mut followed) = followed_shell();
        let (parent, child, (signal, event)) = start_seen_early(&mut shell, &mut followed);
        followed.stopped(parent, signal, event).unwrap();
        assert_eq!(end_of(&mut followed, child).exit_status(), Some(7));
        assert_eq!(end_of(&mut followed, parent).exit_status(), Some(7));
        assert!(followed.processes.is_empty() && followed.held.is_empty());
    }

    #[test]
    fn a_process_goes_on_when_who_started_it_was_killed_before_it_said_so() {
        let (mut shell, mut followed) = followed_shell();
        let (parent, child, _) = start_seen_early(&mut shell, &mut followed);
        kill_process(Pid::from_raw(parent).unwrap(), Signal::KILL).unwrap();
        assert_eq!(
            end_of(&mut followed, parent).terminating_signal(),
            Some(libc::SIGKILL)
        );
        assert_eq!(end_of(&mut followed, child).exit_status(), Some(7));
        assert!(followed.processes.is_empty() && followed.held.is_empty());
    }

    #[test]
    fn a_process_goes_on_that_is_seen_when_who_started_it_is_gone() {
        let (mut shell, mut followed) = followed_shell();
        let parent = shell.id().cast_signed();
        shell.stdin.take().unwrap().write_all(b"\n").unwrap();
        while let (signal, event) = stop_of(parent)
            && event != libc::PTRACE_EVENT_FORK
        {
            followed.stopped(parent, signal, event).unwrap();
        }
        let child = process::number_of(parent).unwrap();
        kill_process(Pid::from_raw(parent).unwrap(), Signal::KILL).unwrap();
        assert_eq!(
            end_of(&mut followed, parent).terminating_signal(),
            Some(libc::SIGKILL)
        );
        let (signal, event) = stop_of(child);
        followed.stopped(child, signal, event).unwrap();
        assert_eq!(end_of(&mut followed, child).exit_status(), Some(7));
        assert!(followed.processes.is_empty() && followed.held.is_empty());
    }
}
