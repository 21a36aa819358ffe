//! The audit log: what was changed, by whom, and which sign-ins were refused.

use debian_control::digest::{Digester, Sha256};

use crate::accounts::Authority;
use crate::error::CatalogError;

/// Who asked for a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// The rights that the change rests on: placing and removing happen only while they hold. `None`: whoever has a shell on this
    /// machine needs none.
    pub authority: Option<Authority>,
    /// User name.
    pub name: Option<String>,
    /// Network address.
    pub address: Option<String>,
    /// The request that it came by.
    pub request: Option<String>,
    /// The id of the token that was shown; goes into the detail of the record.
    pub token: Option<String>,
}

/// Something to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Unix seconds.
    pub at: i64,
    /// Who.
    pub actor: Actor,
    /// What was done, as `package.add`.
    pub action: &'static str,
    /// To what.
    pub subject: String,
    /// More, as a JSON object; never a secret.
    pub detail: String,
}

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number; later rows have higher ones.
    pub id: i64,
    /// Unix seconds.
    pub at: i64,
    /// Who.
    pub actor: Actor,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// More, as a JSON object.
    pub detail: String,
    /// Over this row and the hash before it.
    pub hash: Sha256,
}

impl AuditRow {
    /// Returns the hash that this row has after `before`, the hash of the row before it.
    ///
    /// Every value goes in with its length, so that no two rows read alike.
    pub fn chained(&self, before: &Sha256) -> Sha256 {
        let mut digester = Digester::sha256();
        digester.update(before.as_bytes());
        digester.update(&self.id.to_be_bytes());
        digester.update(&self.at.to_be_bytes());
        let actor = &self.actor;
        for value in [&actor.name, &actor.address, &actor.request] {
            add(&mut digester, value.as_deref());
        }
        for value in [&self.action, &self.subject, &self.detail] {
            add(&mut digester, Some(value));
        }
        digester.finish().sha256
    }
}

fn add(digester: &mut Digester, value: Option<&str>) {
    match value {
        None => digester.update(&u64::MAX.to_be_bytes()),
        Some(text) => {
            digester.update(&(text.len() as u64).to_be_bytes());
            digester.update(text.as_bytes());
        }
    }
}

/// Which records are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Those before the one of this number.
    pub before: Option<i64>,
    /// Of this user name.
    pub actor: Option<String>,
    /// Of this action, or of those that begin with it and a dot.
    pub action: Option<String>,
    /// About this.
    pub subject: Option<String>,
    /// From this moment on, in Unix seconds.
    pub since: Option<i64>,
    /// Before this moment, in Unix seconds.
    pub until: Option<i64>,
}

/// The audit log of an archive.
pub trait Audit: Send + Sync {
    /// Records what changed nothing in the catalog, such as a refused sign-in.
    fn record(&self, event: &AuditEvent) -> Result<(), CatalogError>;

    /// Returns at most `limit` rows of those that are asked for, the newest first.
    fn audit(&self, query: &AuditQuery, limit: usize) -> Result<Vec<AuditRow>, CatalogError>;

    /// Returns the number of the first row that is missing, or whose hash is not that of its content and of the row before it.
    ///
    /// The number of the last row is kept apart, so that rows cut from the end are missed too.
    fn first_broken(&self) -> Result<Option<i64>, CatalogError>;
}
