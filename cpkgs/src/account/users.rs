//! Accounts of others.

use serde::{Deserialize, Serialize};

use super::{Registry, RegistryError};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// What the registry calls it.
    pub id: String,
    /// Its name.
    pub username: String,
    /// Where its owner is written to.
    pub email: Option<String>,
    /// `admin`, `maintainer` or `user`.
    pub role: String,
    /// Codenames; `None`: all.
    pub suites: Option<Vec<String>>,
    /// When it was made.
    pub created_at: String,
}

/// An account to be made, with the role `user`.
#[derive(Clone, Serialize)]
pub struct NewUser<'a> {
    /// Its name.
    pub username: &'a str,
    /// Where its owner is written to.
    pub email: &'a str,
    /// What its owner signs in by.
    pub password: &'a str,
}

impl Registry {
    /// Makes an account for whoever asks.
    ///
    /// # Errors
    /// When the registry does not want it, or cannot be reached.
    pub fn register(&self, user: &NewUser<'_>) -> Result<User, RegistryError> {
        self.send(&["auth", "register"], user)
    }

    /// Makes an account for somebody else, by an administrator.
    ///
    /// # Errors
    /// When the registry does not want it, or cannot be reached.
    pub fn create_user(&self, user: &NewUser<'_>) -> Result<User, RegistryError> {
        self.send(&["users"], user)
    }

    /// Returns all accounts.
    ///
    /// # Errors
    /// When it is not permitted, or the registry cannot be reached.
    pub fn users(&self) -> Result<Vec<User>, RegistryError> {
        self.pages(&["users"], &[])
    }
}
