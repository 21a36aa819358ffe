//! The log: one JSON object a line, on stderr.

use tracing_subscriber::EnvFilter;

/// Starts logging, at the level of `RUST_LOG`.
pub(super) fn start() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let filter = EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new("info"))?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init()
}
