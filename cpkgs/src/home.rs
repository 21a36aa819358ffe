//! Where the client keeps its things.

use std::path::{Path, PathBuf};

/// The folder of the client: `CPKGS_HOME`, or `~/.cpkgs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// Takes `CPKGS_HOME`, else `.cpkgs` below the home folder; a relative path counts from `working_directory`.
    ///
    /// `None` when neither is known.
    pub fn find(
        cpkgs_home: Option<PathBuf>,
        home: Option<PathBuf>,
        working_directory: &Path,
    ) -> Option<Self> {
        let given = |path: &PathBuf| !path.as_os_str().is_empty();
        let folder = cpkgs_home
            .filter(given)
            .or_else(|| home.filter(given).map(|home| home.join(".cpkgs")))?;
        Some(Self(working_directory.join(folder)))
    }

    /// Returns the folder itself.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Returns where the configuration stands.
    pub fn config_file(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// Returns where keys of sources lie.
    pub fn keyrings(&self) -> PathBuf {
        self.0.join("keyrings")
    }

    /// Returns where stands which state of each suite was seen last: what keeps old states from coming back.
    pub fn trust_file(&self) -> PathBuf {
        self.0.join("trust.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_no_home() {
        let home = Home::find(Some("".into()), Some("/home/ada".into()), Path::new("/tmp"));
        assert_eq!(home.unwrap().folder(), Path::new("/home/ada/.cpkgs"));
    }

    #[test]
    fn a_relative_home_counts_from_the_working_directory() {
        let home = Home::find(Some("h".into()), None, Path::new("/tmp"));
        assert_eq!(home.unwrap().config_file(), Path::new("/tmp/h/config.toml"));
    }
}
