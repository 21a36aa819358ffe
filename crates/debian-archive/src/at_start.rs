//! The start of a program that is to stay, while its database is restarted.

use std::thread;
use std::time::{Duration, Instant};

use archive_catalog::TransientFailure;

use crate::archive::OpenError;

/// How long a database that is away is waited for.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is asked.
const EVERY: Duration = Duration::from_millis(500);

/// Does `work`, again and again while the server of the database cannot be reached, or is starting or stopping, for as long as
/// [`PATIENCE`].
///
/// `told` gets the first error of this kind.
///
/// # Errors
/// The last error of this kind, or any other at once.
pub fn patiently<T>(
    work: impl FnMut() -> Result<T, OpenError>,
    told: impl FnMut(&OpenError),
) -> Result<T, OpenError> {
    repeat(work, told, (PATIENCE, EVERY))
}

fn repeat<T>(
    mut work: impl FnMut() -> Result<T, OpenError>,
    mut told: impl FnMut(&OpenError),
    (patience, every): (Duration, Duration),
) -> Result<T, OpenError> {
    let until = Instant::now() + patience;
    let mut is_told = false;
    loop {
        match work() {
            Err(error) if is_away(&error) && Instant::now() < until => {
                if !is_told {
                    told(&error);
                    is_told = true;
                }
                thread::sleep(every);
            }
            done => return done,
        }
    }
}

fn is_away(error: &OpenError) -> bool {
    matches!(error, OpenError::Catalog(error) if error.transient_failure() == Some(TransientFailure::Away))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use archive_catalog::SqlCatalog;

    use super::*;

    /// Returns the error of a server that does not listen.
    fn away() -> OpenError {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let url = format!("postgres://a@127.0.0.1:{port}/a").parse().unwrap();
        SqlCatalog::open(&url).err().unwrap().into()
    }

    #[test]
    fn a_server_that_comes_back_is_waited_for() {
        let (mut asked, mut told) = (0, 0);
        let work = || {
            asked += 1;
            if asked < 4 { Err(away()) } else { Ok(asked) }
        };
        let bounds = (Duration::from_secs(60), Duration::ZERO);
        assert_eq!(repeat(work, |_| told += 1, bounds).unwrap(), 4);
        assert_eq!(told, 1);
    }

    #[test]
    fn a_server_that_stays_away_is_not_waited_for_for_ever() {
        let bounds = (Duration::from_millis(20), Duration::from_millis(1));
        let error = repeat(|| Err::<(), _>(away()), |_| {}, bounds).unwrap_err();
        assert!(is_away(&error));
    }

    #[test]
    fn what_waiting_does_not_help_with_is_told_at_once() {
        let mut asked = 0;
        let work = || {
            asked += 1;
            Err::<(), _>(OpenError::NoStore("gone".into()))
        };
        let bounds = (Duration::from_secs(60), Duration::ZERO);
        repeat(work, |_| panic!("it is no server that is away"), bounds).unwrap_err();
        assert_eq!(asked, 1);
    }
}
