//! Follows a maintainer script as it would run when its package is installed for the first time, and runs nothing of it.
//!
//! What cannot be known, such as what another program prints, is unknown; where a condition is, both ways are followed.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::conditions::{test, versions};
use super::lexer::{Piece, UNKNOWN, Word};
use super::parser::{Command, Link, Simple, Step, parse};
use crate::generation::pattern::matches;
use crate::generation::tree::{Tree, Writing};

/// How the names of temporary files begin.
pub(super) const TEMPORARY: &str = "/tmp/.made-by-mktemp-";
/// Most commands that are followed, and how deep functions and commands whose output is used may lie in each other.
const MAX_STEPS: usize = 20_000;
const MAX_CALLS: usize = 12;
/// Most words that one becomes.
const MAX_WORDS: usize = 1000;
/// The longest value of a variable, and most bytes of text that words become altogether: a script can double a text with each step.
const MAX_VALUE: usize = 64 << 10;
const MAX_TEXT: usize = 4 << 20;
/// Most patterns for names of files, and the longest text that is compared with a pattern.
const MAX_PATTERNS: usize = 200;
const MAX_COMPARED: usize = 1024;
/// The script that debconf has others read: it sets no variables of theirs.
const DEBCONF: &str = "/debconf/confmodule";

/// A command that a script would run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::generation) struct Call {
    pub(in crate::generation) words: Vec<String>,
    /// The file that its output goes to.
    pub(in crate::generation) output: Option<Output>,
}

/// Where the output of a command goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::generation) struct Output {
    pub(super) path: String,
    pub(super) writing: Writing,
    /// What it is, where the command certainly runs and all of that is known.
    pub(super) text: Option<String>,
}

/// Where a package is installed.
pub(super) struct Installation<'a> {
    pub(super) tree: &'a Tree,
    pub(super) package: &'a str,
    pub(super) architecture: &'a str,
}

/// Returns the commands that a script would run, in their order.
pub(super) fn calls(script: &str, installation: &Installation<'_>) -> Vec<Call> {
    let known = [
        ("1", "configure"),
        ("2", ""),
        ("#", "2"),
        ("DPKG_ROOT", ""),
        ("DPKG_MAINTSCRIPT_NAME", "postinst"),
        ("DPKG_MAINTSCRIPT_PACKAGE", installation.package),
        ("DPKG_MAINTSCRIPT_ARCH", installation.architecture),
        // What debconf answers.
        ("RET", "\0"),
    ];
    let mut evaluation = Evaluation {
        installation,
        variables: known
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        functions: BTreeMap::new(),
        calls: Vec::new(),
        steps: 0,
        text: 0,
        patterns: 0,
        depth: 0,
        doubts: 0,
        temporary: 0,
        ended: false,
        has_read_others: false,
    };
    evaluation.all(&parse(script));
    evaluation.calls
}

struct Evaluation<'a> {
    installation: &'a Installation<'a>,
    variables: BTreeMap<String, String>,
    functions: BTreeMap<String, Rc<Vec<Step>>>,
    calls: Vec<Call>,
    steps: usize,
    /// How many bytes of text words became.
    text: usize,
    patterns: usize,
    depth: usize,
    /// How many conditions around this place are unknown.
    doubts: usize,
    temporary: usize,
    ended: bool,
    /// Whether it read a script of others, which may have set any variable.
    has_read_others: bool,
}

