//! Splits a shell script into words and operators. Source: POSIX.1-2017, 2.3 and 2.10.

use std::collections::VecDeque;

use crate::generation::tree::Writing;

/// Most bytes of a script that are read.
pub(super) const MAX_SCRIPT: usize = 1 << 20;

/// Stands in a word for what cannot be known.
pub(in crate::generation) const UNKNOWN: char = '\0';

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// As it is.
    Text(String),
    /// The name of a variable, with what follows it within braces.
    Variable(String, String),
    /// The text of a command whose output stands here.
    Command(String),
}

/// A word: its parts, and whether each is quoted.
pub(super) type Word = Vec<(Piece, bool)>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// `;`, `&` or the end of a line.
    End,
    /// `;;`
    EndOfArm,
    And,
    Or,
    Pipe,
    Open,
    Close,
    /// The word that follows is a file to write.
    Output(Writing),
    /// The word that follows is a file or descriptor that does not matter here.
    Other,
    /// What the command reads stands here in the script.
    Document(Word),
}

/// What is around a part of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    Quotes,
    /// A document in the script, where quotes are text.
    Document,
}

impl Around {
    fn is_quoted(self) -> bool {
        self != Self::Nothing
    }

    /// Says whether a backslash takes its meaning from what follows.
    fn escapes(self, next: char) -> bool {
        match self {
            Self::Nothing => true,
            Self::Quotes => matches!(next, '$' | '"' | '\\' | '`'),
            Self::Document => matches!(next, '$' | '\\' | '`'),
        }
    }
}

/// A document that begins after the line.
struct Begun {
    /// The line that ends it.
    end: String,
    /// Whether all of it is text.
    is_plain: bool,
    /// Whether lines may be indented by tabs, which are no part of it.
    is_indented: bool,
    /// Which of the tokens stands for it.
    token: usize,
}

/// Splits a script. What cannot be split ends it.
pub(super) fn tokens(script: &str) -> VecDeque<Token> {
    let mut lexer = Lexer::new(script);
    while lexer.step().is_some() {}
    lexer.found
}

/// Reads the variables and commands in a document. What cannot be read is unknown.
fn document(text: &str) -> Word {
    let mut lexer = Lexer::new(text);
    let mut word = Word::new();
    while !lexer.rest.is_empty() {
        if lexer.piece(&mut word, Around::Document).is_none() {
            word.push((Piece::Command(String::new()), true));
            break;
        }
    }
    word
}

struct Lexer {
    rest: VecDeque<char>,
    found: VecDeque<Token>,
    /// What ends the documents that begin after this line.
    documents: Vec<Begun>,
}

impl Lexer {
    fn new(script: &str) -> Self {
        Self {
            rest: script.chars().take(MAX_SCRIPT).collect(),
            found: VecDeque::new(),
            documents: Vec::new(),
        }
    }

    fn step(&mut self) -> Option<()> {
        let first = *self.rest.front()?;
        match first {
            ' ' | '\t' | '\r' => drop(self.rest.pop_front()),
            '\\' if self.rest.get(1) == Some(&'\n') => drop(self.rest.drain(..2)),
            '#' => {
                while self.rest.front().is_some_and(|next| *next != '\n') {
                    self.rest.pop_front();
                }
            }
            '\n' => {
                self.rest.pop_front();
                self.found.push_back(Token::End);
                self.documents();
            }
            ';' => self.operator(';', Token::EndOfArm, Token::End),
            '&' if self.rest.get(1) == Some(&'>') => {
                self.rest.pop_front();
                self.redirect();
            }
            '&' => self.operator('&', Token::And, Token::End),
            '|' => self.operator('|', Token::Or, Token::Pipe),
            '(' => self.single(Token::Open),
            ')' => self.single(Token::Close),
            '<' | '>' => self.redirect(),
            digit if digit.is_ascii_digit() && matches!(self.rest.get(1), Some('<' | '>')) => {
                self.rest.pop_front();
                self.redirect();
                if digit != '1' && matches!(self.found.back(), Some(Token::Output(_))) {
                    self.found.pop_back();
                    self.found.push_back(Token::Other);
                }
            }
            _ => {
                let word = self.word()?;
                self.found.push_back(Token::Word(word));
            }
        }
        Some(())
    }

    fn single(&mut self, token: Token) {
        self.rest.pop_front();
        self.found.push_back(token);
    }

    fn operator(&mut self, second: char, double: Token, single: Token) {
        self.rest.pop_front();
        if self.rest.front() == Some(&second) {
            self.rest.pop_front();
            self.found.push_back(double);
        } else {
            self.found.push_back(single);
        }
    }

    fn redirect(&mut self) {
        let mut operator = String::new();
        while let Some(next) = self
            .rest
            .front()
            .filter(|next| matches!(next, '<' | '>' | '&' | '-' | '|'))
        {
            operator.push(*next);
            self.rest.pop_front();
        }
        match &*operator {
            "<<" | "<<-" => self.begin_document(operator.ends_with('-')),
            ">" | ">|" => self.found.push_back(Token::Output(Writing::Anew)),
            ">>" => self.found.push_back(Token::Output(Writing::More)),
            _ if operator.ends_with('-') => {}
            _ => self.found.push_back(Token::Other),
        }
    }

