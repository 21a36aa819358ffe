//! All printing: data to stdout, verbosity to stderr.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write as _};
use std::os::fd::AsFd;

use cli_kit::{Output, PrintError};
use debian_control::terminal::{escaped, escaped_json};
use serde::Serialize;

use super::plan_text::{Headings, Page};
use super::table::{self, Row, TooWide};

/// The format that data is printed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutputFormat {
    /// For people.
    Text,
    /// JSON, one value a line.
    Json,
}

/// How much is printed besides the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verbosity {
    /// Messages about what is done, and progress.
    Normal,
    /// Errors only.
    Quiet,
}

/// Where a command prints.
pub(super) struct Printer {
    out: Output,
    /// How wide it is, where it is a terminal.
    width: Option<usize>,
    /// Rows that make a table there.
    rows: Vec<Row>,
    format: OutputFormat,
    verbosity: Verbosity,
}

impl Printer {
    pub(super) fn new(format: OutputFormat, verbosity: Verbosity) -> Self {
        Self {
            out: Output::stdout(),
            width: page(&io::stdout()).width,
            rows: Vec::new(),
            format,
            verbosity,
        }
    }

    /// Says whether data is printed as JSON.
    pub(super) fn json(&self) -> bool {
        self.format == OutputFormat::Json
    }

    /// Prints a line of data, or several. What comes from packages must have been escaped.
    pub(super) fn line(&mut self, line: impl Display) -> Result<(), PrintError> {
        self.lay_table()?;
        self.out.text(format_args!("{line}\n"))
    }

    /// Prints cells between tabs, each made safe for a terminal; on a terminal they stand below each other.
    pub(super) fn row(&mut self, row: impl Display) -> Result<(), PrintError> {
        self.lay_row(&row.to_string(), TooWide::RunsOver)
    }

    /// Prints a row whose last cell is a description: it ends at the edge of a terminal.
    pub(super) fn described_row(&mut self, row: impl Display) -> Result<(), PrintError> {
        self.lay_row(&row.to_string(), TooWide::Cut)
    }

    fn lay_row(&mut self, row: &str, too_wide: TooWide) -> Result<(), PrintError> {
        let cells: Vec<String> = row.split('\t').map(escaped).collect();
        if self.width.is_some() {
            self.rows.push(Row { cells, too_wide });
            return Ok(());
        }
        self.line(cells.join("\t"))
    }

    /// Prints the rows that were kept for a table.
    fn lay_table(&mut self) -> Result<(), PrintError> {
        let rows = std::mem::take(&mut self.rows);
        let mut lines = self
            .width
            .into_iter()
            .flat_map(|width| table::lines(&rows, width));
        lines.try_for_each(|line| self.out.text(format_args!("{line}\n")))
    }

    /// Prints a value as a line of JSON.
    pub(super) fn value(&mut self, value: &impl Serialize) -> Result<(), PrintError> {
        let text = serde_json::to_string(value).map_err(|error| PrintError(error.into()))?;
        self.line(escaped_json(&text))
    }

    /// Prints bytes as they are.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), PrintError> {
        self.lay_table()?;
        self.out.bytes(bytes)
    }

    /// Hands everything on to stdout.
    pub(super) fn flush(&mut self) -> Result<(), PrintError> {
        self.lay_table()?;
        self.out.flush()
    }

    /// Prints a message on stderr, unless `--quiet` is given.
    pub(super) fn info(&mut self, message: impl Display) {
        if self.verbosity == Verbosity::Normal {
            self.error_line(message);
        }
    }

    /// Prints a line on stderr, even with `--quiet`.
    pub(super) fn error_line(&mut self, message: impl Display) {
        let _ = writeln!(io::stderr(), "{message}");
    }

    /// Prints a warning on stderr, unless `--quiet` is given.
    pub(super) fn warning(&self, message: impl Display) {
        if self.verbosity == Verbosity::Normal {
            let _ = writeln!(io::stderr(), "warning: {message}");
        }
    }

    /// Prints what would help against what was warned of, unless `--quiet` is given.
    pub(super) fn hint(&self, message: impl Display) {
        if self.verbosity == Verbosity::Normal {
            let _ = writeln!(io::stderr(), "hint: {message}");
        }
    }

    /// Says whether progress may be shown on stderr, on a terminal that can move its cursor.
    pub(super) fn shows_progress(&self) -> bool {
        self.verbosity == Verbosity::Normal && io::stderr().is_terminal() && !is_dumb()
    }
}

/// Returns what a text for people is written for on a stream: on a terminal its width, and weight unless `NO_COLOR` is set.
pub(super) fn page(stream: &(impl IsTerminal + AsFd)) -> Page {
    if !stream.is_terminal() {
        return Page {
            width: None,
            headings: Headings::Plain,
        };
    }
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let size = terminal_size::terminal_size_of(stream);
    Page {
        width: size.map(|(width, _)| usize::from(width.0)),
        headings: match is_dumb() || is_set("NO_COLOR") {
            true => Headings::Plain,
            false => Headings::Bold,
        },
    }
}

/// Says whether the terminal can do nothing but print.
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb")
}
