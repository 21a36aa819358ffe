//! A plan as people read it: in groups, what was asked for first and what goes last, where the question stands.

use cpkgs::machine;
use debian_control::terminal::escaped;
use resolver::plan::{Change, Plan, Why};
use resolver::universe::{PackageId, Universe};

use super::human_size;
use super::plan_view::why_text;
use super::table::cut;

/// What the text is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// Longer lines are cut, where there is a terminal.
    pub(super) width: Option<usize>,
    /// Whether headings stand out by their weight.
    pub(super) headings: Headings,
}

/// How headings look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Headings {
    Plain,
    Bold,
}

/// One line: a package, its version, its size and why.
type Row = [String; 4];

/// Returns the lines of a plan.
pub(super) fn lines(universe: &Universe, plan: &Plan, page: Page) -> Vec<String> {
    let mut lines = Vec::new();
    for (heading, rows) in groups(universe, plan) {
        if rows.is_empty() {
            continue;
        }
        let heading = format!("{heading} ({}):", rows.len());
        lines.push(match page.headings {
            Headings::Plain => heading,
            Headings::Bold => format!("\u{1b}[1m{heading}\u{1b}[0m"),
        });
        let widest = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        // On a narrow terminal a few long cells push their own lines only.
        let at_most = |part: usize| page.width.map_or(usize::MAX, |width| width / part);
        let (name, version, size) = (widest(0).min(at_most(4)), widest(1).min(at_most(5)), widest(2));
        for [package, what, bytes, why] in &rows {
            let line = format!("  {package:name$}  {what:version$}  {bytes:>size$}  {why}");
            lines.push(cut(line.trim_end(), page.width));
        }
    }
    lines
}

fn groups(universe: &Universe, plan: &Plan) -> Vec<(&'static str, Vec<Row>)> {
    let install = |is_meant: &dyn Fn(Why) -> bool| -> Vec<Row> {
        let additions = plan.install.iter().filter(|addition| is_meant(addition.why));
        let rows = additions.map(|addition| {
            let version = universe.version(addition.package).to_owned();
            row(
                universe,
                addition.package,
                version,
                why_text(universe, addition.why),
            )
        });
        rows.collect()
    };
    let changes = |changes: &[Change]| -> Vec<Row> {
        let rows = changes.iter().map(|change| {
            let [from, to] = [change.from, change.to].map(|package| universe.version(package));
            let version = if from == to {
                to.to_owned()
            } else {
                format!("{from} -> {to}")
            };
            row(universe, change.to, version, why_text(universe, change.why))
        });
        rows.collect()
    };
    let removals = plan.remove.iter().map(|removal| {
        let version = escaped(universe.version(removal.package));
        let why = removal
            .reasons
            .first()
            .map(|reason| escaped(reason))
            .unwrap_or_default();
        [named(universe, removal.package), version, String::new(), why]
    });
    vec![
        ("install", install(&|why| why == Why::Requested)),
        (
            "install, since they are needed",
            install(&|why| matches!(why, Why::NeededBy(_))),
        ),
        (
            "install, since they are recommended",
            install(&|why| matches!(why, Why::RecommendedBy(_))),
        ),
        ("upgrade", changes(&plan.upgrade)),
        ("downgrade", changes(&plan.downgrade)),
        ("reinstall", changes(&plan.reinstall)),
        ("remove", removals.collect()),
    ]
}

fn row(universe: &Universe, package: PackageId, version: String, why: Option<String>) -> Row {
    let size = human_size::bytes(universe.size(package));
    let why = why.map(|why| escaped(&why)).unwrap_or_default();
    [named(universe, package), escaped(&version), size, why]
}

fn named(universe: &Universe, package: PackageId) -> String {
    escaped(&full_name(universe.name(package), universe.architecture(package)))
}

/// Returns the name of a package, with its architecture where that is a foreign one.
pub(super) fn full_name(name: &str, architecture: &str) -> String {
    if architecture == "all" || architecture == machine::architecture() {
        return name.to_owned();
    }
    format!("{name}:{architecture}")
}

#[cfg(test)]
mod tests {
    use debian_control::stanza::StanzaReader;
    use resolver::request::{Installed, Request, Target};
    use resolver::solve::solve;
    use resolver::universe::{Source, UniverseBuilder};

    use super::*;

    const INDEX: &str = "Package: app\nVersion: 1\nArchitecture: all\nSize: 1500\nDepends: library (>= 2)\nRecommends: more\nConflicts: old\n\n\
        Package: library\nVersion: 2\nArchitecture: all\nSize: 20\n\nPackage: more\nVersion: 1\nArchitecture: all\nSize: 7\n\n\
        Package: old\nVersion: 1\nArchitecture: all\n";

    fn text(page: Page) -> Vec<String> {
        let native = machine::architecture().parse().unwrap();
        let mut builder = UniverseBuilder::new(&native, &[]);
        for stanza in StanzaReader::new(INDEX) {
            builder.add(&stanza.unwrap(), Source::default()).unwrap();
        }
        let universe = builder.finish();
        let old = Installed {
            package: universe.versions_of("old")[0],
            mark: resolver::request::Mark::Manual,
            hold: resolver::request::Hold::Free,
        };
        let request = Request {
            install: vec![Target::named("app")],
            installed: vec![old],
            ..Request::default()
        };
        let plan = solve(&universe, &request).unwrap();
        lines(&universe, &plan, page)
    }

    #[test]
    fn a_plan_is_read_from_what_was_asked_for_to_what_goes() {
        let page = Page {
            width: None,
            headings: Headings::Plain,
        };
        assert_eq!(
            text(page),
            [
                "install (1):",
                "  app  1  1.5 kB",
                "install, since they are needed (1):",
                "  library  2  20 B  app needs it",
                "install, since they are recommended (1):",
                "  more  1  7 B  app recommends it",
                "remove (1):",
                "  old  1    `app` 1 conflicts with `old`",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_headings_stand_out() {
        let page = Page {
            width: Some(20),
            headings: Headings::Bold,
        };
        let lines = text(page);
        assert_eq!(lines[0], "\u{1b}[1minstall (1):\u{1b}[0m");
        assert_eq!(lines[3], "  library  2  20 B …");
    }
}
