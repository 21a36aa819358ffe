//! Rows as a table on a terminal.

/// Between two columns.
const GAP: &str = "  ";

/// Returns rows as lines of a table that is no wider than the terminal: what does not fit is cut at its edge.
///
/// No column but the last takes more than its share of the width; a cell that is longer pushes the rest of its own line only.
pub(super) fn lines(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let share = width / count.max(1);
    let length = |cell: &String| cell.chars().count();
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(length).max();
    let widths: Vec<usize> = (0..count)
        .map(|column| widest(column).unwrap_or(0).min(share))
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join(GAP);
        cut(line.trim_end(), Some(width))
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

    #[test]
    fn columns_stand_below_each_other_and_no_line_is_wider_than_the_terminal() {
        let row = |cells: &[&str]| {
            cells
                .iter()
                .map(|cell| (*cell).to_owned())
                .collect::<Vec<String>>()
        };
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
