//! Man pages, one for each command: made from the same words as `--help`, and from what holds for all commands. Source: man-pages(7).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

/// Write the man pages, one for each command, into a folder.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder, such as /usr/local/share/man/man1.
    folder: PathBuf,
}

/// A heading, and terms with what they mean.
pub type Section = (&'static str, &'static [(&'static str, &'static str)]);

/// What holds for all commands of a program.
#[derive(Debug)]
pub struct Common {
    /// Sections of each page, behind its own.
    pub sections: &'static [Section],
    /// Other pages, with their sections: `apt(8)`.
    pub see_also: &'static [&'static str],
}

impl Common {
    /// Returns the sections as `--help` shows them, behind the options.
    #[must_use]
    pub fn help(&self) -> String {
        let section = |(heading, terms): &Section| {
            let (first, rest) = heading.split_at(heading.len().min(1));
            let terms: String = terms
                .iter()
                .map(|(term, meaning)| {
                    // An exit code and its meaning fit on a line.
                    let between = if term.len() < 3 { "  " } else { "\n          " };
                    format!("\n  {term}{between}{meaning}")
                })
                .collect();
            format!("{first}{}:{terms}", rest.to_lowercase())
        };
        let sections: Vec<String> = self.sections.iter().map(section).collect();
        sections.join("\n\n")
    }
}

impl ManArgs {
    /// Writes the pages of a program.
    ///
    /// # Errors
    /// When the folder cannot be made or a page not be written; the folder is named.
    pub fn write(&self, program: Command, common: &Common) -> Result<(), anyhow::Error> {
        let mut command = program.disable_help_subcommand(true);
        command.build();
        let root = command.get_name().to_owned();
        let page = Pages {
            folder: &self.folder,
            root: &root,
            common,
        };
        fs::create_dir_all(&self.folder)
            .and_then(|()| page.write(&command))
            .map_err(|error| {
                let what = format!("cannot write man pages into `{}`", self.folder.display());
                anyhow::Error::new(error).context(what)
            })
    }
}

struct Pages<'a> {
    folder: &'a Path,
    root: &'a str,
    common: &'a Common,
}

impl Pages<'_> {
    /// Writes the page of a command, and those of its own commands.
    fn write(&self, command: &Command) -> io::Result<()> {
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
            self.write(inner)?;
        }
        let man = Man::new(command.clone());
        let mut page = File::create(self.folder.join(man.get_filename()))?;
        man.render_title(&mut page)?;
        man.render_name_section(&mut page)?;
        write_synopsis(command, &mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
        if command.has_subcommands() {
            man.render_subcommands_section(&mut page)?;
        }
        write_examples(command, &mut page)?;
        for (heading, terms) in self.common.sections {
            writeln!(page, ".SH \"{heading}\"")?;
            for (term, meaning) in *terms {
                writeln!(page, ".TP\n\\fB{}\\fR\n{}", written(term), written(meaning))?;
            }
        }
        self.write_see_also(command, &mut page)
    }

    fn write_see_also(&self, command: &Command, page: &mut File) -> io::Result<()> {
        let own = format!("{}(1)", self.root);
        let is_root = command.get_name() == self.root;
        let own = (!is_root).then_some(own.as_str());
        let pages = own.into_iter().chain(self.common.see_also.iter().copied());
        let pages = pages.map(|page| match page.split_once('(') {
            Some((name, section)) => format!("\\fB{}\\fR({section}", written(name)),
            None => written(page),
        });
        let pages: Vec<String> = pages.collect();
        writeln!(page, ".SH \"SEE ALSO\"\n{}", pages.join(", "))
    }
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
    let Some(help) = command.get_after_help().map(ToString::to_string) else {
        return Ok(());
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_shown_in_help() {
        let common = Common {
            sections: &[
                ("EXIT STATUS", &[("0", "It is done."), ("1", "It is not.")]),
                ("FILES", &[("keys/", "Keys.")]),
            ],
            see_also: &[],
        };
        let wanted = "Exit status:\n  0  It is done.\n  1  It is not.\n\nFiles:\n  keys/\n          Keys.";
        assert_eq!(common.help(), wanted);
    }

    #[test]
    fn text_is_not_taken_for_requests_of_roff() {
        assert_eq!(written(".cpkgs"), "\\&.cpkgs");
        assert_eq!(written("--all ~/x\\y"), "\\-\\-all \\(ti/x\\ey");
    }
}
