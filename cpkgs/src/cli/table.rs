//! Rows as a table on a terminal.

/// Between two columns.
const GAP: &str = "  ";

/// What becomes of a row that is wider than the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooWide {
    /// It is cut at the edge: what stands last is a description, and says least.
    Cut,
    /// It runs over: every cell is something to compare or to copy.
    RunsOver,
}

/// A row of a table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) cells: Vec<String>,
    pub(super) too_wide: TooWide,
}

/// Returns rows as lines of a table for a terminal.
///
/// No column but the last takes more than its share of the width; a cell that is longer pushes the rest of its own line only.
pub(super) fn lines(rows: &[Row], width: usize) -> Vec<String> {
    let count = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let share = width / count.max(1);
    let length = |cell: &String| cell.chars().count();
    let widest = |column: usize| {
        rows.iter()
            .filter_map(|row| row.cells.get(column))
            .map(length)
            .max()
    };
    let widths: Vec<usize> = (0..count)
        .map(|column| widest(column).unwrap_or(0).min(share))
        .collect();
    let line = |row: &Row| {
        let cells = row
            .cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join(GAP);
        match row.too_wide {
            TooWide::Cut => cut(line.trim_end(), Some(width)),
            TooWide::RunsOver => line.trim_end().to_owned(),
        }
    };
    rows.iter().map(line).collect()
}

/// Cuts a line at the edge of the terminal: what stands last says least.
pub(super) fn cut(line: &str, width: Option<usize>) -> String {
    match width {
        Some(width) if line.chars().count() > width => {
            let kept: String = line.chars().take(width.saturating_sub(1)).collect();
            format!("{kept}…")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row_of(cells: &[&str], too_wide: TooWide) -> Row {
        Row {
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
            too_wide,
        }
    }

    #[test]
    fn what_is_to_be_compared_or_copied_is_there_as_a_whole() {
        let row = |cells: &[&str]| row_of(cells, TooWide::RunsOver);
        let rows = [
            row(&["http://a", "0054FFE9DE40376B"]),
            row(&["http://example.org", "11"]),
        ];
        assert_eq!(
            lines(&rows, 20),
            ["http://a    0054FFE9DE40376B", "http://example.org  11"]
        );
    }

    #[test]
    fn columns_stand_below_each_other_and_a_description_ends_at_the_edge() {
        let row = |cells: &[&str]| row_of(cells, TooWide::Cut);
        let rows = [
            row(&["jq", "1.7", "a JSON processor"]),
            row(&["lib", "1:2.0-1"]),
            row(&["a-very-long-name", "1", "of all"]),
        ];
        assert_eq!(
            lines(&rows, 30),
            [
                "jq          1.7      a JSON p…",
                "lib         1:2.0-1",
                "a-very-long-name  1        of…"
            ]
        );
        assert_eq!(lines(&[], 30), [""; 0]);
    }
}
