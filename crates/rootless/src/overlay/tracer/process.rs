//! The requests of ptrace(2). Here and nowhere else in this crate is what no library has a safe call for: real-time signals, and jobs that
//! are stopped.

use std::io;

use libc::{c_long, c_void};

use super::registers::Registers;

/// How a process goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resume {
    /// To the next stop.
    On,
    /// To the end of the system call.
    ToEnd,
    /// It stays as it is until its job goes on.
    Listen,
}

/// What is reported of processes, and that they end with the one that follows.
const OPTIONS: i32 = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_EXITKILL;

/// Begins to follow a process.
pub(super) fn seize(process: i32) -> io::Result<()> {
    request(libc::PTRACE_SEIZE, process, c_long::from(OPTIONS))
}

/// Has this process outlive signals that are meant for the programs that it follows: a service manager sends them to all of a group.
pub(super) fn ignore_ends() {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
        #[expect(
            unsafe_code,
            reason = "no handler is set, so that none can run at a wrong moment"
        )]
        unsafe {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

/// Lets a process go on, with a signal that it gets, or 0.
pub(super) fn go_on(process: i32, resume: Resume, signal: i32) -> io::Result<()> {
    let kind = match resume {
        Resume::On => libc::PTRACE_CONT,
        Resume::ToEnd => libc::PTRACE_SYSCALL,
        Resume::Listen => libc::PTRACE_LISTEN,
    };
    request(kind, process, c_long::from(signal))
}

fn request(kind: libc::c_uint, process: i32, data: c_long) -> io::Result<()> {
    #[expect(
        unsafe_code,
        reason = "these requests take numbers, and touch no memory of this process"
    )]
    let done = unsafe { libc::ptrace(kind, process, std::ptr::null_mut::<c_void>(), data) };
    succeeded(done)
}

/// Returns the number that a report is about: of a new process, or of the thread that became another program.
pub(super) fn number_of(process: i32) -> io::Result<i32> {
    let mut number: libc::c_ulong = 0;
    let nothing = std::ptr::null_mut::<c_void>();
    #[expect(unsafe_code, reason = "the kernel writes one unsigned long, which is there")]
    let done = unsafe { libc::ptrace(libc::PTRACE_GETEVENTMSG, process, nothing, &raw mut number) };
    succeeded(done)?;
    i32::try_from(number).map_err(io::Error::other)
}

/// Returns the registers of a process that is stopped.
pub(super) fn registers(process: i32) -> io::Result<Registers> {
    let mut found = std::mem::MaybeUninit::<Registers>::zeroed();
    let nothing = std::ptr::null_mut::<c_void>();
    #[expect(
        unsafe_code,
        reason = "the kernel fills one structure of numbers, for which zeros are right as well"
    )]
    let (done, found) = unsafe {
        let done = libc::ptrace(libc::PTRACE_GETREGS, process, nothing, found.as_mut_ptr());
        (done, found.assume_init())
    };
    succeeded(done)?;
    Ok(found)
}

/// Changes the registers of a process that is stopped.
pub(super) fn set_registers(process: i32, registers: &Registers) -> io::Result<()> {
    let nothing = std::ptr::null_mut::<c_void>();
    #[expect(unsafe_code, reason = "the kernel reads one structure, which is there")]
    let done = unsafe {
        libc::ptrace(
            libc::PTRACE_SETREGS,
            process,
            nothing,
            std::ptr::from_ref(registers),
        )
    };
    succeeded(done)
}

fn succeeded(done: c_long) -> io::Result<()> {
    if done == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
