//! Reads what a shell script consists of. What is not understood is passed over, so that the rest still counts.
//!
//! Source: POSIX.1-2017, 2.9.

use std::collections::VecDeque;
use std::rc::Rc;

use super::lexer::{Piece, Token, Word, tokens};
use crate::generation::tree::Writing;

/// How deep commands may lie in others.
const MAX_DEPTH: usize = 40;

/// How a command depends on the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Always,
    And,
    Or,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) link: Link,
    /// Whether it succeeds when the command fails.
    pub(super) negated: bool,
    pub(super) command: Command,
}

#[derive(Debug, Clone)]
pub(super) enum Command {
    Simple(Simple),
    /// Conditions, each with what it leads to; the last may have no condition.
    If(Vec<(Vec<Step>, Vec<Step>)>),
    For {
        name: String,
        words: Vec<Word>,
        body: Vec<Step>,
    },
    While {
        condition: Vec<Step>,
        body: Vec<Step>,
    },
    Case {
        subject: Word,
        arms: Vec<(Vec<Word>, Vec<Step>)>,
    },
    Function {
        name: String,
        body: Rc<Vec<Step>>,
    },
    Group(Vec<Step>),
}

/// A command that consists of words only.
#[derive(Debug, Clone, Default)]
pub(super) struct Simple {
    pub(super) words: Vec<Word>,
    /// The file that its output goes to.
    pub(super) output: Option<(Writing, Word)>,
    /// What it reads, where that stands in the script.
    pub(super) document: Option<Word>,
}

/// Reads a script.
pub(super) fn parse(script: &str) -> Vec<Step> {
    let mut parser = Parser {
        tokens: tokens(script),
        depth: 0,
    };
    let mut steps = Vec::new();
    while !parser.tokens.is_empty() {
        steps.extend(parser.steps(&[]));
        // An end of something that did not begin.
        parser.tokens.pop_front();
    }
    steps
}

struct Parser {
    tokens: VecDeque<Token>,
    depth: usize,
}

