//! `repogen add`: .deb files into pool and catalog.

use std::collections::BTreeMap;
use std::fs::{File, FileType};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use archive_catalog::PlacementOutcome;
use archive_storage::staging::Staging;
use clap::Args;
use debian_archive::archive::Archive;
use debian_archive::ingest::{
    FileKind, IngestError, NamePolicy, StagedPackage, SuiteComponent, UploadContext,
};
use indicatif::{ProgressBar, ProgressStyle};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use walkdir::WalkDir;

use super::context::Context;
use super::exit::{Completion, Failure, with_causes};
use super::select;
use super::system_clock::now;
use cli_kit::PrintError;
use debian_control::terminal::escaped;

/// How many packages share a transaction and its syncs.
const BATCH: usize = 128;

/// Add .deb files, and directories of them, to the pool and the catalog.
///
/// Prints one line a file, in the order given: `added`, `unchanged` or `rejected`, the path, and for rejected files the reason. Nothing is
/// published until `repogen publish`. An interrupted run can be repeated: files that are already in are `unchanged`.
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Codename or alias of the suite; optional when there is only one.
    #[arg(long)]
    suite: Option<String>,
    /// Component [default: the suite's first].
    #[arg(long)]
    component: Option<String>,
    /// Accept package names that dpkg accepts and Debian Policy forbids: one letter, upper case letters or `_`.
    #[arg(long)]
    allow_odd_names: bool,
    /// Add packages even if they have known vulnerabilities that the suite rejects.
    #[arg(long)]
    allow_vulnerable: bool,
    /// Share the bytes of the files with the pool instead of copying them: by clones where the file system supports them,
    /// otherwise by hard links. Do not write to a linked file afterwards: the archive would serve what was written.
    #[arg(long)]
    link: bool,
    /// .deb and .ddeb files, and directories to search for them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(super) fn run(args: AddArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = context.archive()?;
    let suite = select::suite(archive.config(), args.suite.as_deref())?;
    let place = SuiteComponent {
        suite,
        component: select::component(suite, args.component.as_deref())?,
    };
    let mut passed_over = Vec::new();
    let files = list(&args.paths, &mut passed_over);
    tell_passed_over(&passed_over, context);
    let arrival = UploadContext {
        now: now(),
        names: if args.allow_odd_names {
            NamePolicy::AsDpkg
        } else {
            NamePolicy::OfPolicy
        },
        vulnerable: select::vulnerable(args.allow_vulnerable),
        ..UploadContext::default()
    };
    let addition = AddRun {
        archive: &archive,
        place,
        arrival,
        link: args.link,
    };
    let rejections = add(&addition, &files, context)?;
    Ok(Completion::after(rejections))
}

/// How many skipped files are named.
const NAMED: usize = 20;

/// A file that gets an output line, and why it is rejected if that is known before it is read.
struct NamedFile {
    path: PathBuf,
    rejected: Option<String>,
}

/// Returns the files to add: the named ones, and every package below the named directories.
fn list(paths: &[PathBuf], passed_over: &mut Vec<(PathBuf, &'static str)>) -> Vec<NamedFile> {
    let take = |path| NamedFile { path, rejected: None };
    let reject = |path: &Path, why| NamedFile {
        path: path.to_owned(),
        rejected: Some(why),
    };
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            match FileKind::of(path) {
                FileKind::NotTaken(why) => files.push(reject(path, why.to_owned())),
                FileKind::Package | FileKind::Other => files.push(take(path.clone())),
            }
            continue;
        }
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    files.push(reject(error.path().unwrap_or(path), with_causes(&error)));
                    continue;
                }
            };
            let kind = entry.file_type();
            match FileKind::of(entry.path()) {
                FileKind::Package if kind.is_file() => files.push(take(entry.into_path())),
                FileKind::Package if kind.is_dir() && entry.depth() == 0 => {}
                FileKind::Package => passed_over.push((entry.into_path(), not_a_file(kind))),
                FileKind::NotTaken(why) => passed_over.push((entry.into_path(), why)),
                FileKind::Other => {}
            }
        }
    }
    files
}

