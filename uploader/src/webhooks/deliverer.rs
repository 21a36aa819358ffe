//! Taking deliveries, sending some at a time, and noting what came of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use archive_catalog::CatalogError;
use archive_catalog::accounts::Id;
use archive_catalog::outbox::{OutboxBounds, OutboxTurn, SentDelivery, TakenDelivery, Taking};
use debian_archive::archive::Archive;
use debian_archive::error_text::with_causes;
use rand::RngCore as _;
use rand::rngs::OsRng;
use tokio::sync::watch;
use tokio::task::{self, JoinSet};
use tokio::time::MissedTickBehavior;

use super::keys;
use super::send::Sender;
use crate::app::App;
use crate::clock::now;
use crate::outbound::GuardedResolver;
use crate::secrets;

/// How many deliveries are sent at a time, and how many of them to one receiver: a slow one leaves room for others.
const AT_A_TIME: usize = 64;
const OF_ONE: usize = 4;
/// How often the catalog is looked at for what this process or another has recorded.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often what is over is forgotten, and keys are looked at.
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// How long deliveries that are over are kept, in seconds: 30 days.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;
/// How many of a receiver that are over are kept.
const KEPT: u64 = 1000;
/// A receiver for which more wait is paused.
const MAX_WAITING: u64 = 100_000;

/// Sends what the catalog has for receivers.
pub(crate) struct Deliverer {
    app: Arc<App>,
    sender: Sender,
    claim: Id,
    sending: JoinSet<SentDelivery>,
    /// To whom each of these is sent.
    busy: HashMap<task::Id, Id>,
    /// What is to be noted.
    sent: Vec<SentDelivery>,
}

impl Deliverer {
    /// Returns one that looks names up as the system does.
    pub(crate) fn new(app: Arc<App>) -> anyhow::Result<Self> {
        let resolver = GuardedResolver::new(app.settings.webhooks.reach.addresses.clone());
        Self::with(app, resolver)
    }

    /// Returns one that looks names up in its own way.
    pub(super) fn with(app: Arc<App>, resolver: GuardedResolver) -> anyhow::Result<Self> {
        let settings = &app.settings.webhooks;
        Ok(Self {
            sender: Sender::new(settings.reach.clone(), resolver, settings.timeout)?,
            app,
            claim: secrets::new_id(),
            sending: JoinSet::new(),
            busy: HashMap::new(),
            sent: Vec::new(),
        })
    }

    /// Sends until `stopping` says so; then what is being sent is brought to its end.
    pub(crate) async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let tidying = tokio::spawn(tidy(self.app.clone()));
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let bell = self.app.outbox_bell.clone();
        while !*stopping.borrow() {
            tokio::select! {
                _ = look.tick() => {}
                () = bell.notified() => {}
                Some(ended) = self.sending.join_next_with_id() => self.note(ended),
                // Dropped by whoever is to say so: that is as good.
                _ = stopping.changed() => break,
            }
            self.turn(AT_A_TIME).await;
        }
        tidying.abort();
        while let Some(ended) = self.sending.join_next_with_id().await {
            self.note(ended);
        }
        self.turn(0).await;
    }

    /// Keeps what came of a delivery, and of all others that ended.
    fn note(&mut self, ended: Result<(task::Id, SentDelivery), task::JoinError>) {
        let mut next = Some(ended);
        while let Some(ended) = next {
            match ended {
                Ok((id, sent)) => {
                    self.busy.remove(&id);
                    count(&sent);
                    self.sent.push(sent);
                }
                // Its claim ends by itself, and it is sent again.
                Err(error) => {
                    self.busy.remove(&error.id());
                    tracing::error!(error = %with_causes(&error), "sending a delivery failed");
                }
            }
            next = self.sending.try_join_next_with_id();
        }
    }

    /// Notes what came of deliveries, and begins to send others, `most` at a time.
    async fn turn(&mut self, most: usize) {
        let taking = Taking {
            claim: self.claim.clone(),
            most: most.saturating_sub(self.sending.len()),
            most_of_one: OF_ONE,
            busy: self.sent_to(),
        };
        let archive = self.app.publications.archive();
        let sent = std::mem::take(&mut self.sent);
        let turn = task::spawn_blocking(move || {
            let turn = take(&archive, &sent, &taking);
            (turn, sent)
        });
        match turn.await {
            Ok((Ok(turn), _)) => {
                report(&turn);
                for delivery in turn.taken {
                    self.begin(delivery);
                }
            }
            // What came of them is noted with the next turn.
            Ok((Err(error), sent)) => {
                tracing::warn!(error = %with_causes(&error), "cannot take deliveries to webhooks: trying again");
                self.sent = sent;
            }
            Err(error) => tracing::error!(error = %with_causes(&error), "taking deliveries failed"),
        }
    }

    fn begin(&mut self, delivery: TakenDelivery) {
        let sender = self.sender.clone();
        let webhook = delivery.webhook.clone();
        let chance = f64::from(OsRng.next_u32()) / f64::from(u32::MAX);
        let sending = self
            .sending
            .spawn(async move { sender.send(&delivery, now(), chance).await });
        self.busy.insert(sending.id(), webhook);
    }

    /// Returns to whom how much is being sent.
    fn sent_to(&self) -> Vec<(Id, usize)> {
        let mut counts: Vec<(Id, usize)> = Vec::new();
        for webhook in self.busy.values() {
            match counts.iter_mut().find(|(known, _)| known == webhook) {
                Some((_, count)) => *count += 1,
                None => counts.push((webhook.clone(), 1)),
            }
        }
        counts
    }
}

/// Does a turn, where there is something to do. Blocking.
fn take(archive: &Archive, sent: &[SentDelivery], taking: &Taking) -> Result<OutboxTurn, CatalogError> {
    let outbox = archive.outbox();
    if sent.is_empty() && !outbox.has_due(taking)? {
        return Ok(OutboxTurn::default());
    }
    outbox.take_deliveries(sent, taking)
}

/// Forgets what is over, and tells of keys, for as long as it runs.
async fn tidy(app: Arc<App>) {
    let mut every = tokio::time::interval(TIDY_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let archive = app.publications.archive();
        let tidied = task::spawn_blocking(move || {
            keys::announce(&archive, now())?;
            archive.outbox().tidy_outbox(&OutboxBounds {
                until: now() - KEPT_SECONDS,
                kept: KEPT,
                waiting: MAX_WAITING,
            })
        });
        match tidied.await {
            Ok(Ok(turn)) => report(&turn),
            Ok(Err(error)) => {
                tracing::warn!(error = %with_causes(&error), "cannot tidy deliveries to webhooks")
            }
            Err(error) => tracing::error!(error = %with_causes(&error), "tidying deliveries failed"),
        }
    }
}

fn count(sent: &SentDelivery) {
    let outcome = if sent.failure.is_none() {
        "delivered"
    } else {
        "failed"
    };
    metrics::counter!("webhook_attempts_total", "outcome" => outcome).increment(1);
}

fn report(turn: &OutboxTurn) {
    if turn.given_up > 0 {
        metrics::counter!("webhook_deliveries_given_up_total").increment(turn.given_up);
        tracing::warn!(
            deliveries = turn.given_up,
            "gave up {} deliveries to webhooks",
            turn.given_up
        );
    }
    for (webhook, reason) in &turn.paused {
        tracing::warn!(%webhook, "webhook {webhook} is paused: {reason}");
    }
}
