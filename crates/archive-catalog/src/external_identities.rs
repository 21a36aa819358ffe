//! Who accounts are at a sign-in provider.

use crate::accounts::{Account, AccountError, Id, NewAccount};
use crate::audit::AuditEvent;
use crate::error::CatalogError;

/// Who somebody is at a sign-in provider: for ever the same, whatever their name and address become there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// The provider, by its `iss`.
    pub issuer: String,
    /// Its key of the person, the `sub`.
    pub subject: String,
}

/// An external identity that signs in to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedIdentity {
    /// The key of the link.
    pub id: Id,
    /// The account.
    pub account: Id,
    /// Who signs in to it.
    pub identity: ExternalIdentity,
    /// Unix seconds.
    pub linked_at: i64,
}

/// The answer of a provider to one sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenAnswer {
    /// The provider, by its `iss`.
    pub issuer: String,
    /// What the sign-in is called here.
    pub id: String,
    /// When it is over anyway, in Unix seconds.
    pub expires_at: i64,
}

/// Why an identity was not linked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The account is not as it should be.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// It signs in to an account already.
    #[error("the identity is linked to an account already")]
    Taken,
}

/// The external identities of accounts.
///
/// Every method is one transaction, with the audit record of the change in it.
pub trait ExternalIdentities: Send + Sync {
    /// Returns the account that an identity signs in to, also when it is disabled.
    fn account_of_identity(&self, identity: &ExternalIdentity) -> Result<Option<Account>, CatalogError>;

    /// Returns the identities of an account, oldest first.
    fn linked_identities(&self, account: &Id) -> Result<Vec<LinkedIdentity>, CatalogError>;

    /// Links an identity to an account.
    fn link_identity(&self, link: &LinkedIdentity, event: &AuditEvent) -> Result<(), LinkError>;

    /// Removes a link of an account, which ends the account's sessions; says whether there was one.
    fn unlink_identity(&self, account: &Id, link: &Id, event: &AuditEvent) -> Result<bool, CatalogError>;

    /// Makes an account that an identity signs in to.
    fn create_linked_account(
        &self,
        new: &NewAccount,
        link: &LinkedIdentity,
        event: &AuditEvent,
    ) -> Result<(), LinkError>;

    /// Notes that a provider's answer was taken; says false when it was taken before.
    fn take_answer(&self, answer: &TakenAnswer, now: i64) -> Result<bool, CatalogError>;
}
