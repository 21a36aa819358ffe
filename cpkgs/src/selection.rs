//! What a person means by the words of a command: packages by name, files, or all packages that a pattern matches; and whether they
//! are to come or to go.
//!
//! Source: apt-get(8), "install", and apt-patterns(7). A name that some package has is that package, whatever it ends in: `g++` is one.

use std::path::Path;

use crate::package_pattern::PackagePattern;
use crate::preferences::Pattern;
use crate::resolver_input::ResolverInput;
use crate::spec::{Named, Spec};

/// A word of a command.
#[derive(Debug, Clone)]
pub enum Word {
    /// One package.
    One(Spec),
    /// Packages by their names.
    Names {
        /// What was written.
        text: String,
        /// What names are compared with.
        pattern: Pattern,
        /// Of this architecture only.
        architecture: Option<String>,
        /// What a sign at its end asks for.
        verb: Option<Verb>,
    },
    /// Packages by what is known of them.
    Known {
        /// What was written.
        text: String,
        /// What packages are compared with.
        pattern: PackagePattern,
    },
}

/// Whether packages are to come or to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// They come.
    Install,
    /// They go.
    Remove,
}

/// What the words of a command come to.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// What is to come, in the order of the words.
    pub install: Vec<Spec>,
    /// What is to go, in the order of the words.
    pub remove: Vec<Named>,
}

impl Word {
    /// Reads a word. What is called like a file of the working directory and ends in `.deb` is that.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let path = Path::new(text);
        if path.extension().is_some_and(|end| end == "deb") && path.is_file() {
            return Ok(Self::One(Spec::File(path.to_owned())));
        }
        if PackagePattern::is_one(text) {
            let pattern = text.parse::<PackagePattern>();
            return Ok(Self::Known {
                pattern: pattern.map_err(|error| error.to_string())?,
                text: text.to_owned(),
            });
        }
        if !is_for_names(text) {
            return Spec::parse(text).map(Self::One);
        }
        let (rest, verb) = signed(text);
        let (rest, architecture) = match rest.rsplit_once(':') {
            // In an expression a colon may stand in brackets.
            Some((rest, architecture)) if debian_control::name::is_known_to_dpkg(architecture) => {
                (rest, Some(architecture.to_owned()))
            }
            _ => (rest, None),
        };
        Ok(Self::Names {
            pattern: name_pattern(rest).map_err(|error| error.to_string())?,
            text: text.to_owned(),
            architecture,
            verb,
        })
    }

    /// Says whether it is a file.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::One(Spec::File(_)))
    }

    /// Adds to a selection what it means; `verb` is what the command does with words that do not say it.
    ///
    /// # Errors
    /// That it matches nothing.
    fn select(&self, verb: Verb, input: &ResolverInput<'_>, selection: &mut Selection) -> Result<(), String> {
        match self {
            Self::One(Spec::Named(named)) => {
                let (named, verb) = resolved(named, verb, input);
                selection.add(verb, named);
                Ok(())
            }
            Self::One(file @ Spec::File(_)) => {
                selection.install.push(file.clone());
                Ok(())
            }
            Self::Names {
                text,
                pattern,
                architecture,
                verb: said,
            } => {
                let verb = said.unwrap_or(verb);
                let names = PackagePattern::Has(crate::package_pattern::Text::Name, pattern.clone());
                let is_meant = |named: &Named| named.architecture == *architecture;
                let found = names.packages(input).into_iter().filter(is_meant);
                selection.add_all(text, verb, found.collect(), input)
            }
            Self::Known { text, pattern } => selection.add_all(text, verb, pattern.packages(input), input),
        }
    }
}

impl Selection {
    /// Returns what words mean; `verb` is what the command does with those that do not say it.
    ///
    /// # Errors
    /// Which of them matches nothing.
    pub fn of(words: &[Word], verb: Verb, input: &ResolverInput<'_>) -> Result<Self, String> {
        let mut selection = Self::default();
        for word in words {
            word.select(verb, input, &mut selection)?;
        }
        Ok(selection)
    }

