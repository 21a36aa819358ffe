//! The lines of a list of files.
//!
//! Source: the Debian wiki, DebianRepository/Format, "Contents": a path, blanks, and after a comma each the packages that have it, each
//! with its section before a slash. Old lists begin with words for people, up to a line `FILE LOCATION`.

/// Longest line that counts, in bytes: no file system has longer paths, nor is a path in more than some hundred packages.
const MAX_LINE: usize = 64 << 10;

/// Cuts a text that comes in pieces into lines `PATH TAB PACKAGE,PACKAGE`, with the names of the packages alone.
pub struct Lines<F> {
    take: F,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    made: Vec<u8>,
}

impl<F: FnMut(&[u8])> Lines<F> {
    /// Hands each line to `take`.
    pub fn new(take: F) -> Self {
        Self {
            take,
            begun: Vec::new(),
            made: Vec::new(),
        }
    }

    /// Takes the next piece.
    pub fn take(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            if self.begun.is_empty() {
                self.line(line);
            } else {
                self.begin(line);
                let whole = std::mem::take(&mut self.begun);
                self.line(&whole);
                self.begun = whole;
                self.begun.clear();
            }
        }
        self.begin(rest);
    }

    /// Takes what has no line break at its end.
    pub fn finish(mut self) {
        let rest = std::mem::take(&mut self.begun);
        self.line(&rest);
    }

    /// Adds to the line that has begun; one that is too long is left so that it is passed over.
    fn begin(&mut self, part: &[u8]) {
        let room = (MAX_LINE + 1).saturating_sub(self.begun.len());
        self.begun.extend(part.iter().take(room));
    }

    fn line(&mut self, line: &[u8]) {
        let line = line.trim_ascii_end();
        let Some(blank) = memchr::memrchr2(b' ', b'\t', line).filter(|_| line.len() <= MAX_LINE) else {
            return;
        };
        let (path, packages) = line.split_at(blank);
        let path = path.trim_ascii_end();
        let path = path.strip_prefix(b"./").unwrap_or(path);
        if path.is_empty() || (path == b"FILE" && packages == b" LOCATION") {
            return;
        }
        self.made.clear();
        self.made.extend_from_slice(path);
        self.made.push(b'\t');
        for (number, package) in packages
            .trim_ascii_start()
            .split(|letter| *letter == b',')
            .enumerate()
        {
            if number > 0 {
                self.made.push(b',');
            }
            let bare = memchr::memrchr(b'/', package).and_then(|slash| package.get(slash + 1..));
            self.made.extend_from_slice(bare.unwrap_or(package));
        }
        (self.take)(&self.made);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, piece: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut lines = Lines::new(|line: &[u8]| found.push(String::from_utf8(line.to_vec()).unwrap()));
        for piece in text.as_bytes().chunks(piece) {
            lines.take(piece);
        }
        lines.finish();
        found
    }

    #[test]
    fn a_line_is_a_path_and_the_names_of_packages() {
        let text =
            "FILE LOCATION\nbin/ls   utils/coreutils\nusr/a b\tnet/x,contrib/net/y\n\nnoblank\n./c d\ne f";
        let expected = ["bin/ls\tcoreutils", "usr/a b\tx,y", "c\td", "e\tf"];
        for piece in [1, 2, 7, 1000] {
            assert_eq!(lines(text, piece), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_line_without_an_end_takes_no_memory() {
        let mut count = 0;
        let mut lines = Lines::new(|_: &[u8]| count += 1);
        for _ in 0..1_000 {
            lines.take(&[b'x'; 1 << 10]);
            assert!(lines.begun.len() <= MAX_LINE + 1);
        }
        lines.take(b" y\nbin/a b\n");
        lines.finish();
        assert_eq!(count, 1);
    }
}
