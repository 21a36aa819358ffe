//! One bounded run of a program: text in, bytes out.

use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::sign::SignError;

/// Most bytes of stderr that are kept.
const MAX_STDERR: usize = 4 << 10;
/// How often the end of a program that closed its stdout is looked for.
const POLL: Duration = Duration::from_millis(1);

/// A program with its first arguments.
#[derive(Clone, Debug)]
pub(super) struct ExternalProcess {
    program: String,
    arguments: Vec<String>,
    timeout: Duration,
}

/// What was read until the end of a stream, or its first bytes.
struct Stream {
    bytes: Vec<u8>,
    complete: bool,
}

impl ExternalProcess {
    pub(super) fn new(command: &[String], timeout: Duration) -> Result<Self, SignError> {
        let (program, arguments) = command.split_first().ok_or(SignError::NoKey)?;
        Ok(Self {
            program: program.clone(),
            arguments: arguments.to_vec(),
            timeout,
        })
    }

    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// Runs the program with `--armor --ACTION`, gives it `input`, and returns at most `limit` bytes of output.
    pub(super) fn run(&self, action: &str, input: &str, limit: usize) -> Result<Vec<u8>, SignError> {
        let deadline = Instant::now() + self.timeout;
        let mut child = Group(self.spawn(action)?);
        let stdout = read_in_background(child.0.stdout.take(), limit);
        let stderr = read_in_background(child.0.stderr.take(), MAX_STDERR);
        write_in_background(child.0.stdin.take(), input.to_owned());

        let output = match stdout.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(output) if output.complete => output.bytes,
            Ok(_) => {
                return Err(SignError::CommandOutput {
                    program: self.program.clone(),
                    limit,
                });
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(self.timed_out(child, &stderr));
            }
        };
        let Some(status) = wait_until(&mut child.0, deadline).map_err(|source| self.broken(source))? else {
            return Err(self.timed_out(child, &stderr));
        };
        if status.success() {
            Ok(output)
        } else {
            Err(self.failed(status, &said(&stderr)))
        }
    }

    fn spawn(&self, action: &str) -> Result<Child, SignError> {
        std::process::Command::new(&self.program)
            .args(&self.arguments)
            .args(["--armor", &format!("--{action}")])
            .env("REPOGEN_SIGN", action)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| self.broken(source))
    }

    fn broken(&self, source: io::Error) -> SignError {
        SignError::Command {
            program: self.program.clone(),
            source,
        }
    }

    fn failed(&self, status: ExitStatus, stderr: &str) -> SignError {
        let (program, status) = (self.program.clone(), status.to_string());
        SignError::CommandFailed {
            program,
            status,
            stderr: stderr.to_owned(),
        }
    }

    fn timed_out(&self, child: Group, stderr: &Receiver<Stream>) -> SignError {
        // Ended first: its stderr closes with it.
        drop(child);
        SignError::CommandTimeout {
            program: self.program.clone(),
            limit: self.timeout,
            stderr: said(stderr),
        }
    }
}

/// A running program with all it started; ended and collected when dropped.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            // Its own group since the start; it cannot be gone before it is waited for.
            if let Some(group) = i32::try_from(self.0.id())
                .ok()
                .and_then(rustix::process::Pid::from_raw)
            {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            let _ = self.0.wait();
        }
    }
}

/// Reads a stream to its end or to `limit`, in a thread that nobody waits for: a grandchild may hold it open.
fn read_in_background(stream: Option<impl Read + Send + 'static>, limit: usize) -> Receiver<Stream> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let wanted = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let end = stream.map(|stream| stream.take(wanted).read_to_end(&mut bytes));
        let complete = matches!(end, Some(Ok(_))) && bytes.len() <= limit;
        bytes.truncate(limit);
        let _ = sender.send(Stream { bytes, complete });
    });
    receiver
}

/// Writes in a thread, since a program may answer before it has read everything. One that does not read is its own
/// affair: what it answers is verified.
fn write_in_background(stdin: Option<impl io::Write + Send + 'static>, input: String) {
    thread::spawn(move || {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(input.as_bytes());
        }
    });
}

fn wait_until(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(Some(status)),
            None if Instant::now() >= deadline => return Ok(None),
            None => thread::sleep(POLL),
        }
    }
}

/// What the program said, on one line that is safe to print.
fn said(stderr: &Receiver<Stream>) -> String {
    let Ok(stream) = stderr.recv_timeout(Duration::from_secs(1)) else {
        return "nothing on stderr".to_owned();
    };
    let text = String::from_utf8_lossy(&stream.bytes);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    if lines.is_empty() {
        return "nothing on stderr".to_owned();
    }
    lines
        .join("; ")
        .chars()
        .map(|char| if char.is_control() { '\u{fffd}' } else { char })
        .collect()
}
