//! A log as lines: a file, compressed or not, or what comes on standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

/// Longest line; of a longer one, the beginning cannot be trusted to be one.
pub(super) const MAX_LINE: usize = 64 << 10;
/// How much of the beginning tells one log from another.
const HEAD: usize = 4096;
const BUFFER: usize = 256 << 10;

/// A log that is being read.
pub(crate) struct LogSource {
    name: String,
    reader: LogReader,
    head: Vec<u8>,
    /// How much of the head was handed out again.
    head_read: usize,
    line: Vec<u8>,
    line_bytes: u64,
}

enum LogReader {
    /// What is counted already is not even read.
    File(BufReader<File>),
    Stream(Box<dyn BufRead>),
}

/// A line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Without its end; `None` for one that is too long.
    pub(super) text: Option<&'a [u8]>,
    /// How many bytes of the log it takes, with its end.
    pub(super) bytes: u64,
}

impl LogSource {
    /// Opens a log; `-` is standard input.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let name = path.display().to_string();
        if path == Path::new("-") {
            return Self::stream(name, BufReader::with_capacity(BUFFER, io::stdin()));
        }
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Self::stream(name, BufReader::with_capacity(BUFFER, file));
        }
        let mut reader = BufReader::with_capacity(BUFFER, file);
        if is_gzip(&mut reader)? {
            return Self::stream(name, reader);
        }
        Ok(Self::new(name, LogReader::File(reader)))
    }

    fn stream(name: String, mut reader: impl BufRead + 'static) -> io::Result<Self> {
        let reader: Box<dyn BufRead> = if is_gzip(&mut reader)? {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(reader)))
        } else {
            Box::new(reader)
        };
        Ok(Self::new(name, LogReader::Stream(reader)))
    }

    fn new(name: String, reader: LogReader) -> Self {
        Self {
            name,
            reader,
            head: Vec::new(),
            head_read: 0,
            line: Vec::new(),
            line_bytes: 0,
        }
    }

    /// Returns what the log is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the beginning of the log, at least to the end of the first line if that is no longer than a line may be. To be called once, before lines are read.
    pub(super) fn head(&mut self) -> io::Result<&[u8]> {
        let reader: &mut dyn Read = match &mut self.reader {
            LogReader::File(reader) => reader,
            LogReader::Stream(reader) => reader,
        };
        (&mut *reader).take(HEAD as u64).read_to_end(&mut self.head)?;
        // Anybody can have the first request of a log be a long one: the log is told from others by its whole first line, then.
        while self.head.len().is_multiple_of(HEAD)
            && self.head.len() <= MAX_LINE
            && !self.head.is_empty()
            && !self.head.contains(&b'\n')
        {
            let before = self.head.len();
            (&mut *reader).take(HEAD as u64).read_to_end(&mut self.head)?;
            if self.head.len() == before {
                break;
            }
        }
        Ok(&self.head)
    }

    /// Goes to a position, counted from the beginning; false where the log is shorter.
    pub(super) fn skip(&mut self, position: u64) -> io::Result<bool> {
        let in_head = usize::try_from(position).ok().filter(|at| *at <= self.head.len());
        if let Some(at) = in_head {
            self.head_read = at;
            return Ok(true);
        }
        self.head_read = self.head.len();
        match &mut self.reader {
            LogReader::File(reader) => {
                let length = reader.get_ref().metadata()?.len();
                if position > length {
                    return Ok(false);
                }
                reader.seek(SeekFrom::Start(position)).map(|_| true)
            }
            LogReader::Stream(reader) => {
                let left = position - self.head.len() as u64;
                Ok(io::copy(&mut reader.take(left), &mut io::sink())? == left)
            }
        }
    }

    /// Reads the next line that is complete; false where there is none.
    pub(super) fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        self.line_bytes = 0;
        loop {
            let from_head = self.head_read < self.head.len();
            let buffer = if from_head {
                self.head.get(self.head_read..).unwrap_or_default()
            } else {
                match &mut self.reader {
                    LogReader::File(reader) => reader.fill_buf()?,
                    LogReader::Stream(reader) => reader.fill_buf()?,
                }
            };
            if buffer.is_empty() {
                // What is there of a line may still grow.
                return Ok(false);
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let piece = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            // One byte more than the longest tells that it is longer.
            let room = (MAX_LINE + 1).saturating_sub(self.line.len());
            self.line.extend(piece.iter().take(room));
            let used = piece.len() + usize::from(end.is_some());
            self.line_bytes += used as u64;
            if from_head {
                self.head_read += used;
            } else {
                match &mut self.reader {
                    LogReader::File(reader) => reader.consume(used),
                    LogReader::Stream(reader) => reader.consume(used),
                }
            }
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    /// Returns the line that was read last.
    pub(super) fn line(&self) -> Line<'_> {
        Line {
            text: Some(self.line.as_slice()).filter(|line| line.len() <= MAX_LINE),
            bytes: self.line_bytes,
        }
    }
}

fn is_gzip(reader: &mut impl BufRead) -> io::Result<bool> {
    Ok(reader.fill_buf()?.starts_with(&[0x1f, 0x8b]))
}
