//! The steps of a publish, in an order that no client can see torn.
//!
//! A client reads InRelease, then the files that it names by their digests. So these are there before the InRelease
//! that names them, and each name changes in one step. Old clients that fetch Release, or files by their usual
//! names, see a short time in which the names do not fit together, as with any archive.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::live::Live;
use super::suite_indexes::IndexOutput;
use super::{PublishError, apply};
use crate::sign::Signatures;
use archive_storage::staging::{StagedPath, Staging};

/// One step; paths are below the folder of the suite.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Give a staged file a name that no other file has, for its digest.
    Keep {
        /// The staged file.
        staged: PathBuf,
        /// Its name.
        path: String,
        /// Its digest.
        sha256: debian_control::digest::Sha256,
    },
    /// Give a staged file a name in place of the file that has it.
    Replace {
        /// The staged file.
        staged: PathBuf,
        /// Its name.
        path: String,
    },
    /// Make the names in these folders last.
    Sync(BTreeSet<String>),
    /// Delete a file that is no longer listed.
    Delete(String),
}

/// The files beside the indexes.
pub(super) struct Top {
    pub(super) inrelease: StagedPath,
    pub(super) release: StagedPath,
    pub(super) signature: StagedPath,
}

impl Top {
    /// Stages a Release and its signatures.
    pub(super) fn stage(
        staging: &Staging,
        release: &str,
        signatures: &Signatures,
        date: i64,
    ) -> Result<Self, PublishError> {
        Ok(Self {
            inrelease: apply::stage(staging, &signatures.inrelease, date)?,
            release: apply::stage(staging, release.as_bytes(), date)?,
            signature: apply::stage(staging, &signatures.detached, date)?,
        })
    }
}

/// Returns the steps that publish `outputs`.
pub(super) fn plan(outputs: &[IndexOutput], top: &Top, live: &Live) -> Vec<Step> {
    let changed: Vec<(&IndexOutput, PathBuf)> = outputs
        .iter()
        .filter_map(|output| {
            output
                .staged
                .as_ref()
                .map(|staged| (output, staged.as_path().to_owned()))
        })
        .collect();
    let mut steps = Vec::new();
    for (output, staged) in &changed {
        steps.push(Step::Keep {
            staged: staged.clone(),
            path: output.by_hash(),
            sha256: output.sha256,
        });
    }
    steps.push(Step::Sync(
        changed
            .iter()
            .map(|(output, _)| folder(&output.by_hash()))
            .collect(),
    ));
    for (output, staged) in &changed {
        steps.push(Step::Replace {
            staged: staged.clone(),
            path: output.path.clone(),
        });
    }
    steps.push(Step::Sync(
        changed.iter().map(|(output, _)| folder(&output.path)).collect(),
    ));
    let here = || Step::Sync(BTreeSet::from([String::new()]));
    for (staged, path) in [(&top.signature, "Release.gpg"), (&top.release, "Release")] {
        steps.push(Step::Replace {
            staged: staged.as_path().to_owned(),
            path: path.to_owned(),
        });
    }
    steps.push(here());
    // Last: a client that sees this file must find everything that it names.
    steps.push(Step::Replace {
        staged: top.inrelease.as_path().to_owned(),
        path: "InRelease".to_owned(),
    });
    steps.push(here());
    let listed: BTreeSet<&str> = outputs.iter().map(|output| output.path.as_str()).collect();
    steps.extend(
        live.served()
            .into_iter()
            .filter(|path| !listed.contains(path.as_str()))
            .map(Step::Delete),
    );
    steps
}

fn folder(path: &str) -> String {
    path.rsplit_once('/')
        .map_or(String::new(), |(folder, _)| folder.to_owned())
}
