//! `repogen add`: .deb files into pool and catalog.

use std::fs::{File, FileType};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use archive_catalog::PlacementOutcome;
use archive_storage::staging::Staging;
use clap::Args;
use debian_archive::archive::Archive;
use debian_archive::ingest::{Arrival, FileKind, IngestError, Names, Place, Staged};
use indicatif::{ProgressBar, ProgressStyle};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use walkdir::WalkDir;

use super::exit::{Done, Failure, with_causes};
use super::system_clock::now;
use super::{Context, select};
use debian_control::terminal::escaped;

/// How many packages share a transaction and its syncs.
const BATCH: usize = 128;

/// Add .deb files, and directories of them, to the pool and the catalog.
///
/// Prints one line a file: `added`, `unchanged` or `rejected`, the path, and for rejected files the reason. Nothing is
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
    /// .deb and .ddeb files, and directories to search for them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(super) fn run(args: AddArgs, context: &mut Context) -> Result<Done, Failure> {
    let archive = context.archive()?;
    let suite = select::suite(archive.config(), args.suite.as_deref())?;
    let place = Place {
        suite,
        component: select::component(suite, args.component.as_deref())?,
    };
    let mut rejections = 0;
    let mut passed_over = Vec::new();
    let reject = |path: &Path, why| {
        rejections += 1;
        report(context, path, &Err(why))
    };
    let files = list(&args.paths, reject, &mut passed_over)?;
    tell_passed_over(&passed_over, context);
    let arrival = Arrival {
        now: now(),
        names: if args.allow_odd_names {
            Names::AsDpkg
        } else {
            Names::OfPolicy
        },
        ..Arrival::default()
    };
    rejections += add(&archive, &place, &arrival, &files, context)?;
    Ok(Done::after(rejections))
}

/// How many of the files that were passed over are named.
const NAMED: usize = 20;

/// Returns the files to take: those that are named, and every package below the folders that are named.
fn list(
    paths: &[PathBuf],
    mut reject: impl FnMut(&Path, String) -> Result<(), Failure>,
    passed_over: &mut Vec<(PathBuf, &'static str)>,
) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            match FileKind::of(path) {
                FileKind::NotTaken(why) => reject(path, why.to_owned())?,
                FileKind::Package | FileKind::Other => files.push(path.clone()),
            }
            continue;
        }
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    reject(error.path().unwrap_or(path), with_causes(&error))?;
                    continue;
                }
            };
            let kind = entry.file_type();
            match FileKind::of(entry.path()) {
                FileKind::Package if kind.is_file() => files.push(entry.into_path()),
                FileKind::Package if kind.is_dir() && entry.depth() == 0 => {}
                FileKind::Package => passed_over.push((entry.into_path(), not_a_file(kind))),
                FileKind::NotTaken(why) => passed_over.push((entry.into_path(), why)),
                FileKind::Other => {}
            }
        }
    }
    Ok(files)
}

fn not_a_file(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "it is a folder: the packages in it are taken"
    } else if kind.is_symlink() {
        "it is a symbolic link: name the file itself"
    } else if kind.is_fifo() {
        "it is a named pipe, not a file"
    } else {
        "it is not a regular file"
    }
}

/// Says what looked like a package in a folder and was not taken.
fn tell_passed_over(passed_over: &[(PathBuf, &'static str)], context: &mut Context) {
    for (path, why) in passed_over.iter().take(NAMED) {
        let path = escaped(&path.to_string_lossy());
        context
            .printer
            .tell(format_args!("warning: passed over `{path}`: {why}"));
    }
    if passed_over.len() > NAMED {
        context.printer.tell(format_args!(
            "warning: passed over {} files in all",
            passed_over.len()
        ));
    }
}

type Answer = (PathBuf, Result<Staged, IngestError>);

/// Adds files; returns how many were rejected.
///
/// All cores stage, one thread commits: what is staged while a batch is synced makes the next batch.
fn add(
    archive: &Archive,
    place: &Place<'_>,
    arrival: &Arrival,
    files: &[PathBuf],
    context: &mut Context,
) -> Result<usize, Failure> {
    let staging = Staging::new(archive.root())?;
    let bar = progress_bar(files.len(), context);
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, |count| count.get());
    let (sender, receiver) = sync_channel::<Answer>(BATCH);
    let failed = Mutex::new(false);
    let stopped = || *failed.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let (next, staging) = (&next, &staging);
            let stopped = &stopped;
            scope.spawn(move || {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let staged = open(path).and_then(|file| archive.stage(staging, file, place, arrival));
                    if stopped() || sender.send((path.clone(), staged)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let outcome = commit_all(archive, place, receiver, &bar, context);
        *failed.lock().unwrap_or_else(PoisonError::into_inner) = outcome.is_err();
        bar.finish_and_clear();
        outcome
    })
}

fn commit_all(
    archive: &Archive,
    place: &Place<'_>,
    receiver: Receiver<Answer>,
    bar: &ProgressBar,
    context: &mut Context,
) -> Result<usize, Failure> {
    let mut rejections = 0;
    while let Ok(first) = receiver.recv() {
        let mut paths = Vec::new();
        let mut batch = Vec::new();
        for (path, staged) in std::iter::once(first).chain(receiver.try_iter()).take(BATCH) {
            match staged {
                Ok(staged) => {
                    paths.push(path);
                    batch.push((staged, *place));
                }
                Err(error) if error.is_rejection() => {
                    rejections += 1;
                    bar.suspend(|| report(context, &path, &Err(with_causes(&error))))?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let answers = archive.commit(&batch, now())?;
        bar.inc((batch.len()) as u64);
        for (path, answer) in paths.iter().zip(answers) {
            rejections += usize::from(answer.is_err());
            let answer = answer.map_err(|error| with_causes(&error));
            bar.suspend(|| report(context, path, &answer))?;
        }
        // A line says that its package will be there after a power cut, so it goes out as soon as that is so.
        context.printer.flush()?;
    }
    Ok(rejections)
}

/// Opens a file; what is none is told by what it is, and never waited for.
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
        Err(Errno::NOENT) if path.is_symlink() => return not("it is a symbolic link to nothing"),
        Err(error) => return Err(unreadable(error.into())),
    };
    let found = file.metadata().map_err(unreadable)?;
    match found.file_type() {
        kind if !kind.is_file() => not(not_a_file(kind)),
        _ if found.len() == 0 => not("it is empty"),
        _ => Ok(file),
    }
}

fn report(
    context: &mut Context,
    path: &Path,
    answer: &Result<PlacementOutcome, String>,
) -> Result<(), Failure> {
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
