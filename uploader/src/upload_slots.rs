//! How many uploads are received at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use archive_catalog::accounts::Id;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Code, Problem};

/// Uploads that are received at once; more wait.
const MAX_UPLOADS: usize = 128;
/// Uploads of one account that are received at once; more wait, and leave the other slots to others.
const MAX_UPLOADS_OF_ONE: usize = 64;

/// The slots for uploads.
pub(crate) struct UploadSlots {
    all: Arc<Semaphore>,
    /// Those of each account that uploads.
    accounts: Mutex<HashMap<Id, Arc<Semaphore>>>,
}

/// A slot, free again when this is dropped.
pub(crate) struct UploadSlot {
    _own: OwnedSemaphorePermit,
    _shared: OwnedSemaphorePermit,
}

impl UploadSlots {
    pub(crate) fn new() -> Self {
        Self {
            all: Arc::new(Semaphore::new(MAX_UPLOADS)),
            accounts: Mutex::default(),
        }
    }

    /// Waits for a slot: for one of the account's own first, so that an account that waits there takes none of the slots of all.
    pub(crate) async fn acquire(&self, account: &Id) -> Result<UploadSlot, Problem> {
        let shutting_down = |_| Problem::new(Code::Unavailable, "the server is shutting down");
        let own = {
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            // An account that uploads nothing at present has no entry: only the map holds its semaphore.
            accounts.retain(|_, slots| Arc::strong_count(slots) > 1);
            let own = accounts.entry(account.clone());
            own.or_insert_with(|| Arc::new(Semaphore::new(MAX_UPLOADS_OF_ONE)))
                .clone()
        };
        Ok(UploadSlot {
            _own: own.acquire_owned().await.map_err(shutting_down)?,
            _shared: self.all.clone().acquire_owned().await.map_err(shutting_down)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn an_account_that_holds_all_of_its_slots_leaves_the_others_theirs() {
        let slots = UploadSlots::new();
        // Without tokio's own pauses, which look like waiting.
        let acquire = |account| tokio::task::unconstrained(slots.acquire(account)).now_or_never();
        let (jane, june): (Id, Id) = ("jane".parse().unwrap(), "june".parse().unwrap());
        let mut held = Vec::new();
        for _ in 0..MAX_UPLOADS_OF_ONE {
            held.push(slots.acquire(&jane).await.unwrap());
        }
        assert!(acquire(&jane).is_none());
        assert!(acquire(&june).is_some());
        held.pop();
        assert!(acquire(&jane).is_some());
        held.clear();
        assert!(acquire(&june).is_some());
        let accounts = slots.accounts.lock().unwrap();
        assert!(
            !accounts.contains_key(&jane),
            "nothing is known of who uploads nothing"
        );
    }
}
