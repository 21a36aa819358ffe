//! Accounts and their tokens, as the catalog keeps them.
//!
//! What a password must be like, how it is hashed and what a scope means is the business of who asks: here are rows,
//! what must be unique among them, and that a change and its audit record are one transaction.

use std::fmt;
use std::str::FromStr;

use debian_control::name::SuiteName;

use crate::error::CatalogError;
use crate::provenance::CiJob;

pub use crate::account_catalog::Accounts;

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The catalog cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Somebody has, or had, that name.
    #[error("the name `{0}` is taken")]
    NameTaken(Username),
    /// Another account has that address.
    #[error("another account has the address `{0}`")]
    EmailTaken(Email),
    /// There is no such account.
    #[error("no such account")]
    Missing,
    /// Nobody would be left to undo it.
    #[error("it is the last account with the role `admin`")]
    LastAdmin,
}

/// A text that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {kind} `{text}`: {expected}")]
pub struct AccountTextError {
    kind: &'static str,
    text: String,
    expected: &'static str,
}

impl AccountTextError {
    /// Says what was found in the place of what, cut to a length that can be shown.
    pub(crate) fn new(kind: &'static str, text: &str, expected: &'static str) -> Self {
        Self {
            kind,
            text: text.chars().take(100).flat_map(char::escape_debug).collect(),
            expected,
        }
    }
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = AccountTextError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    return Ok(Self(text.into()));
                }
                Err(AccountTextError::new($kind, text, $expected))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }
    };
}

/// Says whether a letter shows nothing, or changes how others are shown: it has no place in what people tell each other apart by.
///
/// Joiners are not among these: words of some languages are written with them.
pub fn is_unprintable(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(letter) & 0xfffe == 0xfffe
}

checked_text! {
    /// What somebody signs in with. Two names that differ in case only are one.
    Username, "user name", "expected 1 to 64 of `A-Za-z0-9._-`, the first one a letter or digit",
    |text| text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

checked_text! {
    /// An e-mail address, as far as that can be told without sending to it.
    Email, "e-mail address", "expected NAME@HOST, at most 254 bytes, of letters that show and without `<`, `>`, `,` and `;`",
    |text| text.len() <= 254
        && !text.chars().any(|letter| letter.is_whitespace() || is_unprintable(letter) || matches!(letter, '<' | '>' | ',' | ';'))
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@')
        })
}

checked_text! {
    /// The key of an account, a token or a session: random, never used again.
    Id, "id", "expected 1 to 64 of `A-Za-z0-9_-`",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// What an account is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// May do everything.
    Admin,
    /// Brings packages into suites.
    Maintainer,
    /// Reads.
    User,
}

impl Role {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Maintainer => "maintainer",
            Self::User => "user",
        }
    }
}

impl FromStr for Role {
    type Err = AccountTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Admin, Self::Maintainer, Self::User]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| AccountTextError::new("role", text, "expected `admin`, `maintainer` or `user`"))
    }
}

/// For which suites an account has its role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suites {
    /// Every suite, also those to come.
    All,
    /// These, by codename: maintained by a maintainer, read by a user where they are private.
    Only(Vec<SuiteName>),
}

impl Suites {
    /// Says whether `suite` is among them.
    pub fn include(&self, suite: &SuiteName) -> bool {
        match self {
            Self::All => true,
            Self::Only(suites) => suites.contains(suite),
        }
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its key.
    pub id: Id,
    /// What its owner signs in with.
    pub username: Username,
    /// Where its owner is reached.
    pub email: Option<Email>,
    /// What it is there for.
    pub role: Role,
    /// Where.
    pub suites: Suites,
    /// Nobody signs in to it, and its sessions and tokens are good for nothing.
    pub disabled: bool,
    /// Sessions of another epoch are over.
    pub epoch: i64,
    /// Unix seconds.
    pub created_at: i64,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The account; its epoch counts from here.
    pub account: Account,
    /// Password hash in PHC form.
    pub password: Option<String>,
}

/// What is to be changed of an account; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// Its address.
    pub email: Option<Email>,
    /// Its password hash. Ends its sessions.
    pub password: Option<String>,
    /// Its role. Ends its sessions.
    pub role: Option<Role>,
    /// Its suites.
    pub suites: Option<Suites>,
    /// Whether it is disabled. To disable it ends its sessions.
    pub disabled: Option<bool>,
}

/// A token for programs, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its key.
    pub id: Id,
    /// Whose it is.
    pub account: Id,
    /// What its owner calls it.
    pub name: String,
    /// What it is good for, one scope each.
    pub scopes: Vec<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds; `None`: never.
    pub expires_at: Option<i64>,
    /// Unix seconds, to the minute.
    pub last_used_at: Option<i64>,
}

/// A proof of identity that somebody else gave: good for one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Who gave it.
    pub issuer: String,
    /// What it is called there.
    pub id: String,
    /// When it is over anyway, in Unix seconds.
    pub expires_at: i64,
    /// The job whose identity it proves.
    pub job: CiJob,
    /// The keys of the trusted publishers that let it in.
    pub publishers: Vec<String>,
}

/// A session that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its key.
    pub id: Id,
    /// Whose it is.
    pub account: Id,
    /// The epoch in which it began.
    pub epoch: i64,
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The session that it began.
    pub session: Session,
    /// Unix seconds.
    pub created_at: i64,
    /// When it is over by itself, in Unix seconds.
    pub expires_at: i64,
    /// Network address of who signed in.
    pub address: Option<String>,
    /// What the program that was used says of itself.
    pub agent: Option<String>,
}

/// A token and who owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedToken {
    /// The token.
    pub token: ApiToken,
    /// User name of its owner.
    pub owner: Username,
}

/// An account and the credential it acted by, as they were when its rights were checked.
///
/// A change that names it is made only while both are still so: a right that ended between the check and the transaction ends the
/// change too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The account, with its role and its suites.
    pub account: Account,
    /// What was shown.
    pub credential: CredentialId,
    /// When the credential expires, in Unix seconds; `None`: never.
    pub expires_at: Option<i64>,
}

/// What an account acts by. Neither kind is ever changed, only ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialId {
    /// A session.
    Session(Id),
    /// An API token.
    Token(Id),
}
