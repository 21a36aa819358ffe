//! Whether a folder can have generations: said before anything is fetched or made for it.

use std::fs;
use std::io;
use std::path::Path;

use super::{GenerationError, Generations};

/// The links beside the generations: beside programs man(1) and shells look for manuals and completions.
pub(super) const LINKS: [(&str, &str); 2] = [("bin", "current/bin"), ("share", "current/root/usr/share")];

impl Generations {
    /// Checks that the install folder can be used: nothing else has the names of the links in it, and programs can be told its path.
    ///
    /// # Errors
    ///
    /// When it cannot.
    pub fn check_place(&self) -> Result<(), GenerationError> {
        sayable(&self.install).map_err(|source| GenerationError::io(&self.install, source))?;
        let names = LINKS.iter().map(|(name, _)| *name);
        for name in names.chain(["current"]) {
            let path = self.install.join(name);
            if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_symlink()) {
                return Err(GenerationError::Taken { path });
            }
        }
        Ok(())
    }
}

/// Returns a path as it is written into scripts and lists of paths.
pub(super) fn sayable(place: &Path) -> io::Result<&str> {
    let text = place.to_str().filter(|text| !text.contains([':', '\n']));
    text.ok_or_else(|| {
        let message =
            "an install folder whose path is not UTF-8 or has a colon or line break in it cannot be used";
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_something_else_in_it_is_refused_before_anything_is_changed() {
        let install = tempfile::tempdir().unwrap();
        let generations = Generations::new(install.path());
        generations.check_place().unwrap();
        generations.switch(1).unwrap();
        generations.check_place().unwrap();
        fs::remove_file(install.path().join("share")).unwrap();
        fs::create_dir(install.path().join("share")).unwrap();
        for refused in [generations.check_place(), generations.switch(2)] {
            let said = refused.unwrap_err().to_string();
            assert!(
                said.contains("/share` is there, and not a link of cpkgs"),
                "{said}"
            );
        }
        assert_eq!(generations.current().unwrap(), Some(1));
    }

    #[test]
    fn a_path_that_lists_of_paths_would_divide_is_refused() {
        for path in ["/a:b", "/a\nb"] {
            assert!(Generations::new(Path::new(path)).check_place().is_err(), "{path}");
        }
    }
}
