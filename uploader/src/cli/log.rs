//! The log: one JSON object a line, on stderr.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

/// Standard error, whose reader may be gone: a line that nobody can read is lost, and nothing else is.
struct Lossy;

impl Write for Lossy {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts logging, at the level of `RUST_LOG`.
pub(super) fn start() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let filter = EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new("info"))?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(|| Lossy)
        // It would say so on standard error, and panic where that is what failed.
        .log_internal_errors(false)
        .try_init()
}
