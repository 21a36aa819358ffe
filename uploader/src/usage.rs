//! What is counted on the way and written now and then: downloads, and when tokens were used.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archive_catalog::CatalogError;
use archive_catalog::accounts::{ApiToken, Id};
use archive_catalog::downloads::DownloadCount;
use debian_archive::archive::Archive;
use debian_control::digest::Sha256;

/// Tokens are noted as used once in so many seconds.
const TOKEN_GRAIN: i64 = 60;
const DAY: i64 = 24 * 60 * 60;

/// Counts that wait to be written.
#[derive(Default)]
pub(crate) struct Usage(Mutex<PendingCounts>);

#[derive(Default)]
struct PendingCounts {
    /// By content, tree of the pool and day.
    downloads: HashMap<(Sha256, String, i64), u64>,
    tokens: HashMap<Id, i64>,
}

impl Usage {
    /// Counts a download from a tree of the pool.
    pub(crate) fn download(&self, content: &Sha256, tree: &str, now: i64) {
        let counted = (*content, tree.to_owned(), now.div_euclid(DAY));
        *self.lock().downloads.entry(counted).or_default() += 1;
    }

    /// Notes that a token was used.
    pub(crate) fn token(&self, token: &Id, now: i64) {
        let minute = now - now.rem_euclid(TOKEN_GRAIN);
        self.lock().tokens.insert(token.clone(), minute);
    }

    /// Returns when a token was used, where that is not written yet; at no time before it was made.
    pub(crate) fn token_used_at(&self, token: &ApiToken) -> Option<i64> {
        let used = self.lock().tokens.get(&token.id).copied();
        used.map(|at| at.max(token.created_at))
    }

    /// Writes what was counted. What cannot be written is kept for the next time. Blocking.
    pub(crate) fn write(&self, archive: &Archive, now: i64) -> Result<(), CatalogError> {
        let PendingCounts { downloads, tokens } = std::mem::take(&mut *self.lock());
        let downloads: Vec<DownloadCount> = downloads.into_iter().map(counted).collect();
        let tokens: Vec<_> = tokens.into_iter().collect();
        let written = match downloads.as_slice() {
            [] => Ok(()),
            downloads => archive.downloads().count_downloads(downloads, now),
        };
        if let Err(error) = written {
            self.keep(downloads, tokens);
            return Err(error);
        }
        let written = match tokens.as_slice() {
            [] => Ok(()),
            tokens => archive.accounts().tokens_used(tokens),
        };
        written.inspect_err(|_| self.keep(Vec::new(), tokens))
    }

    fn keep(&self, downloads: Vec<DownloadCount>, tokens: Vec<(Id, i64)>) {
        let mut counts = self.lock();
        for DownloadCount {
            sha256,
            tree,
            day,
            count,
        } in downloads
        {
            *counts.downloads.entry((sha256, tree, day)).or_default() += count;
        }
        for (token, used_at) in tokens {
            // It may have been used again meanwhile.
            counts.tokens.entry(token).or_insert(used_at);
        }
    }

    fn lock(&self) -> MutexGuard<'_, PendingCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn counted(((sha256, tree, day), count): ((Sha256, String, i64), u64)) -> DownloadCount {
    DownloadCount {
        sha256,
        tree,
        day,
        count,
    }
}