fn not_a_file(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "it is a directory: the packages in it are added"
    } else if kind.is_symlink() {
        "it is a symbolic link: name the file itself"
    } else if kind.is_fifo() {
        "it is a named pipe, not a file"
    } else {
        "it is not a regular file"
    }
}

/// Warns about files in a directory that look like packages and are not added.
fn tell_passed_over(passed_over: &[(PathBuf, &'static str)], context: &mut Context) {
    for (path, why) in passed_over.iter().take(NAMED) {
        let path = escaped(&path.to_string_lossy());
        context
            .printer
            .info(format_args!("warning: skipped `{path}`: {why}"));
    }
    if passed_over.len() > NAMED {
        context.printer.info(format_args!(
            "warning: skipped {} files in total",
            passed_over.len()
        ));
    }
}

/// What is added, and how.
struct AddRun<'a> {
    archive: &'a Archive,
    place: SuiteComponent<'a>,
    arrival: UploadContext,
    /// Whether the pool shares the bytes of the files.
    link: bool,
}

impl AddRun<'_> {
    fn stage(&self, staging: &Staging, path: &Path) -> Result<StagedPackage, IngestError> {
        let file = open(path)?;
        if self.link {
            self.archive
                .stage_shared(staging, file, &self.place, &self.arrival)
        } else {
            self.archive.stage(staging, file, &self.place, &self.arrival)
        }
    }
}

/// The index of a file, and the result of staging it.
type StagedAnswer = (usize, Result<StagedPackage, IngestError>);

/// Adds files; returns how many were rejected.
///
/// All cores stage, one thread commits: while a batch is synced, the next one is staged.
fn add(addition: &AddRun<'_>, files: &[NamedFile], context: &mut Context) -> Result<usize, Failure> {
    let staging = Staging::new(addition.archive.local())?;
    let bar = progress_bar(files.len(), context);
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, |count| count.get());
    let (sender, receiver) = sync_channel::<StagedAnswer>(BATCH);
    let failed = AtomicBool::new(false);
    let mut report = AddReport {
        files,
        lines: InOrder::default(),
        rejections: 0,
        bar: &bar,
        context,
    };
    for (at, file) in files.iter().enumerate() {
        if let Some(why) = &file.rejected {
            report.add(at, Err(why.clone()));
        }
    }
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let (next, staging, failed) = (&next, &staging, &failed);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(at) else { return };
                    if file.rejected.is_some() {
                        continue;
                    }
                    let staged = addition.stage(staging, &file.path);
                    if failed.load(Ordering::Relaxed) || sender.send((at, staged)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let outcome = commit_all(addition, receiver, &mut report);
        failed.store(outcome.is_err(), Ordering::Relaxed);
        // What came before an error is in the archive: a caller has to learn of it.
        let printed = report.print_all();
        bar.finish_and_clear();
        outcome.and(printed).map(|()| report.rejections)
    })
}

fn commit_all(
    addition: &AddRun<'_>,
    receiver: Receiver<StagedAnswer>,
    report: &mut AddReport<'_>,
) -> Result<(), Failure> {
    while let Ok(first) = receiver.recv() {
        let mut numbers = Vec::new();
        let mut batch = Vec::new();
        let mut failed = None;
        // Full batches: each is one transaction, with its syncs.
        for (at, staged) in std::iter::once(first).chain(receiver.iter()).take(BATCH) {
            match staged {
                Ok(staged) => {
                    numbers.push(at);
                    batch.push((staged, addition.place));
                }
                Err(error) if error.is_rejection() => report.add(at, Err(with_causes(&error))),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let answers = addition.archive.commit(&batch, now())?;
        for (at, answer) in numbers.into_iter().zip(answers) {
            report.add(at, answer.map_err(|error| with_causes(&error)));
        }
        report.print_ready()?;
        if let Some(error) = failed {
            return Err(error.into());
        }
    }
    Ok(())
}

/// The result of each file, printed in the order of the arguments.
struct AddReport<'a> {
    files: &'a [NamedFile],
    lines: InOrder<Result<PlacementOutcome, String>>,
    rejections: usize,
    bar: &'a ProgressBar,
    context: &'a mut Context,
}

impl AddReport<'_> {
    fn add(&mut self, at: usize, answer: Result<PlacementOutcome, String>) {
        self.rejections += usize::from(answer.is_err());
        self.bar.inc(1);
        self.lines.add(at, answer);
    }

    /// Prints the lines of files before which all results are known.
    fn print_ready(&mut self) -> Result<(), Failure> {
        let ready = self.lines.ready();
        self.print(ready)
    }

    fn print_all(&mut self) -> Result<(), Failure> {
        let rest = self.lines.rest();
        self.print(rest)
    }

    fn print(&mut self, lines: Vec<(usize, Result<PlacementOutcome, String>)>) -> Result<(), Failure> {
        let bar = self.bar;
        bar.suspend(|| {
            for (at, answer) in lines {
                let file = self.files.get(at).expect("an answer is that of a file");
                print(self.context, &file.path, &answer)?;
            }
            // A line promises that its package survives a power cut, so it is printed as soon as that is true, and not later.
            Ok(self.context.printer.flush()?)
        })
    }
}

