//! `/console`: how the archive is doing.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;

use super::answer::{Answered, page};
use super::chart::Chart;
use super::frame::Frame;
use super::visitor::Visitor;
use crate::app::App;
use crate::routes::stats::daily::{self, DayView};
use crate::routes::stats::{self, Stats};
use crate::routes::suites::publishing::{self, SuitePublishing};

#[derive(Template)]
#[template(path = "console/overview.html")]
struct Overview {
    frame: Frame,
    stats: Stats,
    size: String,
    suites: Vec<SuitePublishing>,
    charts: Vec<Chart>,
}

pub(super) async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Answered {
    let frame = Frame::new(&visitor, "Overview", None);
    let caller = visitor.caller;
    let overview = app
        .blocking(move |app| {
            let stats = stats::counted(app, &caller)?;
            let days = daily::counted(app, &caller, &daily::DayParams::default())?;
            let series = |of: fn(&DayView) -> u64| {
                let days = days.items.iter();
                days.map(|day| (day.date.clone(), of(day))).collect()
            };
            Ok(Overview {
                size: bytes(stats.size),
                stats,
                suites: publishing::of_all(app, &caller)?,
                charts: vec![
                    Chart::new("Packages placed", series(|day| day.placed)),
                    Chart::new("Downloads", series(|day| day.downloads)),
                ],
                frame,
            })
        })
        .await?;
    page(&overview)
}

/// Writes a number of bytes for people.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = UNITS.iter().find(|(_, power)| count >> power > 0);
    match unit {
        Some((unit, power)) => {
            let tenths = (u128::from(count) * 10) >> power;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{count} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_for_people() {
        for (count, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1536 << 20, "1.5 GiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        assert_eq!(bytes(u64::MAX), "16777215.9 TiB");
    }
}
