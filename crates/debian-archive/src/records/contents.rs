//! The records of a Contents index: one line a path, with the packages that ship it.
//!
//! Sorted by path while packages come sorted by name, so the lines are sorted in runs that fit in memory, which are
//! kept in staged files and merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};

use archive_catalog::{Section, Snapshot};
use archive_index::IndexError;
use archive_index::cut;
use archive_index::records::{IndexRecord, RecordKey, Records, VisitRecord};
use archive_storage::staging::{StagedPath, Staging, StagingError};

mod changed;
mod line;

pub use changed::{ChangedContents, PathChanges};

/// How many bytes of lines are sorted at a time.
const RUN: usize = 32 << 20;

/// The paths of one component for one architecture.
pub struct ContentsRecords<'a> {
    /// The state they are read from.
    pub snapshot: &'a dyn Snapshot,
    /// Which of them.
    pub section: Section<'a>,
    /// Where runs are kept.
    pub staging: &'a Staging,
}

impl Records for ContentsRecords<'_> {
    fn read(&self, from: Option<&RecordKey>, visit: &mut VisitRecord<'_>) -> Result<(), IndexError> {
        let mut runs = self.sorted_runs()?;
        merge(&mut runs, &mut |path, packages| {
            let key = RecordKey(path.to_vec());
            if from.is_some_and(|from| key < *from) {
                return Ok(true);
            }
            Ok(visit(IndexRecord {
                key: &key,
                hash: cut::hash(path),
                text: &line::line(path, packages),
            })?
            .is_continue())
        })
    }
}

/// Lines `PATH NUL PACKAGE`, sorted.
struct SortedRun {
    lines: BufReader<File>,
    _path: StagedPath,
}

impl ContentsRecords<'_> {
    fn sorted_runs(&self) -> Result<Vec<SortedRun>, IndexError> {
        let mut runs = Vec::new();
        let mut text: Vec<u8> = Vec::new();
        let mut failed = None;
        self.snapshot
            .paths(&self.section, &mut |position, control, packed| {
                if failed.is_some() {
                    return;
                }
                match line::list(&position.name, control, packed) {
                    Ok(list) => {
                        for path in list.paths() {
                            text.extend_from_slice(path);
                            text.push(0);
                            text.extend_from_slice(list.package.as_bytes());
                            text.push(b'\n');
                        }
                    }
                    Err(error) => failed = Some(error),
                }
                if text.len() >= RUN {
                    match self.spill(&mut text) {
                        Ok(run) => runs.push(run),
                        Err(error) => failed = Some(error),
                    }
                }
            })
            .map_err(IndexError::source)?;
        if let Some(error) = failed {
            return Err(error);
        }
        runs.push(self.spill(&mut text)?);
        Ok(runs)
    }

    fn spill(&self, text: &mut Vec<u8>) -> Result<SortedRun, IndexError> {
        let mut lines: Vec<&[u8]> = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .collect();
        lines.sort_unstable();
        lines.dedup();
        let (path, file) = self.staging.create()?;
        let write = || -> io::Result<File> {
            let mut writer = BufWriter::new(file);
            for line in &lines {
                writer.write_all(line)?;
                writer.write_all(b"\n")?;
            }
            let mut file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.seek(SeekFrom::Start(0))?;
            Ok(file)
        };
        let written = write().and_then(|file| {
            // The staged file is open for writing only.
            drop(file);
            File::open(path.as_path())
        });
        let file = written.map_err(|source| StagingError {
            action: "write",
            path: path.as_path().to_owned(),
            source,
        })?;
        text.clear();
        Ok(SortedRun {
            lines: BufReader::new(file),
            _path: path,
        })
    }
}

/// Takes a path and its packages, and says whether to go on.
type VisitPath<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool, IndexError> + 'a;

/// Hands each path, with its packages joined by commas, to `visit` until that answers false.
fn merge(runs: &mut [SortedRun], visit: &mut VisitPath<'_>) -> Result<(), IndexError> {
    let mut heap = BinaryHeap::new();
    for at in 0..runs.len() {
        heap.extend(next_line(runs, at)?.map(|line| Reverse((line, at))));
    }
    let mut current: Vec<u8> = Vec::new();
    let mut packages: Vec<u8> = Vec::new();
    let mut last: Vec<u8> = Vec::new();
    while let Some(Reverse((line, at))) = heap.pop() {
        heap.extend(next_line(runs, at)?.map(|line| Reverse((line, at))));
        if line == last {
            continue;
        }
        let mut parts = line.splitn(2, |byte| *byte == 0);
        let (Some(path), Some(package)) = (parts.next(), parts.next()) else {
            return Err(malformed(&line));
        };
        if path == current {
            packages.push(b',');
        } else {
            if !current.is_empty() && !visit(&current, &packages)? {
                return Ok(());
            }
            current = path.to_vec();
            packages.clear();
        }
        packages.extend_from_slice(package);
        last = line;
    }
    if !current.is_empty() {
        visit(&current, &packages)?;
    }
    Ok(())
}

fn next_line(runs: &mut [SortedRun], at: usize) -> Result<Option<Vec<u8>>, IndexError> {
    let run = runs.get_mut(at).expect("only the numbers of runs are asked for");
    let mut line = Vec::new();
    let count = run
        .lines
        .read_until(b'\n', &mut line)
        .map_err(IndexError::Chunk)?;
    if count == 0 {
        return Ok(None);
    }
    // Without its end it was cut off, and so is perhaps the name of its package.
    if line.pop() != Some(b'\n') {
        return Err(malformed(&line));
    }
    Ok(Some(line))
}

fn malformed(line: &[u8]) -> IndexError {
    IndexError::Record(format!(
        "a staged list of paths is damaged at `{}`",
        line.escape_ascii()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(texts: &[&[u8]]) -> Result<Vec<(String, String)>, IndexError> {
        let root = tempfile::tempdir().unwrap();
        let staging = Staging::new(root.path()).unwrap();
        let mut runs: Vec<SortedRun> = texts
            .iter()
            .map(|text| {
                let (path, mut file) = staging.create().unwrap();
                file.write_all(text).unwrap();
                SortedRun {
                    lines: BufReader::new(File::open(path.as_path()).unwrap()),
                    _path: path,
                }
            })
            .collect();
        let mut lines = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        merge(&mut runs, &mut |path, packages| {
            lines.push((text(path), text(packages)));
            Ok(true)
        })?;
        Ok(lines)
    }

    #[test]
    fn runs_are_merged_by_path_and_the_packages_of_one_are_joined() {
        let lines = merged(&[b"a\0x/one\nc\0x/one\n", b"a\0x/two\nb\0two\n"]).unwrap();
        let line = |path: &str, packages: &str| (path.to_owned(), packages.to_owned());
        assert_eq!(
            lines,
            [line("a", "x/one,x/two"), line("b", "two"), line("c", "x/one")]
        );
    }

    #[test]
    fn a_damaged_run_is_an_error_and_not_a_line_without_a_package() {
        for text in [&b"a\0one\nb\n"[..], b"a\0one\nb\0tw"] {
            let error = merged(&[text]).unwrap_err();
            assert!(error.to_string().contains("damaged at `b"), "{error}");
        }
    }
}
