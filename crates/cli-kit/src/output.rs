//! Data on stdout.

use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, Write};

/// Data was not written to standard output.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
pub struct PrintError(#[source] pub io::Error);

/// Standard output, buffered. Once its reader has closed it, as `head` does, what follows is discarded and is no error.
#[derive(Debug)]
pub struct Output<W: Write = io::Stdout> {
    out: BufWriter<W>,
    closed: bool,
}

impl Output {
    /// Makes one for the standard output of this process.
    pub fn stdout() -> Self {
        Self::new(io::stdout())
    }
}

impl<W: Write> Output<W> {
    fn new(out: W) -> Self {
        Self {
            out: BufWriter::with_capacity(64 * 1024, out),
            closed: false,
        }
    }

    /// Prints text as it is.
    ///
    /// # Errors
    /// When it cannot be written, as on a full disk.
    pub fn text(&mut self, text: impl Display) -> Result<(), PrintError> {
        self.write(|out| write!(out, "{text}"))
    }

    /// Prints bytes as they are.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), PrintError> {
        self.write(|out| out.write_all(bytes))
    }

    /// Hands on what is buffered.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn flush(&mut self) -> Result<(), PrintError> {
        self.write(Write::flush)
    }

    fn write(&mut self, write: impl FnOnce(&mut BufWriter<W>) -> io::Result<()>) -> Result<(), PrintError> {
        if self.closed {
            return Ok(());
        }
        match write(&mut self.out) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            written => written.map_err(PrintError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails each write in one way, and counts them.
    struct Broken(ErrorKind, usize);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_ends_the_writing_and_is_no_error() {
        let mut output = Output::new(Broken(ErrorKind::BrokenPipe, 0));
        output.text("one\n").unwrap();
        output.flush().unwrap();
        output.text("two\n").unwrap();
        output.flush().unwrap();
        assert_eq!(output.out.get_ref().1, 1);
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let mut output = Output::new(Broken(ErrorKind::StorageFull, 0));
        output.text("one\n").unwrap();
        let error = output.flush().unwrap_err();
        assert_eq!(error.0.kind(), ErrorKind::StorageFull);
    }
}
