//! Shows how far files are that are brought elsewhere: a bar on a terminal, and a line now and then elsewhere.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use debian_archive::transfer_progress::{TransferCounts, TransferProgress, TransferStage};
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};

use super::printer::{Printer, info};

/// How often the bar is drawn.
const DRAWN: Duration = Duration::from_millis(200);
/// How often there is a line: often enough that a service manager's log shows that it goes on, and no more.
const SAID: Duration = Duration::from_secs(30);

/// Does `work` and shows meanwhile how far it is.
pub(super) fn during<T>(printer: &Printer, work: impl FnOnce(&TransferProgress) -> T) -> T {
    let progress = TransferProgress::default();
    let is_terminal = printer.shows_progress();
    thread::scope(|scope| {
        // Dropped when the work is done, also where it panics: that ends the thread at once.
        let (working, done) = channel::<()>();
        let shown = &progress;
        scope.spawn(move || {
            if is_terminal {
                draw(shown, &done)
            } else {
                say(shown, &done)
            }
        });
        let result = work(&progress);
        drop(working);
        result
    })
}

/// Waits, and says whether the work still goes on.
fn goes_on(done: &Receiver<()>, time: Duration) -> bool {
    done.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
}

fn draw(progress: &TransferProgress, done: &Receiver<()>) {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template(
        "{bar:40} {msg}, {decimal_bytes}/{decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left",
    );
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut stage = TransferStage::default();
    while goes_on(done, DRAWN) {
        let counts = progress.counts();
        if counts.stage != stage {
            stage = counts.stage;
            bar.reset();
        }
        bar.set_length(counts.bytes_in_all);
        bar.set_position(counts.bytes);
        bar.set_message(files(&counts));
    }
    bar.finish_and_clear();
}

fn say(progress: &TransferProgress, done: &Receiver<()>) {
    while goes_on(done, SAID) {
        info(line(&progress.counts()));
    }
}

fn line(counts: &TransferCounts) -> String {
    let (bytes, in_all) = (DecimalBytes(counts.bytes), DecimalBytes(counts.bytes_in_all));
    format!("{}, {bytes} of {in_all}", files(counts))
}

fn files(counts: &TransferCounts) -> String {
    let stage = match counts.stage {
        TransferStage::Copying => "copied",
        TransferStage::Comparing => "compared",
    };
    format!("{stage} {} of {} files", counts.files, counts.files_in_all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_files_and_bytes_of_the_stage() {
        let counts = TransferCounts {
            stage: TransferStage::Comparing,
            files: 3,
            files_in_all: 12,
            bytes: 4_500_000,
            bytes_in_all: 9_000_000,
        };
        assert_eq!(line(&counts), "compared 3 of 12 files, 4.50 MB of 9.00 MB");
    }
}
