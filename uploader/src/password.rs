//! Passwords: hashed with Argon2id, a few at a time.
//!
//! A hash is made slow and large on purpose, so hashing is what a flood of sign-ins would exhaust first. Turns bound the memory, waiting
//! places bound the queue, and further sign-ins are refused at once. An unknown name costs the same work as a known one: the time of
//! an answer does not tell which names exist.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{self, PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use tokio::sync::Semaphore;

use crate::problem::{Code, Problem};
use crate::secrets;

/// The shortest password, in characters.
const MIN_CHARACTERS: usize = 10;
/// The longest password, in bytes: longer ones cost time and add nothing.
const MAX_BYTES: usize = 1024;
/// How many sign-ins may wait for their turn.
const MAX_WAITING: usize = 128;

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    /// Each hash takes 19 MiB and a core for some time, so few are made at once.
    turns: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// What the password of an unknown name is compared with, so that it takes as long as a known one.
    stand_in: String,
}

impl Passwords {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let turns = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Ok(Self {
            turns: Arc::new(Semaphore::new(turns)),
            waiting: Arc::new(Semaphore::new(turns + MAX_WAITING)),
            stand_in: hash(&secrets::random_id()).map_err(|problem| anyhow::anyhow!(problem.detail))?,
        })
    }

    /// Returns the hash of a new password.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Problem> {
        check(&password)?;
        self.in_turn(move || hash(&password)).await?
    }

    /// Says whether a password fits a hash. Without a hash it does not, after the same work.
    pub(crate) async fn fits(&self, password: String, kept: Option<String>) -> Result<bool, Problem> {
        let (known, kept) = match kept {
            Some(kept) => (true, kept),
            None => (false, self.stand_in.clone()),
        };
        let fits = self.in_turn(move || fits(&password, &kept)).await?;
        let fits = fits.map_err(|error| Problem::internal(&DamagedHash(error)))?;
        Ok(fits && known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let _place = self.waiting.try_acquire().map_err(|_| busy())?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| busy())?;
        // The work cannot be cancelled when the client disconnects, so it keeps its turn until it is done.
        let worked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        worked.await.map_err(|error| Problem::internal(&error))
    }
}

/// Checks that a password is one that may be taken.
pub(crate) fn check(password: &str) -> Result<(), Problem> {
    if password.chars().count() < MIN_CHARACTERS {
        return Err(Problem::new(
            Code::WeakPassword,
            format!("expected at least {MIN_CHARACTERS} characters"),
        ));
    }
    if password.chars().any(char::is_control) {
        return Err(Problem::new(
            Code::WeakPassword,
            "expected no control characters: no keyboard can repeat them",
        ));
    }
    if password.chars().all(shows_nothing) {
        return Err(Problem::new(Code::WeakPassword, "expected more than white space"));
    }
    if password.len() > MAX_BYTES {
        return Err(Problem::new(
            Code::WeakPassword,
            format!("expected at most {MAX_BYTES} bytes"),
        ));
    }
    Ok(())
}

/// Says whether a character leaves nothing to see: white space, and what Unicode calls ignorable by default, the braille and Hangul
/// blanks too.
///
/// Source: Unicode 16, `Default_Ignorable_Code_Point` of DerivedCoreProperties.txt.
fn shows_nothing(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fff8}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Returns the Argon2id hash (19 MiB, two passes) in PHC form.
pub(crate) fn hash(password: &str) -> Result<String, Problem> {
    Argon2::default()
        .hash_password(password.as_bytes(), &SaltString::generate(&mut OsRng))
        .map(|hash| hash.to_string())
        .map_err(|error| Problem::internal(&error))
}

/// An error says that the hash cannot be used, which is not the password's fault.
fn fits(password: &str, kept: &str) -> Result<bool, password_hash::Error> {
    let hash = PasswordHash::new(kept)?;
    // One that was cut short is well formed, and would read as a wrong password.
    if hash.salt.is_none() || hash.hash.is_none() {
        return Err(password_hash::Error::PhcStringField);
    }
    match Argon2::default().verify_password(password.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::Password) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A hash in the catalog that is damaged.
#[derive(Debug, thiserror::Error)]
#[error("the password hash of an account cannot be used: {0}")]
struct DamagedHash(password_hash::Error);

fn busy() -> Problem {
    let mut problem = Problem::new(Code::Unavailable, "too many sign-ins at once: try again");
    problem.retry_after = Some(1);
    problem
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_hash_fits_its_password_only() {
        let kept = hash("correct horse").unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert_eq!(fits("correct horse", &kept), Ok(true));
        assert_eq!(fits("correct horsf", &kept), Ok(false));
    }

    #[test]
    fn a_damaged_hash_is_not_a_wrong_password() {
        let kept = hash("correct horse").unwrap();
        let cut = kept.rsplit_once('$').unwrap().0;
        for damaged in ["", "damaged", "$argon2id$damaged", cut] {
            assert!(fits("correct horse", damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn short_is_counted_in_characters() {
        assert!(check("ninechars").is_err());
        assert!(check("äöüäöüäöüä").is_ok());
        assert!(check(&"x".repeat(2000)).is_err());
        assert!(check("pass word\u{200b}").is_ok());
        for unseen in ["\u{a0} ", "\u{200b}", "\u{2800}", "\u{3164}\u{ad}"] {
            assert!(check(&unseen.repeat(10)).is_err(), "{unseen:?}");
        }
        for control in ["correct\0horse", "correct\nhorse", "correct\u{85}horse"] {
            assert!(check(control).is_err(), "{control:?}");
        }
    }

    #[tokio::test]
    async fn an_unknown_name_waits_for_the_same_work() {
        let passwords = Passwords::new().unwrap();
        let all = passwords.turns.available_permits();
        let turns = passwords
            .turns
            .clone()
            .acquire_many_owned(all.try_into().unwrap())
            .await
            .unwrap();
        let mut unknown = Box::pin(passwords.fits("a password".into(), None));
        assert!(
            unknown.as_mut().now_or_never().is_none(),
            "it is not answered without a turn"
        );
        drop(turns);
        assert!(!unknown.await.unwrap());
        let stand_in = passwords.stand_in.clone();
        assert!(
            fits_like(&stand_in, &hash("another").unwrap()),
            "and its hash costs the same"
        );
    }

    /// Says whether two hashes are of the same algorithm with the same costs.
    fn fits_like(one: &str, other: &str) -> bool {
        let costs = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        costs(one) == costs(other)
    }

    #[tokio::test]
    async fn more_sign_ins_than_may_wait_are_refused_at_once() {
        let passwords = Passwords::new().unwrap();
        let all = passwords.waiting.available_permits();
        assert!(all <= MAX_WAITING + std::thread::available_parallelism().unwrap().get());
        let _places = passwords
            .waiting
            .clone()
            .acquire_many_owned(all.try_into().unwrap())
            .await
            .unwrap();
        let refused = passwords.fits("a password".into(), None).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after), (Code::Unavailable, Some(1)));
    }
}
