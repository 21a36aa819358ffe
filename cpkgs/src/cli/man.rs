//! `cpkgs man`: made from the same words as `--help`, and from what holds for all commands.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use super::failure::{Failure, REFUSED};
use super::{Arguments, Context, Outcome};

/// Write the man pages, one for each command, into a folder.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The folder, such as /usr/local/share/man/man1.
    folder: PathBuf,
}

/// What holds for all commands: a heading, and terms with what they mean.
const SECTIONS: [(&str, &[(&str, &str)]); 3] = [
    (
        "EXIT STATUS",
        &[
            ("0", "It is done."),
            (
                "1",
                "The request cannot be satisfied; for check, packages cannot be installed.",
            ),
            ("2", "The command line or the configuration is not right."),
            ("3", "A server cannot be reached."),
            ("4", "Something is not what its signature or digest says."),
            ("5", "It is not permitted."),
            ("130", "It was interrupted."),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            (
                "CPKGS_HOME",
                "The folder of the configuration, in place of ~/.cpkgs.",
            ),
            ("CPKGS_INSTALL_DIR", "Where packages are installed without root."),
            ("CPKGS_CACHE_DIR", "Where indexes and packages are cached."),
            (
                "CPKGS_BASE",
                "What of the host counts as installed without root: self or host.",
            ),
            (
                "CPKGS_DOWNLOAD_LIMIT",
                "Most kB that come from archives in a second.",
            ),
            (
                "CPKGS_REGISTRY, CPKGS_TOKEN",
                "The registry for uploads, and an API token for it.",
            ),
            (
                "http_proxy, https_proxy, all_proxy, no_proxy",
                "Proxies, and hosts that go without.",
            ),
            ("NO_COLOR", "When set, headings are not bold."),
        ],
    ),
    (
        "FILES",
        &[
            ("~/.cpkgs/config.toml", "Sources, the registry and its token."),
            ("~/.cpkgs/keyrings/", "Keys of sources."),
            (
                "~/.cpkgs/packages/",
                "What is installed without root; its programs are in bin/.",
            ),
            (
                "/etc/apt/preferences, /etc/apt/preferences.d/",
                "Pins, which count with --system.",
            ),
            ("/var/log/apt/history.log", "What was changed with --system."),
        ],
    ),
];

pub(super) fn run(args: &ManArgs, _context: &mut Context) -> Result<Outcome, Failure> {
    let what = format!("cannot write man pages into `{}`", args.folder.display());
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    std::fs::create_dir_all(&args.folder)
        .and_then(|()| write_pages(&command, &args.folder))
        .map_err(|error| Failure::new(REFUSED, anyhow::Error::new(error).context(what)))?;
    Ok(Outcome::Success)
}

/// Writes the page of a command, and those of its own commands.
fn write_pages(command: &Command, folder: &Path) -> io::Result<()> {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        write_pages(inner, folder)?;
    }
    let man = Man::new(command.clone());
    let mut page = File::create(folder.join(man.get_filename()))?;
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    write_synopsis(command, &mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let is_root = command.get_name() == "cpkgs";
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    write_examples(command, &mut page)?;
    for (heading, terms) in SECTIONS {
        writeln!(page, ".SH \"{heading}\"")?;
        for (term, meaning) in terms {
            writeln!(page, ".TP\n\\fB{}\\fR\n{}", written(term), written(meaning))?;
        }
    }
    let others = match is_root {
        true => "",
        false => "\\fBcpkgs\\fR(1), ",
    };
    writeln!(
        page,
        ".SH \"SEE ALSO\"\n{others}\\fBapt\\fR(8), \\fBdpkg\\fR(1), \\fBapt_preferences\\fR(5), \\fBapt_auth.conf\\fR(5)"
    )
}

/// Writes how a command is typed, as its `--help` does.
fn write_synopsis(command: &Command, page: &mut File) -> io::Result<()> {
    let usage = command.clone().render_usage().to_string();
    let lines = usage.trim_start_matches("Usage:").lines();
    let lines: Vec<String> = lines.map(str::trim).map(written).collect();
    writeln!(page, ".SH SYNOPSIS\n.nf\n{}\n.fi", lines.join("\n"))
}

/// Writes the examples of a command's help, each on a line of its own.
fn write_examples(command: &Command, page: &mut File) -> io::Result<()> {
    let help = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let examples = help.lines().filter_map(|line| {
        let example = line.strip_prefix("  ").or(line.strip_prefix("Example: "));
        example.map(str::trim)
    });
    let examples: Vec<String> = examples.map(written).collect();
    if examples.is_empty() {
        return Ok(());
    }
    writeln!(page, ".SH EXAMPLES\n.nf\n{}\n.fi", examples.join("\n"))
}

/// Returns text so that roff prints it as it is.
fn written(text: &str) -> String {
    let text = text
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('~', "\\(ti");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}
