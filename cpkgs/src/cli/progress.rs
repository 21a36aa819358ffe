//! How far downloads are, on a terminal.

use cpkgs::fetch::{Progress, Wanted};
use debian_formats::terminal::escaped;
use indicatif::{ProgressBar, ProgressStyle};

/// One bar for all downloads, with the name of the last package that began.
pub(super) struct Bars(ProgressBar);

impl Bars {
    pub(super) fn new(wanted: &[Wanted]) -> Self {
        let bar = ProgressBar::new(wanted.iter().map(|wanted| wanted.size).sum());
        if let Ok(style) =
            ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} {msg}")
        {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bars {
    fn begun(&self, wanted: &Wanted, had: u64) {
        self.0.set_message(escaped(&wanted.name));
        self.0.inc(had);
    }

    fn came(&self, _: &Wanted, bytes: u64) {
        self.0.inc(bytes);
    }

    fn done(&self, wanted: &Wanted) {
        self.0.set_message(escaped(&wanted.name));
    }
}
