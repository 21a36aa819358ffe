//! Charts: bars of a number a day, as SVG.

use std::fmt::Write as _;

/// A chart, and the same as a table.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) title: &'static str,
    pub(super) svg: String,
    pub(super) days: Vec<(String, u64)>,
}

const WIDTH: u64 = 720;
const HEIGHT: u64 = 120;

impl Chart {
    /// Draws a bar for each day. Days are names that this program made.
    pub(super) fn new(title: &'static str, days: Vec<(String, u64)>) -> Self {
        let most = days.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
        let step = WIDTH / u64::try_from(days.len()).unwrap_or(1).max(1);
        let total: u64 = days.iter().map(|(_, count)| count).sum();
        let mut svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{title}: {total} in {} days\">",
            HEIGHT + 20,
            days.len()
        );
        for (at, (day, count)) in (0_u64..).zip(&days) {
            let height = count.saturating_mul(HEIGHT) / most;
            let _ = write!(
                svg,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{day}: {count}</title></rect>",
                at * step + 1,
                HEIGHT - height,
                step.saturating_sub(2).max(1),
                height.max(1)
            );
        }
        if let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) {
            let y = HEIGHT + 16;
            let _ = write!(
                svg,
                "<text x=\"0\" y=\"{y}\">{first}</text><text class=\"end\" x=\"{WIDTH}\" y=\"{y}\">{last}, most in a day: {most}</text>"
            );
        }
        svg.push_str("</svg>");
        Self { title, svg, days }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_fills_the_chart_and_no_day_draws_nothing() {
        let days = vec![
            ("2030-01-01".to_owned(), 2),
            ("2030-01-02".to_owned(), u64::MAX / HEIGHT),
        ];
        let chart = Chart::new("Uploads", days);
        assert!(
            chart.svg.contains(&format!("height=\"{HEIGHT}\"")),
            "{}",
            chart.svg
        );
        assert_eq!(chart.svg.matches("<rect").count(), 2);
        assert_eq!(Chart::new("Uploads", Vec::new()).svg.matches("<rect").count(), 0);
    }
}