/// Puts results, which arrive in the order in which threads finish, into the order of the requests.
struct InOrder<T> {
    next: usize,
    waiting: BTreeMap<usize, T>,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self {
            next: 0,
            waiting: BTreeMap::new(),
        }
    }
}

impl<T> InOrder<T> {
    fn add(&mut self, at: usize, answer: T) {
        self.waiting.insert(at, answer);
    }

    /// Takes the results before which no other is missing.
    fn ready(&mut self) -> Vec<(usize, T)> {
        let mut ready = Vec::new();
        while let Some(answer) = self.waiting.remove(&self.next) {
            ready.push((self.next, answer));
            self.next += 1;
        }
        ready
    }

    /// Takes all results; no more are expected.
    fn rest(&mut self) -> Vec<(usize, T)> {
        std::mem::take(&mut self.waiting).into_iter().collect()
    }
}

/// Opens a regular file. For anything else the error says what it is, and nothing is waited for.
fn open(path: &Path) -> Result<File, IngestError> {
    let unreadable = |error: std::io::Error| IngestError::Unreadable(error);
    let not = |why: &str| Err(unreadable(std::io::Error::other(why.to_owned())));
    let opened = rustix::fs::open(
        path,
        // A named pipe would be waited for until somebody writes to it.
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::empty(),
    );
    let file = match opened {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) if path.is_symlink() => return not("it is a broken symbolic link"),
        Err(error) => return Err(unreadable(error.into())),
    };
    let found = file.metadata().map_err(unreadable)?;
    match found.file_type() {
        kind if !kind.is_file() => not(not_a_file(kind)),
        _ if found.len() == 0 => not("it is empty"),
        _ => Ok(file),
    }
}

fn print(
    context: &mut Context,
    path: &Path,
    answer: &Result<PlacementOutcome, String>,
) -> Result<(), PrintError> {
    let path = escaped(&path.to_string_lossy())
        .replace('\n', "\\n")
        .replace('\t', "\\t");
    match answer {
        Ok(PlacementOutcome::Unchanged) => context.printer.line(format_args!("unchanged\t{path}")),
        Ok(_) => context.printer.line(format_args!("added\t{path}")),
        Err(why) => context
            .printer
            .line(format_args!("rejected\t{path}\t{}", why.replace('\t', " "))),
    }
}

fn progress_bar(files: usize, context: &Context) -> ProgressBar {
    if !context.printer.shows_progress() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(files as u64);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} packages, {per_sec}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_out_in_the_order_of_the_questions() {
        let mut lines = InOrder::default();
        lines.add(2, "c");
        lines.add(1, "b");
        assert_eq!(lines.ready(), []);
        lines.add(0, "a");
        assert_eq!(lines.ready(), [(0, "a"), (1, "b"), (2, "c")]);
        lines.add(5, "f");
        lines.add(4, "e");
        assert_eq!(lines.ready(), []);
        // Something failed: number 3 never comes.
        assert_eq!(lines.rest(), [(4, "e"), (5, "f")]);
    }
}
