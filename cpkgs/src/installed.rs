//! What is installed without root: what the resolver has to know, and which files there are.

use std::fs;
use std::path::Path;

use crate::generation::{GenerationError, Generations, Planned};

/// Returns the packages of the generation that counts; none before the first.
///
/// # Errors
///
/// When what is kept of it cannot be read.
pub fn read(install: &Path) -> Result<Vec<Planned>, GenerationError> {
    Ok(Generations::new(install).current_plan()?.packages)
}

/// Returns the paths of an installed package as dpkg lists them, absolute, in byte order; `None` when it is not installed.
///
/// # Errors
///
/// When what is kept of it cannot be read.
pub fn files(install: &Path, name: &str) -> Result<Option<Vec<String>>, GenerationError> {
    let generations = Generations::new(install);
    let Some(number) = generations.current()? else {
        return Ok(None);
    };
    let packages = generations.plan(number)?.packages;
    let Some(package) = packages.iter().find(|package| package.name == name) else {
        return Ok(None);
    };
    let info = generations.path(number).join("dpkg/info");
    let plain = info.join(format!("{name}.list"));
    let twin = info.join(format!("{name}:{}.list", package.architecture));
    let path = if plain.exists() { plain } else { twin };
    let text = fs::read(&path).map_err(|source| GenerationError::io(&path, source))?;
    let text = String::from_utf8_lossy(&text);
    Ok(Some(text.lines().map(str::to_owned).collect()))
}
