//! Trusted publishers that administrators made: CI jobs that may upload.

use std::collections::BTreeMap;

use crate::accounts::{Id, Username};
use crate::audit::AuditEvent;
use crate::error::CatalogError;

/// A CI job that may upload, and what of it has to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogPublisher {
    /// Its key.
    pub id: Id,
    /// What the settings call the issuer.
    pub issuer: String,
    /// The repository.
    pub repository: String,
    /// The id of the repository's owner.
    pub owner_id: String,
    /// The file of the workflow.
    pub workflow: String,
    /// The environment; `None`: whether the job has one or not.
    pub environment: Option<String>,
    /// The branch or tag; `None`: any.
    pub reference: Option<String>,
    /// What set the job off; `None`: anything but what strangers can.
    pub event: Option<String>,
    /// In whose name it uploads.
    pub account: Username,
    /// To which suite.
    pub suite: String,
    /// Which packages, by patterns.
    pub packages: Vec<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// By which administrator.
    pub created_by: Option<String>,
}

/// The trusted publishers of an archive.
pub trait Publishers: Send + Sync {
    /// Returns them, by repository.
    fn publishers(&self) -> Result<Vec<CatalogPublisher>, CatalogError>;

    /// Makes one; says false, and makes none, where there are `most` already.
    fn add_publisher(
        &self,
        publisher: &CatalogPublisher,
        most: usize,
        event: &AuditEvent,
    ) -> Result<bool, CatalogError>;

    /// Ends one; says whether there was one.
    fn delete_publisher(&self, id: &Id, event: &AuditEvent) -> Result<bool, CatalogError>;

    /// Returns when each was last used, in Unix seconds, by their keys.
    fn publisher_uses(&self) -> Result<BTreeMap<String, i64>, CatalogError>;
}
