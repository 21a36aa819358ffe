//! Downloads out of the logs of whoever serves the files: nginx, or a CDN.
//!
//! Each line counts once, however often its log is given and whatever the log is called by then: a log is known by its
//! first bytes, and the catalog has how far it was counted. Nothing of who fetched is kept. What a log says comes from
//! outside, so that an invalid line is counted as such, and passed over.

mod counter;
mod line;
mod source;

pub(crate) use counter::LogCounter;
pub(crate) use source::LogSource;

use archive_catalog::CatalogError;
use archive_catalog::downloads::LogPosition;
use debian_archive::archive::Archive;
use debian_control::digest::sha256;

/// After so many lines what was found is written: a run that is cut off begins again there.
const LINES_AT_A_TIME: u64 = 500_000;
/// The same after so many different counts, which bounds the memory.
const COUNTS_AT_A_TIME: usize = 50_000;

/// What became of the lines of a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LogSummary {
    /// New lines.
    pub(crate) lines: u64,
    /// Downloads among them.
    pub(crate) counted: u64,
    /// Requests for a `.deb` that the catalog does not know.
    pub(crate) unknown: u64,
    /// Lines that are none of a log.
    pub(crate) malformed: u64,
}

/// Why a log is not counted to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    /// It cannot be read. What was counted before stays counted.
    #[error("cannot read `{name}`")]
    Read { name: String, source: std::io::Error },
    /// Two count the same lines.
    #[error("`{0}` is being counted by another process: let one do it")]
    Taken(String),
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

/// Counts what is new in a log.
pub(crate) fn ingest(
    archive: &Archive,
    counter: &mut LogCounter,
    source: &mut LogSource,
    now: i64,
) -> Result<LogSummary, LogError> {
    let name = source.name().to_owned();
    let read = |source| LogError::Read {
        name: name.clone(),
        source,
    };
    let head = source.head().map_err(read)?.to_vec();
    // With less than a line nothing can be counted yet, and any log may begin so.
    if !head.contains(&b'\n') && head.len() <= source::MAX_LINE {
        return Ok(LogSummary::default());
    }
    let mut known = archive
        .downloads()
        .logs()?
        .into_iter()
        .find(|log| is_head(&head, log));
    let mut at = known.as_ref().map_or(0, |log| log.position);
    if !source.skip(at).map_err(read)? {
        return Ok(LogSummary::default());
    }
    let mut total = LogSummary::default();
    loop {
        let mut summary = LogSummary::default();
        let mut more = true;
        while summary.lines < LINES_AT_A_TIME && counter.waiting() < COUNTS_AT_A_TIME {
            more = source.next_line().map_err(read)?;
            if !more {
                break;
            }
            let line = source.line();
            at += line.bytes;
            counter.take(line.text, now, &mut summary);
        }
        if summary.lines == 0 {
            return Ok(total);
        }
        let after = LogPosition {
            head: sha256(&head),
            head_bytes: head.len() as u64,
            position: at,
        };
        let moved = archive
            .downloads()
            .count_logged(&counter.finish(), known.as_ref(), &after, now)?;
        if !moved {
            return Err(LogError::Taken(name));
        }
        known = Some(after);
        total.add(&summary);
        if !more {
            return Ok(total);
        }
    }
}

/// Says whether a log that begins with `head` is this one.
fn is_head(head: &[u8], log: &LogPosition) -> bool {
    let bytes = usize::try_from(log.head_bytes).ok();
    bytes
        .and_then(|bytes| head.get(..bytes))
        .is_some_and(|head| sha256(head) == log.head)
}

impl LogSummary {
    fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.counted += other.counted;
        self.unknown += other.unknown;
        self.malformed += other.malformed;
    }
}
