//! How far downloads are, on a terminal.

use std::time::Duration;

use apt_client::fetch::{Download, Progress};
use debian_control::terminal::escaped;
use indicatif::{ProgressBar, ProgressStyle};
use rootless::{Listener, Stage};

use super::human_size;

/// One bar for all downloads, with the name of the last package that began.
pub(super) struct DownloadBar(ProgressBar);

impl DownloadBar {
    pub(super) fn new(wanted: &[Download]) -> Self {
        let bar = ProgressBar::new(human_size::sum(wanted.iter().map(|wanted| wanted.size)));
        if let Ok(style) = ProgressStyle::with_template(
            "{bar:30} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta} {msg}",
        ) {
            bar.set_style(style);
        }
        Self(bar)
    }
}

/// One bar for all packages that are unpacked, with the name of the program that makes files of them then.
pub(super) struct UnpackBar(ProgressBar);

impl UnpackBar {
    pub(super) fn new(packages: usize) -> Self {
        let bar = ProgressBar::new(packages as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} unpacked {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Returns what is to be told how far a change is.
    pub(super) fn listener(&self) -> Listener {
        let bar = self.0.clone();
        Listener::new(move |stage| match stage {
            Stage::Unpacked => bar.inc(1),
            Stage::Runs(program) => {
                let name = program.rsplit('/').next().unwrap_or_default();
                bar.set_message(format!("running {}", escaped(name)));
            }
        })
    }
}

impl Drop for UnpackBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// What takes a while, and nobody knows how long.
pub(super) struct Spinner(ProgressBar);

impl Spinner {
    /// Shows how many bytes came, once that takes long enough to be seen.
    pub(super) fn of_bytes() -> Self {
        Self::with_template("{spinner} {decimal_bytes} {decimal_bytes_per_sec}")
    }

    /// Shows what is being done, once that takes long enough to be seen.
    pub(super) fn saying(what: &'static str) -> Self {
        let spinner = Self::with_template("{spinner} {msg} {elapsed}");
        spinner.0.set_message(what);
        spinner
    }

    fn with_template(template: &str) -> Self {
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Returns what is to be told of bytes that came.
    pub(super) fn listener(&self) -> impl Fn(u64) + Send + Sync + 'static {
        let bar = self.0.clone();
        move |bytes| bar.inc(bytes)
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Drop for DownloadBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Progress for DownloadBar {
    fn begun(&self, wanted: &Download, had: u64) {
        self.0.set_message(escaped(&wanted.name));
        self.0.inc(had);
    }

    fn came(&self, _: &Download, bytes: u64) {
        self.0.inc(bytes);
    }

    fn done(&self, wanted: &Download) {
        self.0.set_message(escaped(&wanted.name));
    }
}

#[cfg(test)]
mod tests {
    use debian_control::digest::sha256;

    use super::*;

    #[test]
    fn sizes_that_come_to_more_than_can_be_counted_have_a_bar() {
        let invented = Download {
            name: "big".to_owned(),
            locations: Vec::new(),
            size: u64::MAX,
            sha256: sha256(b""),
        };
        let bar = DownloadBar::new(&[invented.clone(), invented]);
        assert_eq!(bar.0.length(), Some(u64::MAX));
    }
}
