//! What every page has around its own part.

use archive_catalog::accounts::Role;

use super::visitor::Visitor;

/// The frame of a page; `templates/console/base.html` shows it.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) title: String,
    /// Who is signed in.
    pub(super) user: Option<String>,
    pub(super) is_admin: bool,
    /// What forms send along.
    pub(super) csrf: String,
    /// What was done just now.
    pub(super) notice: Option<&'static str>,
    path: String,
}

/// Pages of everybody, then those of administrators.
const PLACES: [(&str, &str); 8] = [
    ("/console", "Overview"),
    ("/console/packages", "Packages"),
    ("/console/suites", "Suites"),
    ("/console/promotion", "Promotion"),
    ("/console/vulnerabilities", "Vulnerabilities"),
    ("/console/tokens", "Tokens"),
    ("/console/keys", "Keys"),
    ("/console/health", "Health"),
];
const ADMIN_PLACES: [(&str, &str); 5] = [
    ("/console/users", "Users"),
    ("/console/webhooks", "Webhooks"),
    ("/console/publishers", "Publishers"),
    ("/console/retention", "Retention"),
    ("/console/audit", "Audit log"),
];

impl Frame {
    /// Returns the frame of a page for somebody who is signed in.
    pub(super) fn new(visitor: &Visitor, title: impl Into<String>, notice: Option<&str>) -> Self {
        let account = visitor.caller.known_account();
        Self {
            title: title.into(),
            user: account.map(|account| account.username.to_string()),
            is_admin: account.is_some_and(|account| account.role == Role::Admin),
            csrf: visitor.csrf.clone(),
            notice: notice.and_then(text),
            path: visitor.path.clone(),
        }
    }

    /// Returns the frame of a page for strangers.
    pub(super) fn outside(title: &str, notice: Option<&str>) -> Self {
        Self {
            title: title.to_owned(),
            notice: notice.and_then(text),
            ..Self::default()
        }
    }

    /// Returns where the navigation leads.
    pub(super) fn places(&self) -> Vec<(&'static str, &'static str)> {
        let of_admins = ADMIN_PLACES.iter().filter(|_| self.is_admin);
        PLACES.iter().chain(of_admins).copied().collect()
    }

    pub(super) fn is_at(&self, place: &str) -> bool {
        let below = self.path.strip_prefix(place);
        below.is_some_and(|rest| rest.is_empty() || place != "/console" && rest.starts_with('/'))
    }
}

/// Returns what an address means by `done`: nothing that an address says is shown itself.
fn text(done: &str) -> Option<&'static str> {
    Some(match done {
        "saved" => "Saved.",
        "deleted" => "Deleted.",
        "pinned" => "Pinned: it stays until it is unpinned.",
        "unpinned" => "Unpinned: it goes when its time is over.",
        "rolled-back" => "The suite holds what it held. It is live with the next publish.",
        "promoted" => "Promoted. They are live with the next publish.",
        "created" => "Created.",
        "sent" => "It is being sent: load the page again to see what came of it.",
        "paused" => "Paused: nothing is sent to it.",
        "resumed" => "It is sent what happens from now on.",
        "revoked" => "Revoked.",
        "ended" => {
            "Ended: no job gets a token by it any more. What it got lives for 15 minutes, or until it is revoked."
        }
        "yanked" => "Yanked: the next publish leaves it out. The page of the suite brings it back.",
        "restored" => "It is back. It is live with the next publish.",
        "password" => "The password was changed, and all sign-ins ended. Sign in with the new one.",
        "linked" => "Linked: from now on it signs in to this account.",
        "unlinked" => "Unlinked. You are signed out everywhere.",
        "signed-out" => "You are signed out.",
        "everywhere" => "You are signed out everywhere.",
        _ => return None,
    })
}
