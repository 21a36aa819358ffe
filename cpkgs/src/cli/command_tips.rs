//! Tips for words that are no commands here: what other package managers call by them, and what is nearly one.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What does here what others call by a word.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["add", "get"],
        "`cpkgs install`, or for archives `cpkgs source add`",
    ),
    (&["uninstall", "erase", "delete", "rm"], "`cpkgs remove`"),
    (&["autopurge"], "`cpkgs autoremove --purge`"),
    (
        &["reinstall"],
        "`cpkgs install --reinstall --system`, or `cpkgs repair`",
    ),
    (&["clean", "autoclean", "cache"], "`cpkgs gc --downloads`"),
    (&["satisfy"], "`cpkgs install`, with names"),
    (&["showpkg", "madison", "versions"], "`cpkgs policy`"),
    (&["showsrc"], "`cpkgs source NAME --download-only`"),
    (&["pkgnames"], "`cpkgs list`"),
    (&["provides", "which", "whatprovides"], "`cpkgs search --file`"),
    (
        &["why-not"],
        "`cpkgs install --dry-run`, which shows what is in the way",
    ),
    (
        &["edit-sources", "add-repository", "repo", "fetch"],
        "`cpkgs source`",
    ),
    (
        &["apt-mark", "mark"],
        "`cpkgs hold`, `unhold` and, for what counts as asked for, `install`",
    ),
    (&["pin"], "`cpkgs hold`"),
    (&["unpin"], "`cpkgs unhold`"),
    (&["undo"], "`cpkgs rollback`"),
    (&["log"], "`cpkgs history`"),
    (&["shell"], "`cpkgs run --shell`"),
    (&["exec", "x"], "`cpkgs run`"),
    (&["outdated"], "`cpkgs list '?upgradable'`"),
    (&["login", "logout"], "`cpkgs auth`"),
    (&["upload", "publish"], "`cpkgs admin upload`"),
];

/// Returns an error of the command line with the best tip for a word that is no command.
pub(super) fn with_tip(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return error;
    }
    let word = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => word.clone(),
        _ => return error,
    };
    if let Some(tip) = elsewhere(&word) {
        error.remove(ContextKind::SuggestedSubcommand);
        let tip = StyledStr::from(format!("here it is {tip}"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
        return error;
    }
    if let Some(ContextValue::Strings(near)) = error.remove(ContextKind::SuggestedSubcommand) {
        // The best comes last.
        let best = near.into_iter().next_back().unwrap_or_default();
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::String(best));
    }
    error
}

fn elsewhere(word: &str) -> Option<&'static str> {
    let mut known = ELSEWHERE.iter();
    let (_, tip) = known.find(|(words, _)| words.contains(&word))?;
    Some(tip)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::super::Arguments;
    use super::*;

    fn said_of(word: &str) -> String {
        let error = Arguments::try_parse_from(["cpkgs", word]).expect_err("it is no command");
        with_tip(error).to_string()
    }

    #[test]
    fn words_of_others_lead_to_the_command_that_is_meant() {
        let text = said_of("uninstall");
        assert!(text.contains("here it is `cpkgs remove`"), "{text}");
        assert!(!text.contains("similar"), "{text}");
    }

    #[test]
    fn of_similar_commands_the_nearest_is_named() {
        for (word, command) in [("instal", "install"), ("purgee", "purge"), ("shwo", "show")] {
            let text = said_of(word);
            assert!(
                text.contains(&format!("a similar subcommand exists: '{command}'")),
                "{text}"
            );
        }
        assert!(!said_of("qqqq").contains("tip:"));
    }

    #[test]
    fn no_word_of_others_is_a_command_and_every_tip_names_one() {
        let commands = Arguments::command();
        let is_command = |word: &str| commands.find_subcommand(word).is_some();
        for (words, tip) in ELSEWHERE {
            assert!(words.iter().all(|word| !is_command(word)), "{words:?}");
            let mut named = tip.split("`cpkgs ").skip(1).peekable();
            assert!(named.peek().is_some(), "{tip}");
            for rest in named {
                let command = rest.split([' ', '`']).next().unwrap_or_default();
                assert!(is_command(command), "{tip}");
            }
        }
    }
}
