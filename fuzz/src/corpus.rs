//! The files that fuzzing begins with: the seeds of a target, and in `fuzz/corpus/TARGET` what earlier runs found.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::target::FuzzTarget;

/// Returns the folder of the inputs that git keeps.
pub fn kept(target: &dyn FuzzTarget) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target.name())
}

/// Returns the inputs that git keeps, each with its path, in the order of their names.
///
/// # Errors
/// When a file cannot be read. A target without any has none.
pub fn read_kept(target: &dyn FuzzTarget) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let folder = kept(target);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    let mut paths: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok((path, bytes))
    };
    paths.into_iter().map(read).collect()
}

/// What a run of one target works on, below the folder of build output.
#[derive(Debug)]
pub struct Workspace {
    /// The seeds that the target's code makes.
    pub seeds: PathBuf,
    /// What runs on this machine have found.
    pub found: PathBuf,
    /// The dictionary.
    pub words: PathBuf,
}

impl Workspace {
    /// Writes seeds and dictionary of `target` below `folder`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn prepare(target: &dyn FuzzTarget, folder: &Path) -> Result<Self> {
        let folder = folder.join(target.name());
        let workspace = Self {
            seeds: folder.join("seeds"),
            found: folder.join("found"),
            words: folder.join("words"),
        };
        for folder in [&workspace.seeds, &workspace.found] {
            fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
        }
        for (number, seed) in target.seeds().iter().enumerate() {
            write(&workspace.seeds.join(number.to_string()), seed)?;
        }
        write(&workspace.words, dictionary(target.words()).as_bytes())?;
        Ok(workspace)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
}

/// Returns a dictionary as libFuzzer reads it: a line a word, each byte as `\xNN`.
fn dictionary(words: &[&[u8]]) -> String {
    let mut text = String::new();
    for word in words {
        text.push('"');
        for byte in *word {
            let _ = write!(text, "\\x{byte:02x}");
        }
        text.push_str("\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_has_a_line_for_each_word() {
        assert_eq!(dictionary(&[b"a\n", b"\""]), "\"\\x61\\x0a\"\n\"\\x22\"\n");
    }
}
