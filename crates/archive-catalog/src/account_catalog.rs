//! What the programs ask of the catalog about accounts.

use debian_control::digest::Sha256;

use crate::accounts::{
    Account, AccountChange, AccountError, ApiToken, Assertion, Id, NewAccount, OwnedToken, Session, SignIn,
    Username,
};
use crate::audit::AuditEvent;
use crate::error::CatalogError;

/// The accounts of an archive.
///
/// Every method is one transaction, with the audit record of the change in it.
pub trait Accounts: Send + Sync {
    /// Makes an account.
    fn create_account(&self, new: &NewAccount, event: &AuditEvent) -> Result<(), AccountError>;

    /// Returns an account.
    fn account(&self, id: &Id) -> Result<Option<Account>, CatalogError>;

    /// Returns the account of a name, and its password hash.
    fn account_named(&self, name: &Username) -> Result<Option<(Account, Option<String>)>, CatalogError>;

    /// Returns at most `limit` accounts by name, those after `after`.
    fn accounts(&self, after: Option<&Username>, limit: usize) -> Result<Vec<Account>, CatalogError>;

    /// Changes an account and returns it.
    fn change_account(
        &self,
        id: &Id,
        change: &AccountChange,
        event: &AuditEvent,
    ) -> Result<Account, AccountError>;

    /// Deletes an account and its tokens; its name stays taken.
    fn delete_account(&self, id: &Id, event: &AuditEvent) -> Result<(), AccountError>;

    /// Keeps a new token under the digest of its secret.
    fn create_token(&self, token: &ApiToken, hash: &Sha256, event: &AuditEvent) -> Result<(), CatalogError>;

    /// Keeps a new token for an assertion; says false, and keeps nothing, when the assertion was used before.
    ///
    /// Forgets tokens of the account that were made for an hour or less and are over: nobody revokes those.
    fn exchange(
        &self,
        assertion: &Assertion,
        token: &ApiToken,
        hash: &Sha256,
        event: &AuditEvent,
    ) -> Result<bool, CatalogError>;

    /// Returns the tokens of an account, newest first.
    fn tokens(&self, account: &Id) -> Result<Vec<ApiToken>, CatalogError>;

    /// Returns at most `limit` tokens of all accounts, by their keys, those after `after`.
    fn all_tokens(&self, after: Option<&Id>, limit: usize) -> Result<Vec<OwnedToken>, CatalogError>;

    /// Gives a token another secret, by its digest, and the expiry that `token` has; says whether there is such a token of its account.
    fn rotate_token(&self, token: &ApiToken, hash: &Sha256, event: &AuditEvent)
    -> Result<bool, CatalogError>;

    /// Returns the token with this key.
    fn token(&self, id: &Id) -> Result<Option<ApiToken>, CatalogError>;

    /// Deletes a token of an account; says whether there was one.
    fn delete_token(&self, account: &Id, token: &Id, event: &AuditEvent) -> Result<bool, CatalogError>;

    /// Returns the token with this digest of its secret, and its owner, unless the account is disabled.
    fn token_by_hash(&self, hash: &Sha256) -> Result<Option<(ApiToken, Account)>, CatalogError>;

    /// Notes when tokens were last used.
    fn tokens_used(&self, used: &[(Id, i64)]) -> Result<(), CatalogError>;

    /// Returns the owner of a session, unless it is over or the account is disabled.
    fn session_owner(&self, session: &Session) -> Result<Option<Account>, CatalogError>;

    /// Notes a sign-in.
    fn begin_session(&self, sign_in: &SignIn, event: &AuditEvent) -> Result<(), CatalogError>;

    /// Returns the sign-ins of an account that are not over, newest first.
    fn sessions(&self, account: &Id, now: i64) -> Result<Vec<SignIn>, CatalogError>;

    /// Ends all sessions of an account.
    fn end_sessions(&self, account: &Id, event: &AuditEvent) -> Result<(), AccountError>;

    /// Ends a session that would have lasted until `expires_at`.
    fn end_session(&self, session: &Session, expires_at: i64, event: &AuditEvent)
    -> Result<(), CatalogError>;
}
