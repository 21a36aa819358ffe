//! A folder that runs at any place of any machine: `bin/` with the programs, and `root/`, which can be the root of a container too.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::entries::{Entry, entries, is_plain};
use crate::generation::fonts;

/// What has the programs of a generation, and the helpers of some.
const SHIMS: [&str; 4] = ["programs", "direct", "helpers/git-core", "bin"];
/// How a shim finds out where the folder lies: its own path, `depth` folders below it, whatever links led there.
const HERE: &str = "here=$(CDPATH='' cd -- \"$(dirname -- \"$(readlink -f -- \"$0\")\")/";

/// Writes a generation to a folder, which must not be there yet.
///
/// # Errors
///
/// When the folder is there, and when the disk fails.
pub fn write(generation: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    write_root(generation, &to.join("root"))?;
    for folder in SHIMS {
        let from = generation.join(folder);
        if from.is_dir() {
            write_shims(generation, &from, &to.join(folder), folder.split('/').count())?;
        }
    }
    if generation.join(fonts::FILE).is_file() {
        fs::write(to.join(fonts::FILE), fonts::anywhere())?;
    }
    Ok(())
}

fn write_root(generation: &Path, root: &Path) -> io::Result<()> {
    fs::create_dir(root)?;
    // Folders come before what is in them.
    for (path, entry) in entries(generation)? {
        let to = root.join(&path);
        match entry {
            Entry::Folder(mode) => {
                fs::create_dir(&to)?;
                fs::set_permissions(&to, Permissions::from_mode(mode))?;
            }
            Entry::Link(target) => symlink(target, &to)?,
            Entry::Text(text) => fs::write(&to, text)?,
            Entry::File(from, is_program) => {
                let mut copy = File::create_new(&to)?;
                let mut from = File::open(from)?;
                // Shares the blocks where the file system can.
                if rustix::fs::ioctl_ficlone(&copy, &from).is_err() {
                    io::copy(&mut from, &mut copy)?;
                }
                let mode = if is_program { 0o755 } else { 0o644 };
                copy.set_permissions(Permissions::from_mode(mode))?;
            }
        }
    }
    Ok(())
}

/// Writes shims that find the folder from where they lie.
fn write_shims(generation: &Path, from: &Path, to: &Path, depth: usize) -> io::Result<()> {
    if !is_plain(generation) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_symlink() {
            symlink(fs::read_link(entry.path())?, target)?;
            continue;
        }
        let text = fs::read_to_string(entry.path())?;
        let mut shim = File::create_new(target)?;
        shim.write_all(relocated(&text, &generation.to_string_lossy(), depth).as_bytes())?;
        shim.set_permissions(Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Returns the text of a shim in which the place of the generation, which stands in single quotes, is found out.
fn relocated(text: &str, place: &str, depth: usize) -> String {
    let place = place.replace('\'', "'\\''");
    let text = text.replace(&place, "'\"$here\"'");
    let up = vec![".."; depth].join("/");
    match text.strip_prefix("#!/bin/sh\n") {
        Some(rest) => format!("#!/bin/sh\n{HERE}{up}\" && pwd -P)\n{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shim_finds_what_it_starts_wherever_it_lies_and_whatever_links_lead_there() {
        let folder = tempfile::tempdir().unwrap();
        let generation = folder.path().join("it's one/gen/1");
        fs::create_dir_all(generation.join("programs")).unwrap();
        fs::create_dir_all(generation.join("root/usr/bin")).unwrap();
        fs::create_dir_all(generation.join("bin")).unwrap();
        let shim = format!(
            "#!/bin/sh\nexport X='{0}/root'\nexec '{0}/root/usr/bin/own' \"$@\"\n",
            generation.to_string_lossy().replace('\'', "'\\''")
        );
        fs::write(generation.join("programs/own"), shim).unwrap();
        let program = generation.join("root/usr/bin/own");
        fs::write(&program, "#!/bin/sh\nprintf '%s|' \"$X\" \"$@\"\n").unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o555)).unwrap();
        symlink("../programs/own", generation.join("bin/own")).unwrap();
        fs::write(generation.join(fonts::FILE), "of this place").unwrap();

        write(&generation, &folder.path().join("first")).unwrap();
        let moved = folder.path().join("an other place");
        fs::rename(folder.path().join("first"), &moved).unwrap();
        fs::remove_dir_all(folder.path().join("it's one")).unwrap();
        symlink(moved.join("bin/own"), folder.path().join("link")).unwrap();
        for path in [
            moved.join("bin/own"),
            moved.join("programs/own"),
            folder.path().join("link"),
        ] {
            let output = Command::new(path).arg("a b").output().unwrap();
            let expected = format!("{}/root|a b|", moved.canonicalize().unwrap().display());
            assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        }
        let named = fs::read_to_string(moved.join(fonts::FILE)).unwrap();
        assert_eq!(named, fonts::anywhere());
        let group = fs::read_to_string(moved.join("root/etc/group")).unwrap();
        assert!(group.starts_with("root:"));
        assert!(write(&moved, &moved).is_err());
    }
}
