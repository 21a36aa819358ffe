//! Looking for paths.

use std::thread;

use memchr::memmem::Finder;

use super::FileLists;
use super::blocks::Blocks;

/// Most files that are found: whoever gets more wants a longer word.
const MAX_HITS: usize = 100_000;
/// Most threads that look.
const MAX_THREADS: usize = 8;

/// A file that was found, in one of the packages that have it. What fits better is less.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileHit {
    rank: u32,
    /// The path, from the root on.
    pub path: String,
    /// The package.
    pub package: String,
    /// The codename of its suite.
    pub suite: String,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileHits {
    /// What fits best comes first.
    pub hits: Vec<FileHit>,
    /// Whether there is more than could be kept.
    pub is_cut: bool,
}

impl FileLists {
    /// Finds the files whose paths have all words. A word that begins with a slash stands at the beginning of the path.
    ///
    /// First come the very paths that were named, then commands and other files of that very name, then the others.
    pub fn search(&self, words: &[String]) -> FileHits {
        let words: Vec<PathWord> = words.iter().map(|word| PathWord::new(word)).collect();
        let Some(rarest) = words.iter().max_by_key(|word| word.text.len()) else {
            return FileHits::default();
        };
        let look = Look {
            finder: Finder::new(rarest.text.as_bytes()),
            keep: &|path, _| words.iter().map(|word| word.rank(path)).sum(),
        };
        let mut found = self.look(&look);
        found.hits.sort_unstable();
        // A list of one architecture may repeat that of all.
        found.hits.dedup_by(|left, right| {
            (&left.path, &left.package, &left.suite) == (&right.path, &right.package, &right.suite)
        });
        found
    }

    /// Returns the files of a package, in each suite that has it.
    pub fn files_of(&self, package: &str) -> FileHits {
        let look = Look {
            finder: Finder::new(package.as_bytes()),
            keep: &|_, packages| {
                packages
                    .split(|letter| *letter == b',')
                    .any(|has| has == package.as_bytes())
                    .then_some(0)
            },
        };
        let mut found = self.look(&look);
        found.hits.retain(|hit| hit.package == package);
        found.hits.sort_unstable();
        found
            .hits
            .dedup_by(|left, right| (&left.path, &left.suite) == (&right.path, &right.suite));
        found
    }

    /// Goes through all blocks, on several threads.
    fn look(&self, look: &Look<'_>) -> FileHits {
        let blocks = self.lists.iter().flat_map(|(suite, blocks)| {
            let each = 0..blocks.len();
            each.map(move |number| (suite.as_str(), blocks, number))
        });
        let blocks: Vec<(&str, &Blocks, usize)> = blocks.collect();
        let threads = thread::available_parallelism()
            .map_or(1, usize::from)
            .min(MAX_THREADS);
        let share = blocks.len().div_ceil(threads).max(1);
        let parts: Vec<FileHits> = thread::scope(|scope| {
            let running: Vec<_> = blocks
                .chunks(share)
                .map(|share| scope.spawn(|| look.through(share)))
                .collect();
            running
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        });
        let mut all = FileHits::default();
        for part in parts {
            all.is_cut |= part.is_cut;
            all.hits.extend(part.hits);
        }
        all
    }
}

/// Says of the path and the packages of a line how well it fits, if it does.
type Keep<'a> = dyn Fn(&[u8], &[u8]) -> Option<u32> + Sync + 'a;

/// What to look for.
struct Look<'a> {
    /// Finds what every line has that counts.
    finder: Finder<'a>,
    keep: &'a Keep<'a>,
}

impl Look<'_> {
    fn through(&self, blocks: &[(&str, &Blocks, usize)]) -> FileHits {
        let mut found = FileHits::default();
        for (suite, blocks, number) in blocks {
            self.in_lines(&blocks.lines(*number), suite, &mut found);
            if found.hits.len() > MAX_HITS {
                found.hits.truncate(MAX_HITS);
                found.is_cut = true;
                break;
            }
        }
        found
    }

    fn in_lines(&self, lines: &[u8], suite: &str, found: &mut FileHits) {
        let mut start = 0;
        while let Some(rest) = lines.get(start..) {
            let Some(at) = self.finder.find(rest) else {
                return;
            };
            let (before, after) = rest.split_at(at);
            let begin = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
            let end = memchr::memchr(b'\n', after).map_or(rest.len(), |end| at + end);
            self.line(rest.get(begin..end).unwrap_or_default(), suite, found);
            start += end + 1;
        }
    }

    fn line(&self, line: &[u8], suite: &str, found: &mut FileHits) {
        let Some(tab) = memchr::memrchr(b'\t', line) else {
            return;
        };
        let (path, packages) = line.split_at(tab);
        let packages = packages.get(1..).unwrap_or_default();
        let Some(rank) = (self.keep)(path, packages) else {
            return;
        };
        let path = format!("/{}", String::from_utf8_lossy(path));
        for package in packages.split(|letter| *letter == b',') {
            found.hits.push(FileHit {
                rank,
                path: path.clone(),
                package: String::from_utf8_lossy(package).into_owned(),
                suite: suite.to_owned(),
            });
        }
    }
}

