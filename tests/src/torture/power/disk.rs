//! What would be left of files and names if the power went now.
//!
//! A model of the least that POSIX and Linux promise: bytes last once the file was synced after they were written, and a name
//! lasts once the folder that holds it was synced after it was given (fsync(2)). What was there before the first event lasts.

use std::collections::{HashMap, VecDeque};

/// Something a program did. Paths are below the root of the archive, or absolute outside of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A file was made, or opened in a way that makes it.
    Created(String),
    /// A folder was made.
    FolderMade(String),
    /// Bytes went into a file.
    Written(String),
    /// A sync of a file or folder began: what comes later is not covered by it.
    SyncBegan(String),
    /// The sync that began first of those under way ended well.
    SyncEnded(String),
    /// A file got a further name.
    Linked(String, String),
    /// A file got another name, in place of the file that had it.
    Renamed(String, String),
    /// A name was deleted.
    Deleted(String),
    /// Bytes went to standard output.
    Answered(String),
    /// The program was killed: its syncs under way end no more.
    Killed,
}

/// Files are told apart by numbers, since they change their names.
type File = usize;

/// What lasts, after the events so far.
#[derive(Debug, Default)]
pub struct Disk {
    now: usize,
    files: usize,
    named: HashMap<String, File>,
    /// When a file was written that was not synced since.
    dirty: HashMap<File, usize>,
    /// When a name was given whose folder was not synced since.
    fresh: HashMap<String, usize>,
    syncs: HashMap<String, VecDeque<usize>>,
}

impl Disk {
    /// Takes the next event in.
    pub fn take(&mut self, event: &Event) {
        self.now += 1;
        match event {
            Event::Created(path) => {
                if !self.named.contains_key(path) {
                    let file = self.new_file();
                    self.name(path, file);
                }
            }
            Event::FolderMade(path) => {
                self.fresh.insert(path.clone(), self.now);
            }
            Event::Written(path) => {
                let file = self.file(path);
                self.dirty.insert(file, self.now);
            }
            Event::SyncBegan(path) => self.syncs.entry(path.clone()).or_default().push_back(self.now),
            Event::SyncEnded(path) => self.synced(path),
            Event::Linked(from, to) => {
                let file = self.file(from);
                self.name(to, file);
            }
            Event::Renamed(from, to) => {
                let file = self.file(from);
                self.forget(from);
                self.name(to, file);
            }
            Event::Deleted(path) => self.forget(path),
            Event::Killed => self.syncs.clear(),
            Event::Answered(_) => {}
        }
    }

    /// Says whether all bytes of a file are on the disk.
    pub fn is_clean(&self, path: &str) -> bool {
        self.named
            .get(path)
            .is_none_or(|file| !self.dirty.contains_key(file))
    }

    /// Says why a file would not be there, whole and under its name, after a power cut; nothing when it would.
    pub fn why_not_lasting(&self, path: &str) -> Option<String> {
        if !self.is_clean(path) {
            return Some(format!("the bytes of `{path}` are not synced"));
        }
        let mut name = path;
        loop {
            if self.fresh.contains_key(name) {
                return Some(format!("the folder of the name `{name}` is not synced"));
            }
            match name.rsplit_once('/') {
                Some((folder, _)) => name = folder,
                None => return None,
            }
        }
    }

    fn synced(&mut self, path: &str) {
        let Some(began) = self.syncs.get_mut(path).and_then(VecDeque::pop_front) else {
            return;
        };
        if let Some(file) = self.named.get(path)
            && self.dirty.get(file).is_some_and(|written| *written < began)
        {
            self.dirty.remove(file);
        }
        self.fresh
            .retain(|name, given| folder(name) != path || *given > began);
    }

    fn file(&mut self, path: &str) -> File {
        match self.named.get(path) {
            Some(file) => *file,
            None => {
                // It was there before the first event.
                let file = self.new_file();
                self.named.insert(path.to_owned(), file);
                file
            }
        }
    }

    fn new_file(&mut self) -> File {
        self.files += 1;
        self.files
    }

    fn name(&mut self, path: &str, file: File) {
        self.named.insert(path.to_owned(), file);
        self.fresh.insert(path.to_owned(), self.now);
    }

    fn forget(&mut self, path: &str) {
        self.named.remove(path);
        self.fresh.remove(path);
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