    fn add(&mut self, verb: Verb, named: Named) {
        match verb {
            Verb::Install => self.install.push(Spec::Named(named)),
            Verb::Remove => self.remove.push(named),
        }
    }

    /// Adds what a pattern matches: to install, what some source has; to remove, what is installed.
    fn add_all(
        &mut self,
        text: &str,
        verb: Verb,
        matched: Vec<Named>,
        input: &ResolverInput<'_>,
    ) -> Result<(), String> {
        let is_meant = |named: &Named| match verb {
            Verb::Install => input
                .matching(named)
                .iter()
                .any(|package| input.universe.priority(*package) >= 0),
            Verb::Remove => input.installed_of(named).next().is_some(),
        };
        let mut is_any = false;
        for named in matched.into_iter().filter(is_meant) {
            is_any = true;
            self.add(verb, named);
        }
        match (is_any, verb) {
            (true, _) => Ok(()),
            (false, Verb::Install) => Err(format!("no package matches `{text}`")),
            (false, Verb::Remove) => Err(format!("no installed package matches `{text}`")),
        }
    }
}

/// Returns what a name means: where no package has it, a sign at its end says what to do with the rest.
fn resolved(named: &Named, verb: Verb, input: &ResolverInput<'_>) -> (Named, Verb) {
    let universe = &input.universe;
    let is_known =
        |name: &str| !universe.versions_of(name).is_empty() || universe.providers_of(name).next().is_some();
    let is_plain = named.version.is_none() && named.suite.is_none();
    if !is_plain || is_known(&named.name) && named.architecture.is_none() {
        return (named.clone(), verb);
    }
    let text = named.to_string();
    match signed(&text) {
        (rest, Some(said)) => match Named::parse(rest) {
            Ok(rest) if is_known(&rest.name) => (rest, said),
            _ => (named.clone(), verb),
        },
        (_, None) => (named.clone(), verb),
    }
}

/// Cuts off the sign that says what to do. Source: apt-get(8), "install".
fn signed(text: &str) -> (&str, Option<Verb>) {
    if let Some(rest) = text.strip_suffix('-') {
        return (rest, Some(Verb::Remove));
    }
    match text.strip_suffix('+') {
        Some(rest) => (rest, Some(Verb::Install)),
        None => (text, None),
    }
}

/// Says whether a word is for all packages with such names: a glob, or an expression that says where a name begins or ends.
fn is_for_names(text: &str) -> bool {
    text.contains(['*', '?', '['])
        || text.starts_with(['^', '/']) && !text.ends_with(".deb")
        || text.ends_with('$')
}

/// Reads what names are compared with: a glob, or a regular expression between slashes or with `^` before it or `$` after it.
///
/// # Errors
/// When it is no regular expression.
pub fn name_pattern(text: &str) -> Result<Pattern, crate::preferences::PatternError> {
    if text.starts_with('^') || text.ends_with('$') {
        Pattern::expression(text)
    } else {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_name_a_file_or_a_pattern() {
        let kind = |text: &str| match Word::parse(text) {
            Ok(Word::One(Spec::Named(_))) => "name",
            Ok(Word::One(Spec::File(_))) => "file",
            Ok(Word::Names { verb: None, .. }) => "names",
            Ok(Word::Names {
                verb: Some(Verb::Remove),
                ..
            }) => "names to remove",
            Ok(Word::Names { .. }) => "names to install",
            Ok(Word::Known { .. }) => "known",
            Err(_) => "wrong",
        };
        for (text, expected) in [
            ("vim", "name"),
            ("g++", "name"),
            ("vim-", "name"),
            ("vim:i386", "name"),
            ("vim/sid", "name"),
            ("./vim.deb", "file"),
            ("/tmp/vim.deb", "file"),
            ("lib*-dev", "names"),
            ("lib*:i386", "names"),
            ("lib*-", "names to remove"),
            ("lib*+", "names to install"),
            ("^lib", "names"),
            ("-dev$", "names"),
            ("/^lib/", "names"),
            ("?installed", "known"),
            ("~i", "known"),
            ("!~i", "known"),
            ("?nothing", "wrong"),
            ("^(", "wrong"),
            ("A b", "wrong"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}