/// Folders that stand below `usr` where their packages are newer. Source: Debian Policy 9.1; file-hierarchy(7).
const MERGED: [&str; 6] = ["bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/"];

/// A word that is looked for in paths.
struct PathWord {
    /// Without the slash that it began with.
    text: String,
    /// Whether a path has to begin with it.
    is_beginning: bool,
    in_paths: Finder<'static>,
}

impl PathWord {
    fn new(word: &str) -> Self {
        let is_beginning = word.starts_with('/');
        let mut text = word.trim_start_matches('/');
        // `/usr/bin/x` and `/bin/x` are one file, and the list has either.
        if let Some(merged) = text.strip_prefix("usr/").filter(|_| is_beginning)
            && MERGED.iter().any(|folder| merged.starts_with(folder))
        {
            text = merged;
        }
        Self {
            in_paths: Finder::new(text).into_owned(),
            text: text.to_owned(),
            is_beginning,
        }
    }

    /// Says how well a path fits, if it does; less is better.
    fn rank(&self, path: &[u8]) -> Option<u32> {
        let word = self.text.as_bytes();
        if self.is_beginning {
            let is_merged = MERGED.iter().any(|folder| self.text.starts_with(folder));
            let path = path.strip_prefix(b"usr/").filter(|_| is_merged).unwrap_or(path);
            let rest = path.strip_prefix(word)?;
            return Some(if rest.is_empty() { 0 } else { 3 });
        }
        self.in_paths.find(path)?;
        let name = memchr::memrchr(b'/', path)
            .and_then(|slash| path.get(slash + 1..))
            .unwrap_or(path);
        let is_command = || {
            let folder = path.get(..path.len() - name.len()).unwrap_or_default();
            folder.ends_with(b"bin/") || folder.ends_with(b"games/")
        };
        let is_whole = path
            .strip_suffix(word)
            .is_some_and(|before| before.is_empty() || before.ends_with(b"/") || word.starts_with(b"/"));
        Some(match (is_whole, name.starts_with(word)) {
            (true, _) if is_command() => 1,
            (true, _) => 2,
            (false, true) => 3,
            (false, false) => 4,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contents::blocks::BlocksWriter;

    fn lists(lines: &[&str]) -> FileLists {
        let mut writer = BlocksWriter::new();
        for line in lines {
            writer.push(line.as_bytes());
        }
        let blocks = Blocks::from_bytes(writer.finish().unwrap()).unwrap();
        FileLists {
            lists: vec![("bookworm".to_owned(), blocks)],
        }
    }

    fn found(lists: &FileLists, words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let hits = lists.search(&words).hits;
        hits.iter()
            .map(|hit| format!("{} {}", hit.package, hit.path))
            .collect()
    }

    #[test]
    fn a_command_comes_before_other_files_of_its_name_and_those_before_the_rest() {
        let lists = lists(&[
            "etc/jqrc\tb",
            "usr/bin/jq\tjq",
            "usr/bin/jqp\tjqp",
            "usr/lib/jq/one\tc",
            "usr/share/completions/jq\td,e",
            "usr/share/man/x\tjq",
        ]);
        assert_eq!(
            found(&lists, &["jq"]),
            [
                "jq /usr/bin/jq",
                "d /usr/share/completions/jq",
                "e /usr/share/completions/jq",
                "b /etc/jqrc",
                "jqp /usr/bin/jqp",
                "c /usr/lib/jq/one",
            ]
        );
        assert_eq!(found(&lists, &["bin/jq", "p"]), ["jqp /usr/bin/jqp"]);
        assert_eq!(found(&lists, &["JQ"]), [""; 0]);
    }

    #[test]
    fn a_slash_at_the_beginning_means_the_beginning_whether_usr_is_merged_or_not() {
        let lists = lists(&[
            "bin/ls\tcoreutils",
            "usr/bin/env\tcoreutils",
            "usr/lib/bin/ls\tother",
        ]);
        for path in ["/bin/ls", "/usr/bin/ls"] {
            assert_eq!(found(&lists, &[path]), ["coreutils /bin/ls"], "{path}");
        }
        assert_eq!(found(&lists, &["/bin/env"]), ["coreutils /usr/bin/env"]);
        assert_eq!(found(&lists, &["/ls"]), [""; 0]);
    }

    #[test]
    fn the_files_of_a_package_are_those_of_no_other() {
        let lists = lists(&["bin/a\tjq,jq-doc", "bin/jq\tother", "etc/b\tjq-doc"]);
        let paths: Vec<String> = lists
            .files_of("jq")
            .hits
            .into_iter()
            .map(|hit| hit.path)
            .collect();
        assert_eq!(paths, ["/bin/a"]);
    }
}
