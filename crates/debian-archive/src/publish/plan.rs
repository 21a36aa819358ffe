//! The steps of a publish, in an order that no client can see torn.
//!
//! A client reads InRelease, then the files that it names by their digests. So these exist before the InRelease
//! that names them, and each name changes in one step. Old clients that fetch Release, or files by their usual
//! names, see a short time in which the names do not fit together, as with any archive.
//!
//! A pure function: it reads no file and no clock.

use std::collections::BTreeSet;

use super::steps::{IndexOutput, PublishStep, ReleaseFiles, StagedFile};

/// Returns the steps that publish `outputs`, where `served` are the files that are served now.
pub(super) fn plan(
    outputs: &[IndexOutput],
    release: ReleaseFiles<'_>,
    served: &[String],
) -> Vec<PublishStep> {
    let changed: Vec<(&IndexOutput, StagedFile)> = outputs
        .iter()
        .filter_map(|output| Some((output, output.staged_file()?)))
        .collect();
    let mut steps = Vec::new();
    // First, and synced before any name changes: whichever Release a client holds, what it names by digest is there. A
    // digest never changes what it stands for, so nobody can be hurt by a file that no Release names yet.
    for (output, staged) in &changed {
        steps.push(PublishStep::Keep {
            staged: staged.clone(),
            path: output.by_hash(),
        });
    }
    steps.push(PublishStep::Sync(
        changed
            .iter()
            .map(|(output, _)| folder(&output.by_hash()))
            .collect(),
    ));
    // The usual names of one generation after the other: they are for clients that do not ask by digest.
    for (output, staged) in &changed {
        steps.push(PublishStep::Replace {
            staged: staged.clone(),
            path: output.path.clone(),
        });
    }
    steps.push(PublishStep::Sync(
        changed.iter().map(|(output, _)| folder(&output.path)).collect(),
    ));
    let here = || PublishStep::Sync(BTreeSet::from([String::new()]));
    for (staged, path) in [(release.signature, "Release.gpg"), (release.release, "Release")] {
        steps.push(PublishStep::Replace {
            staged: staged.clone(),
            path: path.to_owned(),
        });
    }
    steps.push(here());
    // Last: a client that sees this file must find everything that it names.
    steps.push(PublishStep::Replace {
        staged: release.inrelease.clone(),
        path: "InRelease".to_owned(),
    });
    steps.push(here());
    // Only now: until InRelease changed, a client may have been told of them.
    let listed: BTreeSet<&str> = outputs.iter().map(|output| output.path.as_str()).collect();
    steps.extend(
        served
            .iter()
            .filter(|path| !listed.contains(path.as_str()))
            .cloned()
            .map(PublishStep::Delete),
    );
    steps
}

fn folder(path: &str) -> String {
    path.rsplit_once('/')
        .map_or(String::new(), |(folder, _)| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use debian_control::digest::Sha256;

    use super::*;

    fn output(path: &str, staged: bool) -> IndexOutput {
        IndexOutput {
            path: path.to_owned(),
            sha256: Sha256::of(path.as_bytes()),
            size: 1,
            served: true,
            staged: staged.then(|| PathBuf::from(format!("/staged/{path}"))),
        }
    }

    fn planned(outputs: &[IndexOutput], served: &[&str]) -> Vec<PublishStep> {
        let staged = |name: &str| StagedFile {
            path: PathBuf::from(format!("/staged/{name}")),
            sha256: Sha256::of(name.as_bytes()),
            size: 1,
        };
        let release = ReleaseFiles {
            inrelease: &staged("InRelease"),
            release: &staged("Release"),
            signature: &staged("Release.gpg"),
        };
        let served: Vec<String> = served.iter().map(ToString::to_string).collect();
        plan(outputs, release, &served)
    }

    fn at(steps: &[PublishStep], is_it: impl Fn(&PublishStep) -> bool) -> usize {
        steps.iter().position(is_it).unwrap()
    }

    fn replaces(step: &PublishStep, name: &str) -> bool {
        matches!(step, PublishStep::Replace { path, .. } if path == name)
    }

    fn syncs(step: &PublishStep, name: &str) -> bool {
        matches!(step, PublishStep::Sync(folders) if folders.contains(name))
    }

    #[test]
    fn what_is_named_by_digest_lasts_before_any_name_changes() {
        let outputs = [
            output("main/a/Packages.xz", true),
            output("main/b/Packages.xz", true),
        ];
        let steps = planned(&outputs, &[]);
        let last_kept = steps
            .iter()
            .rposition(|step| matches!(step, PublishStep::Keep { .. }))
            .unwrap();
        let synced = at(&steps, |step| syncs(step, "main/a/by-hash/SHA256"));
        let first_name = at(&steps, |step| matches!(step, PublishStep::Replace { .. }));
        assert!(last_kept < synced && synced < first_name, "{steps:?}");
        assert!(syncs(&steps[synced], "main/b/by-hash/SHA256"));
    }

    #[test]
    fn inrelease_is_the_last_name_to_change_and_all_it_names_lasts_before() {
        let steps = planned(&[output("main/a/Packages.xz", true)], &["main/a/Packages.gz"]);
        let inrelease = at(&steps, |step| replaces(step, "InRelease"));
        for name in ["main/a/Packages.xz", "Release", "Release.gpg"] {
            assert!(at(&steps, |step| replaces(step, name)) < inrelease, "{name}");
        }
        assert!(at(&steps, |step| syncs(step, "main/a")) < inrelease);
        assert!(syncs(&steps[inrelease - 1], "") && syncs(&steps[inrelease + 1], ""));
        assert!(
            !steps[inrelease + 1..]
                .iter()
                .any(|step| matches!(step, PublishStep::Replace { .. }))
        );
    }

    #[test]
    fn an_index_that_did_not_change_is_not_touched() {
        let steps = planned(&[output("main/a/Packages.xz", false)], &["main/a/Packages.xz"]);
        assert!(
            steps.iter().all(|step| match step {
                PublishStep::Keep { path, .. }
                | PublishStep::Replace { path, .. }
                | PublishStep::Delete(path) => !path.starts_with("main/"),
                PublishStep::Sync(folders) => folders.iter().all(String::is_empty),
            }),
            "{steps:?}"
        );
    }

    #[test]
    fn what_is_no_longer_listed_goes_after_inrelease_and_nothing_else_goes() {
        let outputs = [output("main/a/Packages.xz", true)];
        let steps = planned(&outputs, &["main/a/Packages.xz", "old/a/Packages.xz"]);
        let inrelease = at(&steps, |step| replaces(step, "InRelease"));
        let deleted: Vec<usize> = (0..steps.len())
            .filter(|at| matches!(steps[*at], PublishStep::Delete(_)))
            .collect();
        assert_eq!(deleted.len(), 1);
        assert!(deleted[0] > inrelease);
        assert_eq!(steps[deleted[0]], PublishStep::Delete("old/a/Packages.xz".into()));
    }

    #[test]
    fn the_same_input_gives_the_same_steps() {
        let outputs = [
            output("main/a/Packages.xz", true),
            output("main/b/Packages.xz", false),
        ];
        assert_eq!(planned(&outputs, &["x/y"]), planned(&outputs, &["x/y"]));
    }
}
