//! Refused requests, on their way into the audit log.
//!
//! A client can be refused without limit, and the audit log is never shortened: a record for each refusal would let anybody fill the
//! disk. So refusals of one account from one address, for the same action and reason, are grouped for an hour. The first of a group is
//! recorded within seconds; the others become one more record with their count when the hour ends.
//!
//! The number of groups is bounded, separately for accounts and for strangers, so that strangers cannot crowd out accounts. Further
//! refusals share one group for each action: an hour adds at most two records for each of these groups, whoever asks.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archive_catalog::CatalogError;
use archive_catalog::audit::{Actor, Audit, AuditEvent};
use axum::http::{Method, Uri};
use serde_json::json;

use crate::origin::network;
use crate::origin::{RequestOrigin, Requester};
use crate::problem::{Code, Problem};

/// How long refusals are counted together, in seconds.
const WINDOW: i64 = 3600;
/// Groups that are told apart in a window: as many of accounts, and as many of strangers.
const MAX_GROUPS: usize = 250;
/// How much of a text that the client chose is recorded, in characters.
const MAX_TEXT: usize = 300;

/// Counts refusals until they are written.
#[derive(Default)]
pub(crate) struct Refusals {
    window: Mutex<Window>,
    /// Held by the one who writes, so that nothing is written twice.
    writing: Mutex<()>,
}

#[derive(Default)]
struct Window {
    begun: i64,
    groups: HashMap<RefusalGroup, RefusalCount>,
}

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct RefusalGroup {
    action: &'static str,
    /// `None`: those for which there was no room.
    who: Option<(Requester, Option<IpAddr>, Code)>,
}

impl RefusalGroup {
    fn is_of_account(&self) -> bool {
        matches!(&self.who, Some((Requester::Account { .. }, _, _)))
    }
}

/// The refusals of one group.
struct RefusalCount {
    first: AuditEvent,
    count: u64,
    /// How many of them the audit log has.
    written: u64,
}

impl Refusals {
    /// Notes that a request was refused, if it asked for what the audit log tells of.
    pub(crate) fn note(
        &self,
        (method, route, uri): (&Method, &str, &Uri),
        origin: &RequestOrigin,
        problem: &Problem,
        now: i64,
    ) {
        if !problem.code.status().is_client_error() {
            return;
        }
        let Some(action) = action(method, route) else {
            return;
        };
        let requester = origin.requester();
        let group = RefusalGroup {
            action,
            who: Some((requester.clone(), origin.address.map(network), problem.code)),
        };
        let subject = match &requester {
            Requester::Claimed(name) => name.clone(),
            Requester::Account { .. } | Requester::Stranger => format!("{method} {}", uri.path()),
        };
        let event = AuditEvent {
            at: now,
            actor: origin.actor(),
            action,
            subject: bounded(&subject),
            detail: json!({ "code": problem.code, "detail": bounded(&problem.detail) }).to_string(),
        };
        self.lock().note(group, event);
    }

    /// Writes what is due to the audit log. Blocking.
    pub(crate) fn write(&self, audit: &dyn Audit, now: i64) -> Result<(), CatalogError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let due = self.lock().due(now);
        for (group, event, count) in due {
            audit.record(&event)?;
            if let Some(counts) = self.lock().groups.get_mut(&group) {
                counts.written += count;
            }
        }
        self.lock().end(now);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn note(&mut self, group: RefusalGroup, event: AuditEvent) {
        let alike = self
            .groups
            .keys()
            .filter(|other| other.is_of_account() == group.is_of_account());
        let (group, event) = if self.groups.contains_key(&group) || alike.count() < MAX_GROUPS {
            (group, event)
        } else {
            let detail = json!({ "detail": "refusals of further accounts and addresses, counted together" });
            let shared = AuditEvent {
                actor: Actor::default(),
                subject: String::new(),
                detail: detail.to_string(),
                ..event
            };
            let action = group.action;
            (RefusalGroup { action, who: None }, shared)
        };
        let counts = self.groups.entry(group).or_insert(RefusalCount {
            first: event,
            count: 0,
            written: 0,
        });
        counts.count += 1;
    }

    /// A clock that went back ends the window too: it would last until the clock is there again.
    fn is_over(&self, now: i64) -> bool {
        !(self.begun..self.begun.saturating_add(WINDOW)).contains(&now)
    }

    /// Returns what is to be recorded, with the number of refusals that each record stands for.
    fn due(&self, now: i64) -> Vec<(RefusalGroup, AuditEvent, u64)> {
        let is_over = self.is_over(now);
        let due = self.groups.iter().filter_map(|(group, counts)| {
            let count = counts.count - counts.written;
            let is_due = count > 0 && (counts.written == 0 || is_over);
            is_due.then(|| (group.clone(), record(counts, count, now), count))
        });
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|(_, event, _)| event.at);
        due
    }

    /// Forgets what is written, when the window is over.
    fn end(&mut self, now: i64) {
        if self.is_over(now) {
            self.groups.retain(|_, counts| counts.count > counts.written);
            self.begun = now;
        }
    }
}

/// Returns the record for so many refusals of a group.
fn record(counts: &RefusalCount, count: u64, now: i64) -> AuditEvent {
    let mut event = counts.first.clone();
    if counts.written > 0 {
        event.at = now;
        // Of these, each was another request.
        event.actor.request = None;
    }
    let mut detail: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&event.detail).expect("this module wrote an object");
    detail.insert("count".to_owned(), count.into());
    event.detail = serde_json::Value::Object(detail).to_string();
    event
}

/// Returns what a route is called in the audit log when it is refused; `None` for those that only read.
fn action(method: &Method, route: &str) -> Option<&'static str> {
    Some(match (method.as_str(), route) {
        ("POST", "/api/packages")
        | ("PUT", "/api/upload/{suite}/{filename}" | "/api/upload/{suite}/queue/{filename}") => {
            "package.add.refused"
        }
        ("POST", "/api/uploads" | "/console/uploads" | "/console/upload")
        | ("PATCH", "/api/uploads/{id}" | "/console/uploads/{id}") => "package.add.refused",
        ("PUT", "/api/packages/{id}") => "package.describe.refused",
        ("DELETE", "/api/packages/{id}") => "package.remove.refused",
        ("POST", "/api/tokens") => "token.create.refused",
        ("DELETE", "/api/tokens/{id}" | "/api/users/{id}/tokens/{token}") => "token.delete.refused",
        ("POST", "/api/users" | "/api/auth/register") => "user.create.refused",
        ("PUT", "/api/users/{id}") => "user.change.refused",
        ("DELETE", "/api/users/{id}") => "user.delete.refused",
        ("POST", "/api/auth/login" | "/console/sign-in") | ("GET", "/console/sign-in/answer") => {
            "login.refused"
        }
        ("POST", "/api/users/{id}/identities" | "/console/account/identities") => {
            "user.identity.link.refused"
        }
        ("DELETE", "/api/users/{id}/identities/{identity}")
        | ("POST", "/console/account/identities/{id}") => "user.identity.unlink.refused",
        ("POST", "/api/auth/oidc") => "oidc.refused",
        _ => return None,
    })
}

/// Returns the start of a text, without what a terminal would act on.
fn bounded(text: &str) -> String {
    text.chars().take(MAX_TEXT).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