    fn begin_document(&mut self, is_indented: bool) {
        while matches!(self.rest.front(), Some(' ' | '\t')) {
            self.rest.pop_front();
        }
        let word = self.word().unwrap_or_default();
        let is_plain = word.iter().any(|(_, quoted)| *quoted);
        let text = word.into_iter().map(|(piece, _)| match piece {
            Piece::Text(text) => text,
            _ => String::new(),
        });
        self.documents.push(Begun {
            end: text.collect(),
            is_plain,
            is_indented,
            token: self.found.len(),
        });
        self.found.push_back(Token::Document(Word::new()));
    }

    /// Reads the documents that begin after a line.
    fn documents(&mut self) {
        for begun in std::mem::take(&mut self.documents) {
            let mut text = String::new();
            while !self.rest.is_empty() {
                let length = self
                    .rest
                    .iter()
                    .position(|next| *next == '\n')
                    .unwrap_or(self.rest.len());
                let line: String = self.rest.drain(..length).collect();
                self.rest.pop_front();
                let line = if begun.is_indented {
                    line.trim_start_matches('\t')
                } else {
                    &line
                };
                if line == begun.end {
                    break;
                }
                text.push_str(line);
                text.push('\n');
            }
            if let Some(Token::Document(word)) = self.found.get_mut(begun.token) {
                *word = match begun.is_plain {
                    true => vec![(Piece::Text(text), true)],
                    false => document(&text),
                };
            }
        }
    }

    fn word(&mut self) -> Option<Word> {
        let mut word = Word::new();
        while let Some(next) = self.rest.front().copied() {
            match next {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    self.rest.pop_front();
                    let text = self.until('\'')?;
                    word.push((Piece::Text(text), true));
                }
                '"' => {
                    self.rest.pop_front();
                    self.quoted(&mut word)?;
                }
                _ => self.piece(&mut word, Around::Nothing)?,
            }
        }
        Some(word)
    }

    fn quoted(&mut self, word: &mut Word) -> Option<()> {
        // Quotes with nothing in them are a word, too.
        word.push((Piece::Text(String::new()), true));
        while *self.rest.front()? != '"' {
            self.piece(word, Around::Quotes)?;
        }
        self.rest.pop_front();
        Some(())
    }

    fn piece(&mut self, word: &mut Word, around: Around) -> Option<()> {
        let quoted = around.is_quoted();
        match self.rest.pop_front()? {
            '\\' => match self.rest.pop_front()? {
                '\n' => {}
                next if !around.escapes(next) => {
                    word.push((Piece::Text(format!("\\{next}")), true));
                }
                next => word.push((Piece::Text(next.to_string()), true)),
            },
            '`' => {
                let text = self.until('`')?;
                word.push((Piece::Command(text), quoted));
            }
            '$' => self.dollar(word, quoted)?,
            next => match word.last_mut() {
                Some((Piece::Text(text), known)) if *known == quoted => text.push(next),
                _ => word.push((Piece::Text(next.to_string()), quoted)),
            },
        }
        Some(())
    }

    fn dollar(&mut self, word: &mut Word, quoted: bool) -> Option<()> {
        match self.rest.front().copied() {
            Some('(') => {
                self.rest.pop_front();
                let text = self.balanced('(', ')')?;
                word.push((Piece::Command(text), quoted));
            }
            Some('{') => {
                self.rest.pop_front();
                let text = self.balanced('{', '}')?;
                let length = text.find(|next: char| !is_of_name(next)).unwrap_or(text.len());
                let (name, rest) = text.split_at(if length == 0 { text.len().min(1) } else { length });
                word.push((Piece::Variable(name.to_owned(), rest.to_owned()), quoted));
            }
            Some(first) if is_of_name(first) || "@*#?$!".contains(first) => {
                let mut name = first.to_string();
                self.rest.pop_front();
                let is_long = first.is_ascii_alphabetic() || first == '_';
                while is_long && self.rest.front().is_some_and(|next| is_of_name(*next)) {
                    name.extend(self.rest.pop_front());
                }
                word.push((Piece::Variable(name, String::new()), quoted));
            }
            _ => word.push((Piece::Text("$".to_owned()), quoted)),
        }
        Some(())
    }

    fn until(&mut self, end: char) -> Option<String> {
        let length = self.rest.iter().position(|next| *next == end)?;
        let text = self.rest.drain(..length).collect();
        self.rest.pop_front();
        Some(text)
    }

    /// Returns what stands before the end that belongs to a beginning.
    fn balanced(&mut self, open: char, close: char) -> Option<String> {
        let mut text = String::new();
        let mut depth = 1;
        loop {
            let next = self.rest.pop_front()?;
            match next {
                '\'' if open == '(' => {
                    text.push(next);
                    text.push_str(&self.until('\'')?);
                }
                _ if next == open => depth += 1,
                _ if next == close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(text);
            }
            text.push(next);
        }
    }
}

fn is_of_name(next: char) -> bool {
    next.is_ascii_alphanumeric() || next == '_'
}
