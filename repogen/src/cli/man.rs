//! `repogen man`.

use clap::CommandFactory as _;
use cli_kit::man::{Common, ManArgs, Section};

use super::Arguments;
use super::exit::{Completion, Failure};

const SECTIONS: &[Section] = &[
    (
        "EXIT STATUS",
        &[
            ("0", "It is done."),
            (
                "1",
                "Something was rejected, not found, found damaged or not possible; the rest was done.",
            ),
            ("2", "The command line or repogen.toml is wrong."),
            ("3", "The archive or its disk cannot be used."),
            ("4", "Signing failed; the published indexes are unchanged."),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            ("REPOGEN_ROOT", "The archive root, where --root is not given."),
            (
                "DATABASE_URL",
                "Another place for the catalog: sqlite:PATH or postgres://...",
            ),
            (
                "STORAGE_URL",
                "Another place for the files: a folder, or a bucket as s3://BUCKET/PREFIX.",
            ),
            (
                "REPOGEN_METRICS",
                "Where repogen watch serves metrics: an address and a port.",
            ),
            ("NO_COLOR", "When set, nothing is coloured."),
        ],
    ),
    (
        "FILES",
        &[
            ("repogen.toml", "The suites of the archive and its settings."),
            ("keys/", "The keys that sign it."),
            ("catalog.db", "Which packages are in which suite."),
            ("pool/, dists/", "What is served: packages, and their indexes."),
            ("state/", "A cache that makes publishing quick."),
        ],
    ),
];

/// What holds for all commands.
pub(super) const COMMON: Common = Common {
    sections: SECTIONS,
    see_also: &["uploader(1)", "cpkgs(1)", "apt(8)", "sources.list(5)"],
};

pub(super) fn run(args: &ManArgs) -> Result<Completion, Failure> {
    let written = args.write(Arguments::command(), &COMMON);
    written.map_err(Failure::disk)?;
    Ok(Completion::Success)
}
