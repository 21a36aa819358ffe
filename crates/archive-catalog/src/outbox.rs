//! Deliveries that wait to be sent, for whoever sends them.
//!
//! A delivery that was taken is held by a claim for [`CLAIM_SECONDS`]: no other process sends it meanwhile, and what a process held when
//! it died is sent by another. So a receiver gets each event at least once, and by its message ID knows what it had already.

use crate::accounts::Id;
use crate::error::CatalogError;

/// How long a delivery is held by who took it, in seconds; sending has to end sooner.
pub const CLAIM_SECONDS: u32 = 60;

/// For how long a receiver may fail before it is paused, in seconds: three days.
pub const FAILING_SECONDS: i64 = 3 * 24 * 3600;

/// A delivery to be sent.
#[derive(Clone)]
pub struct TakenDelivery {
    /// Its number.
    pub id: i64,
    /// To whom.
    pub webhook: Id,
    /// Where that is.
    pub url: String,
    /// What signs it: the secret, and for a time the one before.
    pub secrets: Vec<String>,
    /// What the receiver knows the event by.
    pub message: String,
    /// The bytes.
    pub body: String,
    /// Which attempt this is, from 1.
    pub attempt: u64,
}

/// What came of sending a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentDelivery {
    /// Its number.
    pub id: i64,
    /// What the receiver answered.
    pub response_status: Option<u16>,
    /// Why it did not arrive; `None`: it did.
    pub failure: Option<SendFailure>,
}

/// Why a delivery did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendFailure {
    /// For people.
    pub error: String,
    /// When to try again, in seconds from now; `None`: not at all, and nothing more is to be sent to this receiver.
    pub retry_in: Option<i64>,
}

/// Which deliveries to take.
#[derive(Debug, Clone)]
pub struct Taking {
    /// Who takes them.
    pub claim: Id,
    /// How many in all.
    pub most: usize,
    /// How many to one receiver.
    pub most_of_one: usize,
    /// How many are being sent already to these receivers.
    pub busy: Vec<(Id, usize)>,
}

/// What was done in one turn.
#[derive(Clone, Default)]
pub struct OutboxTurn {
    /// What was taken.
    pub taken: Vec<TakenDelivery>,
    /// How many deliveries were given up.
    pub given_up: u64,
    /// The receivers that were paused because they fail, and why.
    pub paused: Vec<(Id, String)>,
}

/// How much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxUsage {
    /// Deliveries that wait.
    pub waiting: u64,
    /// Since when the oldest of them could have been sent, in Unix seconds. What waits for a receiver that is paused is not to be sent.
    pub oldest_due: Option<i64>,
    /// Receivers that the server paused.
    pub paused_by_server: u64,
    /// Receivers that somebody paused.
    pub paused_by_people: u64,
}

/// How much is kept of what is over, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub struct OutboxBounds {
    /// Deliveries that were over before this are forgotten, in Unix seconds.
    pub until: i64,
    /// Of one receiver, so many that are over are kept.
    pub kept: u64,
    /// A receiver for which more wait is paused.
    pub waiting: u64,
}

/// Deliveries to be sent. Every method is one transaction.
pub trait Outbox: Send + Sync {
    /// Says whether there is something to take: cheap enough to be asked again and again.
    fn has_due(&self, taking: &Taking) -> Result<bool, CatalogError>;

    /// Notes what came of deliveries that `taking.claim` took, and takes further ones that are due.
    fn take_deliveries(&self, sent: &[SentDelivery], taking: &Taking) -> Result<OutboxTurn, CatalogError>;

    /// Gives up what waited too long for a receiver that is paused, pauses receivers for which too much waits, and forgets what is over.
    fn tidy_outbox(&self, bounds: &OutboxBounds) -> Result<OutboxTurn, CatalogError>;

    /// Returns how much waits.
    fn outbox_usage(&self) -> Result<OutboxUsage, CatalogError>;

    /// Records that a key stops signing soon, once for each `subject`; says whether somebody is told of it now.
    fn announce_key(&self, subject: &str, data: &serde_json::Value, now: i64) -> Result<bool, CatalogError>;
}
