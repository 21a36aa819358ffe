//! Where packages come from: who brought them, by which token, out of which CI job.

use debian_control::name::SuiteName;
use serde::{Deserialize, Serialize};

/// A CI job, as its issuer vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CiJob {
    /// The address of the issuer.
    pub issuer: String,
    /// The repository, as `OWNER/NAME`.
    pub repository: String,
    /// The file of the workflow.
    pub workflow: String,
    /// The branch or tag that it ran for, as `refs/heads/main`.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The commit that it ran for.
    pub commit: Option<String>,
    /// What the CI calls the run.
    pub run: Option<String>,
    /// Whether everybody may read the repository: if not, its name is nothing for everybody either.
    pub is_public: bool,
}

/// How a content last came into a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Codename.
    pub suite: SuiteName,
    /// When, in Unix seconds.
    pub at: i64,
    /// The name of the account.
    pub account: Option<String>,
    /// The token that was shown; `None`: a sign-in.
    pub token: Option<SourceToken>,
    /// The job that the token was given to.
    pub job: Option<CiJob>,
}

/// A token as it was when a package came by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceToken {
    /// Its key.
    pub id: String,
    /// What its owner called it; `None`: it was deleted before.
    pub name: Option<String>,
}