impl Parser {
    /// Reads commands up to a keyword, which stays, or an end that is not theirs.
    fn steps(&mut self, ends: &[&str]) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut link = Link::Always;
        let mut negated = false;
        while let Some(token) = self.tokens.front() {
            match token {
                Token::End | Token::Pipe => {
                    // What reads from a pipe runs whatever becomes of what writes.
                    link = Link::Always;
                    self.tokens.pop_front();
                }
                Token::And => {
                    link = Link::And;
                    self.tokens.pop_front();
                }
                Token::Or => {
                    link = Link::Or;
                    self.tokens.pop_front();
                }
                Token::Close | Token::EndOfArm => break,
                _ if self.keyword().is_some_and(|word| ends.contains(&word)) => break,
                _ if self.keyword() == Some("!") => {
                    negated = !negated;
                    self.tokens.pop_front();
                }
                _ => {
                    let Some(command) = self.command() else { break };
                    steps.push(Step {
                        link,
                        negated,
                        command,
                    });
                    (link, negated) = (Link::Always, false);
                }
            }
        }
        steps
    }

    /// Returns the word that comes, where it is a plain one.
    fn keyword(&self) -> Option<&str> {
        match self.tokens.front()? {
            Token::Word(word) => plain(word),
            _ => None,
        }
    }

    fn eat(&mut self, keyword: &str) {
        if self.keyword() == Some(keyword) {
            self.tokens.pop_front();
        }
    }

    fn command(&mut self) -> Option<Command> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let command = match self.keyword() {
            Some("if") => Some(self.condition()),
            Some("for") => self.repetition(),
            Some("while" | "until") => Some(self.waiting()),
            Some("case") => self.choice(),
            Some("{") => Some(self.group()),
            _ if self.tokens.front() == Some(&Token::Open) => Some(self.subshell()),
            _ => self.simple(),
        };
        self.depth -= 1;
        command
    }

    fn condition(&mut self) -> Command {
        let mut arms = Vec::new();
        while matches!(self.keyword(), Some("if" | "elif")) {
            self.tokens.pop_front();
            let condition = self.steps(&["then"]);
            self.eat("then");
            arms.push((condition, self.steps(&["elif", "else", "fi"])));
        }
        if self.keyword() == Some("else") {
            self.tokens.pop_front();
            arms.push((Vec::new(), self.steps(&["fi"])));
        }
        self.eat("fi");
        Command::If(arms)
    }

    fn repetition(&mut self) -> Option<Command> {
        self.tokens.pop_front();
        let name = self.keyword()?.to_owned();
        self.tokens.pop_front();
        self.eat("in");
        let mut words = Vec::new();
        while let Some(Token::Word(word)) = self.tokens.front() {
            if plain(word) == Some("do") {
                break;
            }
            words.push(word.clone());
            self.tokens.pop_front();
        }
        let body = self.body();
        Some(Command::For { name, words, body })
    }

    fn waiting(&mut self) -> Command {
        self.tokens.pop_front();
        let condition = self.steps(&["do"]);
        let body = self.body();
        Command::While { condition, body }
    }

    fn body(&mut self) -> Vec<Step> {
        self.skip_ends();
        self.eat("do");
        let body = self.steps(&["done"]);
        self.eat("done");
        body
    }

    fn skip_ends(&mut self) {
        while self.tokens.front() == Some(&Token::End) {
            self.tokens.pop_front();
        }
    }

    fn choice(&mut self) -> Option<Command> {
        self.tokens.pop_front();
        let Some(Token::Word(subject)) = self.tokens.pop_front() else {
            return None;
        };
        self.skip_ends();
        self.eat("in");
        let mut arms = Vec::new();
        loop {
            self.skip_ends();
            if self.keyword() == Some("esac") || self.tokens.is_empty() {
                break;
            }
            let mut patterns = Vec::new();
            while let Some(token) = self.tokens.pop_front() {
                match token {
                    Token::Word(word) => patterns.push(word),
                    Token::Close => break,
                    _ => {}
                }
            }
            arms.push((patterns, self.steps(&["esac"])));
            if self.tokens.front() == Some(&Token::EndOfArm) {
                self.tokens.pop_front();
            }
        }
        self.eat("esac");
        Some(Command::Case { subject, arms })
    }

    fn group(&mut self) -> Command {
        self.eat("{");
        let body = self.steps(&["}"]);
        self.eat("}");
        Command::Group(body)
    }

    fn subshell(&mut self) -> Command {
        self.tokens.pop_front();
        let body = self.steps(&[]);
        if self.tokens.front() == Some(&Token::Close) {
            self.tokens.pop_front();
        }
        Command::Group(body)
    }

    fn simple(&mut self) -> Option<Command> {
        let mut found = Simple::default();
        loop {
            match self.tokens.front() {
                Some(Token::Word(word)) => {
                    found.words.push(word.clone());
                    self.tokens.pop_front();
                }
                Some(Token::Output(writing)) => {
                    let writing = *writing;
                    self.tokens.pop_front();
                    found.output = self.target().map(|word| (writing, word));
                }
                Some(Token::Other) => {
                    self.tokens.pop_front();
                    self.target();
                }
                Some(Token::Document(text)) => {
                    found.document = Some(text.clone());
                    self.tokens.pop_front();
                }
                Some(Token::Open) if found.words.len() == 1 => return self.function(&found.words),
                Some(_) | None => break,
            }
        }
        if found.words.is_empty() && found.output.is_none() && found.document.is_none() {
            // Nothing that a command can begin with.
            self.tokens.pop_front()?;
        }
        Some(Command::Simple(found))
    }

    fn target(&mut self) -> Option<Word> {
        match self.tokens.front() {
            Some(Token::Word(_)) => match self.tokens.pop_front() {
                Some(Token::Word(word)) => Some(word),
                _ => None,
            },
            _ => None,
        }
    }

    fn function(&mut self, words: &[Word]) -> Option<Command> {
        let name = words.first().and_then(|word| plain(word))?.to_owned();
        self.tokens.pop_front();
        if self.tokens.front() == Some(&Token::Close) {
            self.tokens.pop_front();
        }
        self.skip_ends();
        let body = vec![Step {
            link: Link::Always,
            negated: false,
            command: self.command()?,
        }];
        Some(Command::Function {
            name,
            body: Rc::new(body),
        })
    }
}

/// Returns the text of a word that is not quoted and has no variables.
pub(super) fn plain(word: &Word) -> Option<&str> {
    match word.as_slice() {
        [(Piece::Text(text), false)] => Some(text),
        _ => None,
    }
}
