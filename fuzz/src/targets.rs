//! What is fuzzed, and what must hold for any input.

mod archive;
mod changes;
mod client;
mod control_files;
pub mod deb;
mod elf;
mod index;
mod keyring;
mod maze;
mod release;
mod signed;
mod tar;
mod text;
mod universe;

use crate::target::FuzzTarget;

/// Returns every target.
pub fn all() -> Vec<Box<dyn FuzzTarget + Send>> {
    vec![
        Box::new(deb::DebTarget),
        Box::new(tar::TarTarget),
        Box::new(control_files::ConffilesTarget),
        Box::new(control_files::TriggersTarget),
        Box::new(index::ControlTarget),
        Box::new(index::StanzasTarget),
        Box::new(text::VersionTarget),
        Box::new(text::RelationTarget),
        Box::new(release::ReleaseTarget),
        Box::new(release::InReleaseTarget),
        Box::new(signed::SignedReleaseTarget::new()),
        Box::new(signed::DetachedSignatureTarget::new()),
        Box::new(keyring::KeyringTarget::new()),
        Box::new(changes::ChangesTarget),
        Box::new(client::RepositoryTarget),
        Box::new(client::ChunkListTarget),
        Box::new(client::ContentsTarget),
        Box::new(client::EdspTarget),
        Box::new(client::PreferencesTarget),
        Box::new(client::ClientConfigTarget),
        Box::new(archive::ArchiveConfigTarget),
        Box::new(archive::ManifestTarget),
        Box::new(elf::ElfTarget),
        Box::new(universe::UniverseTarget),
    ]
}

/// Returns the names of all targets.
pub fn names() -> Vec<&'static str> {
    all().iter().map(|target| target.name()).collect()
}

/// Returns the target of this name, or the `maze`, which is none of [`all`].
pub fn named(name: &str) -> Option<Box<dyn FuzzTarget + Send>> {
    if name == "maze" {
        return Some(Box::new(maze::MazeTarget));
    }
    all().into_iter().find(|target| target.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::read_kept;
    use crate::target::ParserVerdict;

    #[test]
    fn every_seed_is_accepted() {
        for target in all() {
            let seeds = target.seeds();
            assert!(!seeds.is_empty(), "{}", target.name());
            for (number, seed) in seeds.iter().enumerate() {
                let verdict = target.check(seed);
                assert_eq!(verdict, Ok(ParserVerdict::Accepted), "{} {number}", target.name());
                assert!(seed.len() <= target.max_length(), "{} {number}", target.name());
            }
        }
    }

    #[test]
    fn everything_holds_for_what_earlier_runs_found() {
        for target in all() {
            let kept = read_kept(&*target).unwrap();
            assert!(!kept.is_empty(), "{} has no corpus", target.name());
            let mut refused = 0;
            for (path, input) in &kept {
                let verdict = target
                    .check(input)
                    .unwrap_or_else(|why| panic!("{}: {why}", path.display()));
                refused += usize::from(verdict == ParserVerdict::Refused);
            }
            assert!(
                refused > 0,
                "nothing of the corpus of {} is refused",
                target.name()
            );
        }
    }

    #[test]
    fn words_fit_into_a_dictionary() {
        for target in all() {
            assert!(
                target.words().iter().all(|word| (1..=64).contains(&word.len())),
                "{}",
                target.name()
            );
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names = names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().len());
    }
}
