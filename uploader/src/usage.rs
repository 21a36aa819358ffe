//! What is counted on the way and written now and then: downloads, and when tokens were used.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archive_catalog::CatalogError;
use archive_catalog::accounts::Id;
use debian_archive::archive::Archive;
use debian_control::digest::Sha256;

/// Tokens are noted as used once in so many seconds.
const TOKEN_GRAIN: i64 = 60;

/// Counts that wait to be written.
#[derive(Default)]
pub(crate) struct Usage(Mutex<PendingCounts>);

#[derive(Default)]
struct PendingCounts {
    downloads: HashMap<Sha256, u64>,
    tokens: HashMap<Id, i64>,
}

impl Usage {
    /// Counts a download.
    pub(crate) fn download(&self, content: &Sha256) {
        *self.lock().downloads.entry(*content).or_default() += 1;
    }

    /// Notes that a token was used.
    pub(crate) fn token(&self, token: &Id, now: i64) {
        let minute = now - now.rem_euclid(TOKEN_GRAIN);
        self.lock().tokens.insert(token.clone(), minute);
    }

    /// Writes what was counted. Blocking.
    pub(crate) fn write(&self, archive: &Archive) -> Result<(), CatalogError> {
        let PendingCounts { downloads, tokens } = std::mem::take(&mut *self.lock());
        if !downloads.is_empty() {
            archive
                .listing()
                .downloaded(&downloads.into_iter().collect::<Vec<_>>())?;
        }
        if !tokens.is_empty() {
            archive
                .accounts()
                .tokens_used(&tokens.into_iter().collect::<Vec<_>>())?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, PendingCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