impl Evaluation<'_> {
    /// Follows commands; returns whether the last succeeds, where that is known.
    fn all(&mut self, steps: &[Step]) -> Option<bool> {
        let mut status = Some(true);
        for step in steps {
            if self.is_over() {
                return None;
            }
            self.steps += 1;
            let runs = match step.link {
                Link::Always => Some(true),
                Link::And => status,
                Link::Or => status.map(|status| !status),
            };
            if runs == Some(false) {
                continue;
            }
            self.doubts += usize::from(runs.is_none());
            let result = self.one(&step.command).map(|result| result != step.negated);
            self.doubts -= usize::from(runs.is_none());
            status = if runs.is_none() { None } else { result };
        }
        status
    }

    fn is_over(&self) -> bool {
        self.ended || self.steps >= MAX_STEPS || self.text >= MAX_TEXT
    }

    fn one(&mut self, command: &Command) -> Option<bool> {
        match command {
            Command::Group(body) => self.all(body),
            Command::If(arms) => self.condition(arms),
            Command::Case { subject, arms } => self.choice(subject, arms),
            Command::While { condition, body } => {
                self.doubts += 1;
                self.all(condition);
                self.all(body);
                self.doubts -= 1;
                None
            }
            Command::For { name, words, body } => {
                for word in self.words(words) {
                    if self.is_over() {
                        break;
                    }
                    self.variables.insert(name.clone(), word);
                    self.all(body);
                }
                None
            }
            Command::Function { name, body } => {
                self.functions.insert(name.clone(), Rc::clone(body));
                Some(true)
            }
            Command::Simple(command) => self.simple(command),
        }
    }

    fn condition(&mut self, arms: &[(Vec<Step>, Vec<Step>)]) -> Option<bool> {
        let doubts = self.doubts;
        let mut status = None;
        for (condition, body) in arms {
            let holds = self.all(condition);
            if holds == Some(false) {
                continue;
            }
            self.doubts += usize::from(holds.is_none());
            status = self.all(body);
            if holds == Some(true) {
                break;
            }
        }
        let status = status.filter(|_| self.doubts == doubts);
        self.doubts = doubts;
        status
    }

    fn choice(&mut self, subject: &Word, arms: &[(Vec<Word>, Vec<Step>)]) -> Option<bool> {
        let subject = self.text(subject);
        let is_known = !subject.contains(UNKNOWN);
        self.doubts += usize::from(!is_known);
        for (patterns, body) in arms {
            let fits = patterns.iter().any(|pattern| {
                let pattern = self.text(pattern);
                let is_long = pattern.len().max(subject.len()) > MAX_COMPARED;
                pattern.contains(UNKNOWN) || !is_long && matches(&pattern, &subject)
            });
            if fits || !is_known {
                self.all(body);
            }
            if fits && is_known {
                break;
            }
        }
        self.doubts -= usize::from(!is_known);
        None
    }

    fn simple(&mut self, command: &Simple) -> Option<bool> {
        let mut words = command.words.as_slice();
        while let Some((name, value)) = words.first().and_then(|word| self.assignment(word)) {
            self.variables.insert(name, value);
            words = words.get(1..).unwrap_or_default();
        }
        let is_known = self.is_known(words);
        let words = self.words(words);
        let output = self.goes_to(command, &words, is_known);
        let Some(name) = words.first().cloned() else {
            // What stands around other commands, too.
            self.calls
                .extend(output.is_some().then_some(Call { words, output }));
            return Some(true);
        };
        let arguments: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        match name.as_str() {
            "true" | ":" if output.is_none() => return Some(true),
            "false" => return Some(false),
            "export" | "local" | "readonly" => {
                for (name, value) in arguments.iter().filter_map(|word| word.split_once('=')) {
                    self.variables.insert(name.to_owned(), value.to_owned());
                }
                return Some(true);
            }
            "read" => {
                for name in arguments.iter().filter(|name| !name.starts_with('-')) {
                    self.variables.insert((*name).to_owned(), UNKNOWN.to_string());
                }
                return None;
            }
            "exit" | "return" => {
                self.ended = self.doubts == 0;
                return None;
            }
            "." | "source" => self.has_read_others |= !arguments.iter().all(|path| path.ends_with(DEBCONF)),
            "[" | "test" => return test(self.installation.tree, &arguments),
            "dpkg" if arguments.first() == Some(&"--compare-versions") => return versions(&arguments),
            "which" => return Some(self.is_program(arguments.last()?)),
            "command" if arguments.first() == Some(&"-v") => return Some(self.is_program(arguments.last()?)),
            _ => {}
        }
        if let Some(body) = self.functions.get(&name).cloned() {
            let words = Vec::new();
            self.calls
                .extend(output.is_some().then_some(Call { words, output }));
            return self.function(&body, &arguments);
        }
        self.calls.push(Call { words, output });
        None
    }

    /// Returns where the output of a command goes, and what it is: `words` are the command's, and known if all that they came from is.
    fn goes_to(&mut self, command: &Simple, words: &[String], is_known: bool) -> Option<Output> {
        let (writing, path) = command.output.as_ref()?;
        let path = self.text(path);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let text = match (words.as_slice(), &command.document) {
            _ if !is_known || self.doubts > 0 => None,
            (["echo", "-n", words @ ..], _) => said(words),
            (["echo", words @ ..], _) => said(words).map(|text| text + "\n"),
            (["printf", format, words @ ..], _) => formatted(format, words),
            (["true" | ":"], _) => Some(String::new()),
            (["cat"], Some(document)) if self.is_known(std::slice::from_ref(document)) => {
                Some(self.text(document))
            }
            _ => None,
        };
        Some(Output {
            path,
            writing: *writing,
            text: text.filter(|text| !text.contains(UNKNOWN)),
        })
    }

    /// Says whether it is known what words stand for: each variable was set here, and nobody else can have set it since.
    fn is_known(&self, words: &[Word]) -> bool {
        words.iter().flatten().all(|(piece, quoted)| match piece {
            Piece::Text(text) => *quoted || !text.contains(['*', '?', '[', '~']),
            Piece::Variable(name, rest) => {
                rest.is_empty() && !self.has_read_others && self.variables.contains_key(name)
            }
            Piece::Command(_) => false,
        })
    }

    /// Calls a function, whose arguments hide those of the script.
    fn function(&mut self, body: &[Step], arguments: &[&str]) -> Option<bool> {
        if self.depth == MAX_CALLS {
            return None;
        }
        let mut before = Vec::new();
        for index in 1..10 {
            let argument = arguments.get(index - 1).copied().unwrap_or_default();
            let value = self.variables.insert(index.to_string(), argument.to_owned());
            before.push((index.to_string(), value));
        }
        self.depth += 1;
        let status = self.all(body);
        self.depth -= 1;
        // `return` ends the function only.
        self.ended = false;
        for (index, value) in before {
            match value {
                Some(value) => self.variables.insert(index, value),
                None => self.variables.remove(&index),
            };
        }
        status
    }

    /// Reads `NAME=VALUE`.
    fn assignment(&mut self, word: &Word) -> Option<(String, String)> {
        let Some((Piece::Text(text), false)) = word.first() else {
            return None;
        };
        let (name, _) = text.split_once('=')?;
        let is_name = |name: &str| {
            name.chars()
                .all(|next| next.is_ascii_alphanumeric() || next == '_')
        };
        if name.is_empty() || !is_name(name) {
            return None;
        }
        let name = name.to_owned();
        let text = self.text(word);
        let (_, value) = text.split_once('=')?;
        Some((name, value.to_owned()))
    }

    fn is_program(&self, name: &str) -> bool {
        let folders = ["usr/bin", "usr/sbin", "usr/games"];
        let mut paths = folders.iter().map(|folder| format!("{folder}/{name}"));
        paths.any(|path| self.installation.tree.find(path.as_bytes()).is_some())
    }

    fn words(&mut self, words: &[Word]) -> Vec<String> {
        let mut all = Vec::new();
        for word in words {
            if all.len() >= MAX_WORDS {
                break;
            }
            all.extend(self.expand(word));
        }
        all.truncate(MAX_WORDS);
        all
    }

    /// Returns what a word becomes: none, one or several, with the names of files that fit.
    fn expand(&mut self, word: &Word) -> Vec<String> {
        let mut found = vec![String::new()];
        let (mut is_word, mut is_pattern) = (false, false);
        for (piece, quoted) in word {
            let text = self.value(piece);
            is_pattern |= !quoted && text.contains('*');
            is_word |= *quoted;
            if *quoted || matches!(piece, Piece::Text(_)) {
                is_word |= !text.is_empty();
                if let Some(last) = found.last_mut() {
                    last.push_str(&text);
                }
                continue;
            }
            for (index, part) in text.split_whitespace().enumerate() {
                is_word = true;
                match found.last_mut() {
                    Some(last) if index == 0 => last.push_str(part),
                    _ => found.push(part.to_owned()),
                }
            }
        }
        if !is_word {
            return Vec::new();
        }
        if is_pattern {
            let mut paths = Vec::new();
            for pattern in &found {
                paths.extend(self.fitting(pattern));
            }
            paths.truncate(MAX_WORDS);
            if !paths.is_empty() {
                return paths;
            }
        }
        found
    }

    /// Returns the paths of the generation that fit a pattern.
    fn fitting(&mut self, pattern: &str) -> Vec<String> {
        let pattern = pattern
            .strip_prefix('/')
            .filter(|rest| rest.len() <= MAX_COMPARED);
        let Some(pattern) = pattern.filter(|_| self.patterns < MAX_PATTERNS) else {
            return Vec::new();
        };
        self.patterns += 1;
        let paths = self.installation.tree.fitting(pattern);
        paths.into_iter().map(|path| format!("/{path}")).collect()
    }

    /// Returns what a word becomes that is not split; one that is too long to be of use is unknown.
    fn text(&mut self, word: &Word) -> String {
        let text: String = word.iter().map(|(piece, _)| self.value(piece)).collect();
        match word.first() {
            Some((Piece::Text(first), _)) if text.len() > MAX_VALUE => format!("{first}{UNKNOWN}"),
            _ if text.len() > MAX_VALUE => UNKNOWN.to_string(),
            _ => text,
        }
    }

    fn value(&mut self, piece: &Piece) -> String {
        if self.text >= MAX_TEXT {
            return String::new();
        }
        let value = match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(name, rest) => self.variable(name, rest),
            Piece::Command(text) => self.output(text),
        };
        // Each costs something, also where it is empty.
        self.text += value.len() + 1;
        value
    }

    fn variable(&mut self, name: &str, rest: &str) -> String {
        let value = self.variables.get(name).cloned().unwrap_or_default();
        if rest.is_empty() {
            return value;
        }
        let other = |text: &str| text.trim_matches(['"', '\'']).to_owned();
        let is_set = !value.is_empty();
        if let Some(text) = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-')) {
            return if is_set || text.contains('$') {
                value
            } else {
                other(text)
            };
        }
        if let Some(text) = rest.strip_prefix(":+").or_else(|| rest.strip_prefix('+')) {
            return if is_set { other(text) } else { String::new() };
        }
        UNKNOWN.to_string()
    }

    /// Returns what a command would print, for the few of which that is known.
    fn output(&mut self, text: &str) -> String {
        // It is read anew each time.
        self.text += text.len();
        if self.depth == MAX_CALLS || self.text >= MAX_TEXT {
            return UNKNOWN.to_string();
        }
        self.depth += 1;
        let output = self.printed(&parse(text));
        self.depth -= 1;
        output.unwrap_or_else(|| UNKNOWN.to_string())
    }

    fn printed(&mut self, steps: &[Step]) -> Option<String> {
        if let [
            Step {
                command: Command::Simple(command),
                ..
            },
        ] = steps
        {
            let words = self.words(&command.words);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match words.as_slice() {
                ["mktemp" | "tempfile", ..] => {
                    self.temporary += 1;
                    return Some(format!("{TEMPORARY}{}", self.temporary));
                }
                ["dirname", path] if let Some((folder, _)) = path.rsplit_once('/') => {
                    return Some(folder.to_owned());
                }
                ["basename", path] if let Some((_, name)) = path.rsplit_once('/') => {
                    return Some(name.to_owned());
                }
                ["dpkg", "--print-architecture"] => return Some(self.installation.architecture.to_owned()),
                ["echo", rest @ ..] => return Some(rest.join(" ")),
                ["command", "-v", name] | ["which", name] if !self.is_program(name) => {
                    return Some(String::new());
                }
                _ => {}
            }
        }
        None
    }
}

/// Returns what `echo` prints, without the end of the line. Shells do not agree on backslashes, nor on more options.
fn said(words: &[&str]) -> Option<String> {
    let is_plain = !words.iter().any(|word| word.contains('\\')) && words.first() != Some(&"-e");
    is_plain.then(|| words.join(" "))
}

/// Returns what `printf` prints, for the little of it that scripts use. Source: POSIX.1-2017, printf.
fn formatted(format: &str, words: &[&str]) -> Option<String> {
    let mut words = words.iter();
    let mut text = String::new();
    let mut rest = format.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => text.push(match rest.next()? {
                'n' => '\n',
                't' => '\t',
                '\\' => '\\',
                _ => return None,
            }),
            '%' => match rest.next()? {
                '%' => text.push('%'),
                's' => text.push_str(words.next().copied().unwrap_or_default()),
                _ => return None,
            },
            _ => text.push(next),
        }
    }
    // With words left the format is used again.
    words.next().is_none().then_some(text)
}
