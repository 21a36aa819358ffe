//! How files leave the folder for dropped packages: deleted when they are in the archive, or kept among the rejected.
//!
//! Whoever drops packages may put another file under the same name at any moment. So a file is first moved aside, then
//! looked at, and when it is not the one that was read, it goes back.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use debian_control::release::format_date;

use super::folders::{REJECTED, incoming_folder};
use super::incoming_scan::{DroppedFile, LEAVING};
use super::stability::FileStamp;

/// How many bytes of a name are kept for a rejected file: the number and `.reason` have to fit, too.
const NAME_MOST: usize = 200;

/// Deletes a file that is in the archive, if it still is the one that was read.
pub(super) fn delete(file: &DroppedFile) -> io::Result<()> {
    match take_aside(file)? {
        Some(aside) => std::fs::remove_file(aside),
        None => Ok(()),
    }
}

/// Moves a file that was refused to `incoming/rejected/`, with the reason beside it, and returns where it is.
///
/// `None` when it is no longer the file that was read.
pub(super) fn reject(root: &Path, file: &DroppedFile, why: &str, now: i64) -> io::Result<Option<PathBuf>> {
    let folder = incoming_folder(root).join(REJECTED);
    std::fs::create_dir_all(&folder)?;
    let Some(aside) = take_aside(file)? else {
        return Ok(None);
    };
    let name = file
        .path
        .file_name()
        .expect("a dropped file has a name")
        .as_bytes();
    let name = name.get(..NAME_MOST).unwrap_or(name);
    let numbered = |number: u32| {
        let mut name = name.to_vec();
        if number > 1 {
            name.extend_from_slice(format!(".{number}").as_bytes());
        }
        folder.join(std::ffi::OsString::from_vec(name))
    };
    let kept = free(numbered, |kept| !there(&reason_of(kept)))?;
    let reason = reason_of(&kept);
    let from = file.path.strip_prefix(root).unwrap_or(&file.path);
    let text = format!(
        "rejected: {}\nfrom: {}\nat: {}\n",
        printable(why),
        printable(&from.to_string_lossy()),
        format_date(now)
    );
    // First: whoever sees the file finds its reason.
    File::create_new(&reason)?.write_all(text.as_bytes())?;
    std::fs::rename(aside, &kept)?;
    Ok(Some(kept))
}

/// Moves a file aside in its folder; `None`, and nothing moved, when it is not the one that was read.
///
/// What is left aside when the program is killed is found again as a dropped file.
fn take_aside(file: &DroppedFile) -> io::Result<Option<PathBuf>> {
    let folder = file.path.parent().expect("a dropped file is in a folder");
    let aside = free(|number| folder.join(format!("{LEAVING}{number}.deb")), |_| true)?;
    std::fs::rename(&file.path, &aside)?;
    if FileStamp::of(&aside.symlink_metadata()?) == file.stat {
        return Ok(Some(aside));
    }
    // Where a third one has the name already, it stays aside, where it is found as any dropped file is.
    match std::fs::hard_link(&aside, &file.path) {
        Ok(()) => std::fs::remove_file(aside)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    Ok(None)
}

/// Returns the first path, counted from 1, that nothing has and that `fits`. Nobody else makes such names.
fn free(path: impl Fn(u32) -> PathBuf, fits: impl Fn(&Path) -> bool) -> io::Result<PathBuf> {
    let free = (1..=u32::MAX).map(path).find(|path| !there(path) && fits(path));
    free.ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists))
}

fn there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn reason_of(kept: &Path) -> PathBuf {
    let mut reason = kept.as_os_str().to_owned();
    reason.push(".reason");
    reason.into()
}

/// Returns text from a package with its control characters shown: the reason is read on terminals.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let escaped: Box<dyn Iterator<Item = char>> = if letter.is_control() {
                Box::new(letter.escape_default())
            } else {
                Box::new(std::iter::once(letter))
            };
            escaped
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(root: &Path, content: &str) -> DroppedFile {
        let path = root.join("incoming/stable/main/x.deb");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        let stat = FileStamp::of(&path.symlink_metadata().unwrap());
        DroppedFile {
            path,
            stat,
            goal: Err(String::new()),
        }
    }

    #[test]
    fn a_rejected_file_never_takes_the_place_of_an_earlier_one() {
        let root = tempfile::tempdir().unwrap();
        let mut kept = Vec::new();
        for content in ["one", "two", "three"] {
            let file = dropped(root.path(), content);
            kept.push(reject(root.path(), &file, "be\u{1b}cause", 0).unwrap().unwrap());
        }
        let folder = root.path().join("incoming/rejected");
        assert_eq!(
            kept,
            ["x.deb", "x.deb.2", "x.deb.3"].map(|name| folder.join(name))
        );
        assert_eq!(std::fs::read_to_string(&kept[1]).unwrap(), "two");
        let reason = std::fs::read_to_string(folder.join("x.deb.2.reason")).unwrap();
        assert_eq!(
            reason,
            "rejected: be\\u{1b}cause\nfrom: incoming/stable/main/x.deb\nat: Thu, 01 Jan 1970 00:00:00 UTC\n"
        );
    }

    #[test]
    fn a_file_that_came_in_place_of_the_one_that_was_read_stays() {
        let root = tempfile::tempdir().unwrap();
        let file = dropped(root.path(), "read");
        let later = dropped(root.path(), "another one");
        delete(&file).unwrap();
        assert_eq!(reject(root.path(), &file, "because", 0).unwrap(), None);
        assert_eq!(std::fs::read_to_string(&later.path).unwrap(), "another one");
        let left = std::fs::read_dir(later.path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1);
        assert_eq!(
            std::fs::read_dir(root.path().join("incoming/rejected"))
                .unwrap()
                .count(),
            0
        );
        delete(&later).unwrap();
        assert!(!later.path.exists());
    }

    #[test]
    fn a_name_as_long_as_names_get_still_has_a_reason() {
        let root = tempfile::tempdir().unwrap();
        let mut file = dropped(root.path(), "long");
        let long = file.path.with_file_name(format!("{}.deb", "x".repeat(251)));
        std::fs::rename(&file.path, &long).unwrap();
        file.path = long;
        assert!(reject(root.path(), &file, "because", 0).unwrap().is_some());
    }
}
