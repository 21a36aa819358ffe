//! Whether a folder can have generations: said before anything is fetched or made for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
        let found = |path: &Path| fs::symlink_metadata(path).ok();
        for (name, target) in LINKS {
            let path = self.install.join(name);
            // Where it leads is taken from the folder, so that an absolute link may say the same.
            let is_own = |led: PathBuf| self.install.join(led) == self.install.join(target);
            if found(&path).is_some() && !fs::read_link(&path).is_ok_and(is_own) {
                return Err(GenerationError::Taken { path });
            }
        }
        // One that leads to no generation is mended.
        let path = self.install.join("current");
        if found(&path).is_some_and(|found| !found.is_symlink()) {
            return Err(GenerationError::Taken { path });
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
    use std::os::unix::fs::symlink;

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
    fn a_link_that_leads_elsewhere_is_not_one_of_cpkgs() {
        for (name, own, other) in [
            ("bin", "current/bin", "/usr/bin"),
            ("share", "current/root/usr/share", "current/share"),
        ] {
            let install = tempfile::tempdir().unwrap();
            let generations = Generations::new(install.path());
            let path = install.path().join(name);
            symlink(other, &path).unwrap();
            let said = generations.check_place().unwrap_err().to_string();
            assert!(said.contains(&format!("/{name}` is there")), "{said}");
            for own in [PathBuf::from(own), install.path().join(own)] {
                fs::remove_file(&path).unwrap();
                symlink(&own, &path).unwrap();
                generations.check_place().unwrap();
            }
        }
    }

    #[test]
    fn a_path_that_lists_of_paths_would_divide_is_refused() {
        for path in ["/a:b", "/a\nb"] {
            assert!(Generations::new(Path::new(path)).check_place().is_err(), "{path}");
        }
    }
}
