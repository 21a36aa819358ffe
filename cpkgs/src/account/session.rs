//! Signing in and out: a password is exchanged for an API token, which can be revoked.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::registry::Ask;
use super::{Registry, RegistryError, User};

/// Who is signed in, and what their token is good for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Me {
    /// Who.
    pub user: User,
    /// The scopes of the token; `None`: everything that the user may.
    pub scopes: Option<Vec<String>>,
}

/// An API token that was just made.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whose.
    pub user: User,
    /// What it is good for.
    pub scopes: Vec<String>,
    /// The token: to be kept where nobody else reads it.
    pub token: String,
}

#[derive(Serialize)]
struct Login<'a> {
    username: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct LoggedIn {
    token: String,
    user: User,
}

#[derive(Serialize)]
struct NewToken<'a> {
    name: &'a str,
    scopes: &'a [String],
}

#[derive(Deserialize)]
struct IssuedToken {
    token: String,
}

impl Registry {
    /// Exchanges a name and a password for an API token that may do what the account may with packages, and everything for an
    /// administrator. `label` is what the list of tokens calls it.
    ///
    /// # Errors
    /// When the registry does not know them, or cannot be reached.
    pub fn login(&mut self, name: &str, password: &str, label: &str) -> Result<Session, RegistryError> {
        let username = name;
        let opened: LoggedIn = self.send(&["auth", "login"], &Login { username, password })?;
        self.as_bearer(opened.token);
        let scopes = scopes(&opened.user);
        let wanted = NewToken {
            name: label,
            scopes: &scopes,
        };
        let made: Result<IssuedToken, _> = self.send(&["tokens"], &wanted);
        // The session has done its work, whatever came of it; it would end by itself.
        let _ = self.logout();
        let token = made?.token;
        self.as_bearer(token.clone());
        Ok(Session {
            user: opened.user,
            scopes,
            token,
        })
    }

    /// Says who the token belongs to.
    ///
    /// # Errors
    /// When the token is not valid, or the registry cannot be reached.
    pub fn me(&self) -> Result<Me, RegistryError> {
        self.call(&Ask::new(Method::GET, &["auth", "me"]))
    }

    /// Revokes the token that this registry is asked with.
    ///
    /// # Errors
    /// When the token is not valid, or the registry cannot be reached.
    pub fn logout(&self) -> Result<(), RegistryError> {
        self.order(&Ask::new(Method::POST, &["auth", "logout"]))
            .map(|_| ())
    }
}

/// Returns the scopes that give all that an account may do with packages.
fn scopes(user: &User) -> Vec<String> {
    if user.role == "admin" {
        return vec!["admin".to_owned()];
    }
    let everywhere = ["*".to_owned()];
    let suites = user.suites.as_deref().unwrap_or(&everywhere);
    let maintains = user.role == "maintainer";
    let each = |suite: &String| {
        let read = format!("read:{suite}");
        let change = [format!("upload:{suite}/*"), format!("delete:{suite}/*")];
        std::iter::once(read).chain(change.into_iter().filter(move |_| maintains))
    };
    suites.iter().flat_map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(role: &str, suites: Option<&[&str]>) -> User {
        User {
            id: "u".to_owned(),
            username: "ada".to_owned(),
            email: None,
            role: role.to_owned(),
            suites: suites.map(|suites| suites.iter().map(ToString::to_string).collect()),
            created_at: "2026-01-01T00:00:00Z".to_owned(),
        }
    }

    #[test]
    fn a_token_may_no_more_than_its_owner() {
        assert_eq!(scopes(&user("admin", None)), ["admin"]);
        assert_eq!(scopes(&user("user", Some(&[]))), [""; 0]);
        assert_eq!(scopes(&user("user", Some(&["secret"]))), ["read:secret"]);
        assert_eq!(
            scopes(&user("maintainer", Some(&["stable"]))),
            ["read:stable", "upload:stable/*", "delete:stable/*"]
        );
        assert_eq!(
            scopes(&user("maintainer", None)),
            ["read:*", "upload:*/*", "delete:*/*"]
        );
    }
}
