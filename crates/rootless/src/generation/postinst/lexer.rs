//! Splits a shell script into words and operators. Source: POSIX.1-2017, 2.3 and 2.10.

use std::collections::VecDeque;

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
    Output,
    /// The word that follows is a file or descriptor that does not matter here.
    Other,
}

/// Splits a script. What cannot be split ends it.
pub(super) fn tokens(script: &str) -> VecDeque<Token> {
    let script: String = script.chars().take(MAX_SCRIPT).collect();
    let mut lexer = Lexer {
        rest: script.chars().collect(),
        found: VecDeque::new(),
        documents: Vec::new(),
    };
    while lexer.step().is_some() {}
    lexer.found
}

struct Lexer {
    rest: VecDeque<char>,
    found: VecDeque<Token>,
    /// What ends the documents that begin after this line.
    documents: Vec<String>,
}

impl Lexer {
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
                self.skip_documents();
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
                if digit != '1' && self.found.back() == Some(&Token::Output) {
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
        if operator.starts_with("<<") {
            while matches!(self.rest.front(), Some(' ' | '\t')) {
                self.rest.pop_front();
            }
            let word = self.word().unwrap_or_default();
            let text = word.into_iter().map(|(piece, _)| match piece {
                Piece::Text(text) => text,
                _ => String::new(),
            });
            self.documents.push(text.collect());
        } else if matches!(&*operator, ">" | ">>" | ">|") {
            self.found.push_back(Token::Output);
        } else if !operator.ends_with('-') {
            self.found.push_back(Token::Other);
        }
    }

    fn skip_documents(&mut self) {
        for end in std::mem::take(&mut self.documents) {
            while !self.rest.is_empty() {
                let length = self
                    .rest
                    .iter()
                    .position(|next| *next == '\n')
                    .unwrap_or(self.rest.len());
                let line: String = self.rest.drain(..length).collect();
                self.rest.pop_front();
                if line.trim_start_matches('\t') == end {
                    break;
                }
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
                _ => self.piece(&mut word, false)?,
            }
        }
        Some(word)
    }

    fn quoted(&mut self, word: &mut Word) -> Option<()> {
        // Quotes with nothing in them are a word, too.
        word.push((Piece::Text(String::new()), true));
        while *self.rest.front()? != '"' {
            self.piece(word, true)?;
        }
        self.rest.pop_front();
        Some(())
    }

    fn piece(&mut self, word: &mut Word, quoted: bool) -> Option<()> {
        match self.rest.pop_front()? {
            '\\' => match self.rest.pop_front()? {
                '\n' => {}
                next if quoted && !matches!(next, '$' | '"' | '\\' | '`') => {
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
