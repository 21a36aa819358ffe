//! What a program did, by strace(1).

use super::disk::Event;
use crate::{Run, TestArchive};
use std::collections::HashMap;
use std::path::Path;

/// The calls that write, sync or name.
const CALLS: &str = "openat,creat,write,writev,pwrite64,pwritev,ftruncate,fallocate,copy_file_range,sendfile,fsync,fdatasync,sync_file_range,msync,\
                     rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat";
/// Of these, the ones that a program may be killed at. It is killed before the call does anything.
const CUTS: &str = "write,pwrite64,fsync,fdatasync,rename,linkat,unlink,mkdir";

/// Where a program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It comes to its end.
    Nowhere,
    /// At the first thread that makes its call of this number, counted from 1.
    At(usize),
}

/// A program that ran, and what it did.
#[derive(Debug)]
pub struct Traced {
    /// What it said.
    pub run: Run,
    /// What it did, in order.
    pub events: Vec<Event>,
}

/// Runs `repogen` in the root of `archive` under strace.
pub fn run(archive: &TestArchive, arguments: &[String], cut: Cut) -> Traced {
    let root = archive.root();
    let log = archive.outside().join("trace");
    let mut command = archive.tool("strace");
    command.args(["-f", "-y", "-qq", "-s", "4096", "-e", "signal=none", "-e"]);
    command.arg(format!("trace={CALLS}"));
    if let Cut::At(number) = cut {
        command.args(["-e", &format!("inject={CUTS}:signal=KILL:when={number}")]);
    }
    command.arg("-o").arg(&log);
    let run = Run::of(command.arg(crate::archive::repogen()).args(arguments));
    let text =
        std::fs::read_to_string(&log).unwrap_or_else(|error| panic!("no trace: {error}\n{}", run.report()));
    let events = Reader::new(&root).read(&text);
    Traced { run, events }
}

/// Reads the lines of strace.
struct Reader<'a> {
    root: &'a Path,
    /// Calls under way: the beginning of the line, by the number of the thread.
    begun: HashMap<String, String>,
    events: Vec<Event>,
}

impl<'a> Reader<'a> {
    fn new(root: &'a Path) -> Self {
        Self {
            root,
            begun: HashMap::new(),
            events: Vec::new(),
        }
    }

    fn read(mut self, text: &str) -> Vec<Event> {
        for line in text.lines() {
            let Some((thread, rest)) = line.split_once(' ') else {
                continue;
            };
            let rest = rest.trim_start();
            if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
                self.begins(begun);
                self.begun.insert(thread.to_owned(), begun.to_owned());
            } else if rest.starts_with("<... ") {
                let end = rest.split_once("resumed>").map_or("", |(_, end)| end);
                let begun = self.begun.remove(thread).unwrap_or_default();
                self.ends(&format!("{begun}{end}"));
            } else {
                self.begins(rest);
                self.ends(rest);
            }
        }
        // A call that a killed thread never came back from may have been done.
        let open: Vec<String> = self.begun.drain().map(|(_, begun)| begun).collect();
        for begun in open {
            self.ends(&format!("{begun}) = ?"));
        }
        self.events
    }

    /// Notes what counts from the moment a call begins.
    fn begins(&mut self, line: &str) {
        let call = Call::read(line, self.root);
        match call.name {
            "fsync" | "fdatasync" => self.events.push(Event::SyncBegan(call.descriptor())),
            "write" | "writev"
                if line
                    .split_once('(')
                    .is_some_and(|(_, rest)| rest.starts_with("1<")) =>
            {
                self.events.push(Event::Answered(call.string(0)));
            }
            _ => {}
        }
    }

    /// Notes what counts from the moment a call has ended.
    fn ends(&mut self, line: &str) {
        let call = Call::read(line, self.root);
        let result = line.rsplit_once(" = ").map_or("?", |(_, result)| result.trim());
        if result.starts_with('-') {
            return;
        }
        let done = !result.starts_with('?');
        let event = match call.name {
            "openat" | "creat" if line.contains("O_CREAT") => Event::Created(call.path(0)),
            "write" | "writev" | "pwrite64" | "pwritev" | "ftruncate" | "fallocate" | "copy_file_range"
            | "sendfile"
                if !call.descriptor().is_empty() =>
            {
                Event::Written(call.descriptor())
            }
            "fsync" | "fdatasync" if done => Event::SyncEnded(call.descriptor()),
            "link" | "linkat" => Event::Linked(call.path(0), call.path(1)),
            "rename" | "renameat" | "renameat2" => Event::Renamed(call.path(0), call.path(1)),
            "symlink" | "symlinkat" => Event::Created(call.path(1)),
            "unlink" | "unlinkat" => Event::Deleted(call.path(0)),
            "mkdir" | "mkdirat" => Event::FolderMade(call.path(0)),
            _ => return,
        };
        if done || matches!(event, Event::Written(_)) {
            self.events.push(event);
        }
    }
}

