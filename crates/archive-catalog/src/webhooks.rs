//! Receivers of events: where to send what happens, and what came of it.
//!
//! An event is recorded in the transaction of the change that it tells of, with one delivery for each receiver that wants it. What
//! sends the deliveries works through [`crate::outbox::Outbox`].

use std::fmt;
use std::str::FromStr;

use crate::accounts::{AccountTextError, Id, Suites};
use crate::audit::AuditEvent;
use crate::error::CatalogError;

/// How long after an event a delivery of it is tried, in seconds: three days.
pub const DELIVERY_SECONDS: i64 = 3 * 24 * 3600;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A package came into a suite.
    PackageUploaded,
    /// A package left a suite.
    PackageRemoved,
    /// A new InRelease of a suite is live.
    SuitePublished,
    /// A key stops signing soon.
    KeyExpiring,
    /// Somebody tries a receiver.
    Ping,
}

impl EventKind {
    /// Those that a receiver chooses from.
    pub const CHOICES: [Self; 4] = [
        Self::PackageUploaded,
        Self::PackageRemoved,
        Self::SuitePublished,
        Self::KeyExpiring,
    ];

    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PackageUploaded => "package.uploaded",
            Self::PackageRemoved => "package.removed",
            Self::SuitePublished => "suite.published",
            Self::KeyExpiring => "key.expiring",
            Self::Ping => "ping",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = AccountTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::CHOICES.into_iter().chain([Self::Ping]);
        found
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| {
                AccountTextError::new(
                    "event",
                    text,
                    "expected `package.uploaded`, `package.removed`, `suite.published` or `key.expiring`",
                )
            })
    }
}

/// A receiver, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its key.
    pub id: Id,
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Which events it wants.
    pub events: Vec<EventKind>,
    /// Of which suites, by codename. An event that is of no suite is for every receiver.
    pub suites: Suites,
    /// Until when the secret before the present one signs, too, in Unix seconds.
    pub old_secret_until: Option<i64>,
    /// Why nothing is sent.
    pub paused: Option<Pause>,
    /// Since when nothing arrived although it was sent, in Unix seconds.
    pub failing_since: Option<i64>,
    /// Unix seconds.
    pub created_at: i64,
    /// User name of who made it.
    pub created_by: Option<String>,
}

/// Why nothing is sent to a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Unix seconds.
    pub at: i64,
    /// User name of who paused it; `None`: the server did, because it fails or because too much waits for it.
    pub by: Option<String>,
    /// For people.
    pub reason: String,
}

/// What is to be changed of a receiver; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// What it is called.
    pub name: Option<String>,
    /// Where it is.
    pub url: Option<String>,
    /// Which events it wants.
    pub events: Option<Vec<EventKind>>,
    /// Of which suites.
    pub suites: Option<Suites>,
    /// Whether it is paused: by the reason of the change, or no longer.
    pub paused: Option<Option<Pause>>,
}

/// Another secret for a receiver.
#[derive(Clone)]
pub struct NewSecret {
    /// It.
    pub secret: String,
    /// Until when the one before signs, too, in Unix seconds.
    pub old_until: i64,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is tried, next at this time, in Unix seconds.
    Waiting(i64),
    /// It arrived at this time, in Unix seconds.
    Delivered(i64),
    /// It was given up at this time, in Unix seconds.
    GivenUp(i64),
}

/// What is sent to a receiver, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number; later ones have higher ones.
    pub id: i64,
    /// What the receiver knows the event by.
    pub message: String,
    /// What the event is about.
    pub kind: EventKind,
    /// When that happened, in Unix seconds.
    pub event_at: i64,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u64,
    /// When it was last tried, in Unix seconds.
    pub attempted_at: Option<i64>,
    /// What the receiver answered then.
    pub response_status: Option<u64>,
    /// Why that attempt failed.
    pub error: Option<String>,
}

/// The receivers of an archive.
///
/// Every method is one transaction, with the audit record of the change in it.
pub trait Webhooks: Send + Sync {
    /// Makes a receiver with its secret; says false, and makes none, where there are `most` already.
    fn create_webhook(
        &self,
        webhook: &Webhook,
        secret: &str,
        most: u64,
        event: &AuditEvent,
    ) -> Result<bool, CatalogError>;

    /// Returns all receivers, by their names.
    fn webhooks(&self) -> Result<Vec<Webhook>, CatalogError>;

    /// Returns the receiver with this key.
    fn webhook(&self, id: &Id) -> Result<Option<Webhook>, CatalogError>;

    /// Changes a receiver and returns it; one that is no longer paused begins anew. `None`: there is none.
    fn change_webhook(
        &self,
        id: &Id,
        change: &WebhookChange,
        event: &AuditEvent,
    ) -> Result<Option<Webhook>, CatalogError>;

    /// Gives a receiver another secret and returns it. `None`: there is none.
    fn rotate_webhook_secret(
        &self,
        id: &Id,
        secret: &NewSecret,
        event: &AuditEvent,
    ) -> Result<Option<Webhook>, CatalogError>;

    /// Deletes a receiver with its deliveries; says whether there was one.
    fn delete_webhook(&self, id: &Id, event: &AuditEvent) -> Result<bool, CatalogError>;

    /// Records an event for one receiver alone, to be tried once, and returns its delivery. `None`: there is no such receiver.
    fn ping_webhook(&self, id: &Id, event: &AuditEvent) -> Result<Option<Delivery>, CatalogError>;

    /// Returns at most `limit` deliveries to a receiver, newest first, those before number `before`.
    fn deliveries(&self, id: &Id, before: Option<i64>, limit: usize) -> Result<Vec<Delivery>, CatalogError>;

    /// Returns a delivery to a receiver, and the bytes that are sent.
    fn delivery(&self, id: &Id, delivery: i64) -> Result<Option<(Delivery, String)>, CatalogError>;

    /// Has a delivery sent again, also to a receiver that is paused, and returns it. `None`: there is no such delivery.
    fn redeliver(&self, id: &Id, delivery: i64, event: &AuditEvent)
    -> Result<Option<Delivery>, CatalogError>;
}