/// One call: its name, the paths of its descriptors and its strings.
struct Call<'a> {
    name: &'a str,
    descriptors: Vec<String>,
    strings: Vec<String>,
    root: &'a Path,
}

impl<'a> Call<'a> {
    fn read(line: &'a str, root: &'a Path) -> Self {
        let (name, rest) = line.split_once('(').unwrap_or((line, ""));
        let (mut descriptors, mut strings) = (Vec::new(), Vec::new());
        let mut rest = rest.chars();
        while let Some(character) = rest.next() {
            match character {
                '"' => strings.push(string(&mut rest)),
                '<' => descriptors.push(rest.by_ref().take_while(|next| *next != '>').collect()),
                _ => {}
            }
        }
        Self {
            name,
            descriptors,
            strings,
            root,
        }
    }

    fn string(&self, at: usize) -> String {
        self.strings.get(at).cloned().unwrap_or_default()
    }

    /// Returns the path of the first descriptor; empty when that is no file.
    fn descriptor(&self) -> String {
        let path = self.descriptors.first().map_or("", String::as_str);
        if path.starts_with('/') {
            self.below_root(path)
        } else {
            String::new()
        }
    }

    /// Returns a path that is given as a string, relative to the folder of a descriptor or to the root.
    fn path(&self, at: usize) -> String {
        let string = self.string(at);
        let folder = self.descriptors.get(at).map_or("", String::as_str);
        let folder = if folder.starts_with('/') {
            Path::new(folder)
        } else {
            self.root
        };
        self.below_root(&folder.join(string).to_string_lossy())
    }

    fn below_root(&self, path: &str) -> String {
        let clean: std::path::PathBuf = Path::new(path).components().collect();
        clean
            .strip_prefix(self.root)
            .unwrap_or(&clean)
            .to_string_lossy()
            .into_owned()
    }
}

/// Reads a string to its closing quote, with its escapes undone.
fn string(rest: &mut std::str::Chars<'_>) -> String {
    let mut text = String::new();
    while let Some(character) = rest.next() {
        match character {
            '"' => break,
            '\\' => match rest.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Vec<Event> {
        Reader::new(Path::new("/a")).read(text)
    }

    #[test]
    fn calls_of_threads_that_overlap_are_put_together() {
        let text = "7 fsync(5</a/x> <unfinished ...>\n\
                    8 write(6</a/y>, \"fsync(1) = 3\", 12) = 12\n\
                    7 <... fsync resumed>) = 0\n";
        let wanted = [
            Event::SyncBegan("x".into()),
            Event::Written("y".into()),
            Event::SyncEnded("x".into()),
        ];
        assert_eq!(events(text), wanted);
    }

    #[test]
    fn paths_are_below_the_root_however_they_are_given() {
        let text = "7 linkat(AT_FDCWD</a>, \"./s/0\", AT_FDCWD</a>, \"/a/pool/x\", 0) = 0\n\
                    7 rename(\"s/1\", \"dists/y\") = 0\n\
                    7 unlinkat(4</a/s>, \"2\", 0) = 0\n";
        let wanted = [
            Event::Linked("s/0".into(), "pool/x".into()),
            Event::Renamed("s/1".into(), "dists/y".into()),
            Event::Deleted("s/2".into()),
        ];
        assert_eq!(events(text), wanted);
    }

    #[test]
    fn what_failed_did_not_happen_and_what_was_cut_off_may_have() {
        let text = "7 linkat(AT_FDCWD</a>, \"x\", AT_FDCWD</a>, \"y\", 0) = -1 EEXIST (File exists)\n\
                    7 write(6</a/y>, \"x\", 1) = ?\n\
                    7 fsync(6</a/y>) = ?\n";
        assert_eq!(
            events(text),
            [Event::Written("y".into()), Event::SyncBegan("y".into())]
        );
    }

    #[test]
    fn an_answer_is_what_goes_to_standard_output() {
        let text = "7 write(1<pipe:[5]>, \"added\\tx\\n\", 8) = 8\n";
        assert_eq!(events(text), [Event::Answered("added\tx\n".into())]);
    }
}
