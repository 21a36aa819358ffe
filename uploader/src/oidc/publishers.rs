//! The file that says whose CI jobs are trusted, and with what.

use archive_catalog::accounts::{Id, Username};
use archive_catalog::provenance::CiJob;
use archive_catalog::publishers::CatalogPublisher;
use debian_control::digest::Digester;
use serde::{Deserialize, Deserializer};

use super::claims::JobClaims;
use super::identity::JobIdentity;
use super::issuer::{Issuer, IssuerKind};
use crate::id_tokens::shown;
use crate::problem::{Code, Problem};
use crate::scope::Scope;
use crate::watched_file::FileContent;

/// How many entries the file may have of each kind.
const MAX_ENTRIES: usize = 1000;

/// Jobs that may upload.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustedPublisher {
    /// The key in the catalog; `None`: it is in the file.
    #[serde(skip)]
    id: Option<Id>,
    pub(crate) issuer: String,
    pub(crate) repository: String,
    #[serde(deserialize_with = "owner_id")]
    pub(crate) owner_id: String,
    pub(crate) workflow: String,
    /// Left out: whether the job has one or not.
    pub(crate) environment: Option<String>,
    /// `refs/heads/main`, or `refs/tags/*`; left out: any.
    #[serde(rename = "ref")]
    pub(crate) reference: Option<String>,
    /// What set the job off; left out: anything but what somebody without rights in the repository can.
    pub(crate) event: Option<String>,
    /// In whose name they upload: above its rights they have none.
    #[serde(deserialize_with = "username")]
    pub(crate) account: Username,
    pub(crate) suite: String,
    pub(crate) packages: Vec<String>,
}

/// What the file says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrustedPublishers {
    #[serde(default, rename = "issuer")]
    issuers: Vec<Issuer>,
    #[serde(default, rename = "publisher")]
    publishers: Vec<TrustedPublisher>,
}

/// What a job is trusted with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) account: Username,
    pub(crate) scopes: Vec<Scope>,
    /// Whose job it is, for lists of tokens and the audit log.
    pub(crate) whose: String,
    /// What is kept of the job.
    pub(crate) job: CiJob,
    /// The keys of the publishers that fit.
    pub(crate) publishers: Vec<String>,
}

impl FileContent for TrustedPublishers {
    fn check(&self) -> Result<(), String> {
        if self.issuers.len() > MAX_ENTRIES || self.publishers.len() > MAX_ENTRIES {
            return Err(format!(
                "expected at most {MAX_ENTRIES} issuers and {MAX_ENTRIES} publishers"
            ));
        }
        for (at, issuer) in self.issuers.iter().enumerate() {
            issuer.check()?;
            let mut before = self.issuers.iter().take(at);
            if before.any(|other| other.name == issuer.name || other.url == issuer.url) {
                return Err(format!(
                    "issuer `{}` occurs twice, by its name or its url",
                    issuer.name
                ));
            }
        }
        self.publishers
            .iter()
            .try_for_each(|publisher| self.check_publisher(publisher))
    }
}

impl TrustedPublishers {
    /// Checks a publisher of the file or of the catalog.
    pub(super) fn check_publisher(&self, publisher: &TrustedPublisher) -> Result<(), String> {
        let named = self.issuers.iter().find(|issuer| issuer.name == publisher.issuer);
        let Some(issuer) = named else {
            return Err(format!(
                "a publisher refers to the issuer `{}`, which is not defined",
                publisher.issuer
            ));
        };
        publisher.check(issuer.kind)
    }

    /// Returns the publishers of the file.
    pub(super) fn of_file(&self) -> &[TrustedPublisher] {
        &self.publishers
    }

    /// Returns the names of the issuers.
    pub(super) fn issuer_names(&self) -> Vec<String> {
        self.issuers.iter().map(|issuer| issuer.name.clone()).collect()
    }

    /// Returns the issuer with this `iss`.
    pub(super) fn issuer(&self, url: &str) -> Option<&Issuer> {
        self.issuers.iter().find(|issuer| issuer.url == url)
    }

    /// Returns what a verified token is good for: what all publishers that fit give, in the name of the first one's account.
    pub(super) fn grant(
        &self,
        issuer: &Issuer,
        claims: &JobClaims,
        of_catalog: &[TrustedPublisher],
    ) -> Result<Grant, Problem> {
        let identity = JobIdentity::of(claims, issuer.kind)?;
        let fitting: Vec<&TrustedPublisher> = self
            .publishers
            .iter()
            .chain(of_catalog)
            .filter(|publisher| publisher.issuer == issuer.name && publisher.fits(&identity))
            .collect();
        let Some(first) = fitting.first() else {
            return Err(Problem::new(
                Code::UntrustedPublisher,
                format!(
                    "no trusted publisher matches {}",
                    describe(&issuer.name, &identity)
                ),
            ));
        };
        let own: Vec<&&TrustedPublisher> = fitting
            .iter()
            .filter(|publisher| publisher.account == first.account)
            .collect();
        let mut scopes = Vec::new();
        for scope in own.iter().flat_map(|publisher| publisher.scopes()) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        Ok(Grant {
            account: first.account.clone(),
            scopes,
            whose: format!("{} {} {}", issuer.name, identity.repository, identity.workflow),
            job: identity.job(&issuer.url),
            publishers: own.iter().map(|publisher| publisher.key()).collect(),
        })
    }
}

impl TrustedPublisher {
    /// Returns what the catalog knows its use by: its key there, or a digest of what the file says.
    pub(crate) fn key(&self) -> String {
        if let Some(id) = &self.id {
            return id.to_string();
        }
        let told = [
            Some(&self.issuer),
            Some(&self.repository),
            Some(&self.owner_id),
            Some(&self.workflow),
            self.environment.as_ref(),
            self.reference.as_ref(),
            self.event.as_ref(),
            Some(&self.suite),
        ];
        let mut digester = Digester::sha256();
        let account = self.account.to_string();
        let packages = self.packages.iter().map(Some);
        for value in told.into_iter().chain([Some(&account)]).chain(packages) {
            digester.update(&value.map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
            digester.update(value.map_or("", String::as_str).as_bytes());
        }
        let digest: String = digester.finish().sha256.to_string().chars().take(32).collect();
        format!("file-{digest}")
    }

    /// Says whether the file has it.
    pub(crate) fn is_of_file(&self) -> bool {
        self.id.is_none()
    }

    fn check(&self, kind: IssuerKind) -> Result<(), String> {
        let whose = format!("the publisher `{}`", self.repository);
        if self.repository.is_empty() || self.workflow.is_empty() || self.owner_id.is_empty() {
            return Err(format!(
                "{whose} needs a `repository`, an `owner_id` and a `workflow`"
            ));
        }
        if let Some(why) = self.never_fits(kind) {
            return Err(format!("{whose} fits no job: {why}"));
        }
        if self.packages.is_empty() {
            return Err(format!("{whose} has no `packages`: `[\"*\"]` means all"));
        }
        self.texts()
            .try_for_each(|text| text.parse::<Scope>().map(|_| ()))
            .map_err(|_| format!("{whose} has an invalid `suite`, or an invalid pattern in `packages`"))
    }

    /// Says why no job can be of it, where that is so.
    fn never_fits(&self, kind: IssuerKind) -> Option<String> {
        let is_path = |text: &str| text.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !self.repository.contains('/') || !is_path(&self.repository) || self.repository.contains('*') {
            return Some("its `repository` should be as `OWNER/NAME`".to_owned());
        }
        let workflow = &self.workflow;
        match kind {
            IssuerKind::GitHub | IssuerKind::Forgejo if workflow.contains('/') => Some(format!(
                "its `workflow` is `{workflow}`, and should be the name of the file alone, as `release.yml`"
            )),
            IssuerKind::GitLab if !is_path(workflow) => Some(format!(
                "its `workflow` is `{workflow}`, and should be the path of the file below the project, as `.gitlab-ci.yml`"
            )),
            _ => {
                let reference = self.reference.as_deref()?;
                let name = reference.strip_suffix('*').unwrap_or(reference);
                name.contains('*').then(|| {
                    format!("its `ref` is `{reference}`, and `*` stands for anything only at the end")
                })
            }
        }
    }

    fn fits(&self, identity: &JobIdentity) -> bool {
        let environment = self.environment.as_ref();
        self.repository == identity.repository
            && self.owner_id == identity.owner_id
            && self.workflow == identity.workflow
            && environment.is_none_or(|environment| identity.environment.as_ref() == Some(environment))
            && self.fits_reference(identity.reference.as_deref())
            && match &self.event {
                Some(event) => identity.event.as_ref() == Some(event),
                None => !is_of_strangers(identity),
            }
    }

    fn fits_reference(&self, found: Option<&str>) -> bool {
        match (self.reference.as_deref(), found) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wanted), Some(found)) => match wanted.strip_suffix('*') {
                Some(start) => found.starts_with(start),
                None => found == wanted,
            },
        }
    }

    fn texts(&self) -> impl Iterator<Item = String> {
        self.packages
            .iter()
            .map(|glob| format!("upload:{}/{glob}", self.suite))
    }

    fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.texts()
            .map(|text| text.parse().expect("scopes were checked when the file was read"))
    }
}

impl From<CatalogPublisher> for TrustedPublisher {
    fn from(kept: CatalogPublisher) -> Self {
        Self {
            id: Some(kept.id),
            issuer: kept.issuer,
            repository: kept.repository,
            owner_id: kept.owner_id,
            workflow: kept.workflow,
            environment: kept.environment,
            reference: kept.reference,
            event: kept.event,
            account: kept.account,
            suite: kept.suite,
            packages: kept.packages,
        }
    }
}

/// Says whether somebody who may not write to the repository can have set the job off.
fn is_of_strangers(identity: &JobIdentity) -> bool {
    const EVENTS: [&str; 18] = [
        // Of another CI's run, for a pull request say.
        "check_run",
        "check_suite",
        "discussion",
        "discussion_comment",
        "external_pull_request_event",
        "fork",
        // Of a wiki, which everybody may edit where its owner does not say otherwise.
        "gollum",
        "issue_comment",
        "issues",
        "merge_request_event",
        "pull_request",
        "pull_request_comment",
        "pull_request_review",
        "pull_request_review_comment",
        "pull_request_target",
        "status",
        "watch",
        // After a workflow that a pull request may have set off.
        "workflow_run",
    ];
    let of_change = |reference: &str| {
        ["refs/pull/", "refs/merge-requests/"]
            .iter()
            .any(|start| reference.starts_with(start))
    };
    identity
        .event
        .as_deref()
        .is_some_and(|event| EVENTS.contains(&event))
        || identity.reference.as_deref().is_some_and(of_change)
}

fn describe(issuer: &str, identity: &JobIdentity) -> String {
    let environment = match &identity.environment {
        Some(environment) => format!("environment `{}`", shown(environment)),
        None => "no environment".to_owned(),
    };
    let or_none = |text: &Option<String>| {
        text.as_deref()
            .map_or("none".to_owned(), |text| format!("`{}`", shown(text)))
    };
    let (reference, event) = (or_none(&identity.reference), or_none(&identity.event));
    format!(
        "issuer `{issuer}`, repository `{}`, owner_id `{}`, workflow `{}`, {environment}, ref {reference}, event {event}",
        shown(&identity.repository),
        shown(&identity.owner_id),
        shown(&identity.workflow)
    )
}

/// Reads an id, which people write as a text or as a number.
pub(crate) fn owner_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected an `owner_id` such as `\"65\"` or `65`")]
    enum OwnerId {
        Text(String),
        Number(u64),
    }
    Ok(match OwnerId::deserialize(deserializer)? {
        OwnerId::Text(text) => text,
        OwnerId::Number(number) => number.to_string(),
    })
}

fn username<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Username, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const ISSUER: &str = "[[issuer]]\nname = \"ci\"\nurl = \"https://ci.example.org\"\naudience = \"archive\"\nkind = \"github\"\n";
    const PUBLISHER: &str = "[[publisher]]\nissuer = \"ci\"\nrepository = \"a/b\"\nowner_id = 65\nworkflow = \"w.yml\"\n\
        account = \"bot\"\nsuite = \"stable\"\npackages = [\"hello*\"]\n";

    fn parse(text: &str) -> Result<TrustedPublishers, String> {
        TrustedPublishers::parse(text, Path::new("publishers.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn an_id_may_be_written_as_a_number() {
        let read = parse(&format!("{ISSUER}{PUBLISHER}")).unwrap();
        assert_eq!(read.publishers[0].owner_id, "65");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let whole = format!("{ISSUER}{PUBLISHER}");
        for (from, to, expected) in [
            (
                "workflow =",
                "workflows =",
                "publishers.toml:10: unknown field `workflows`",
            ),
            (
                "kind = \"github\"",
                "kind = \"jenkins\"",
                "publishers.toml:5: unknown variant `jenkins`",
            ),
            ("https://ci", "http://ci", "should begin with https://"),
            ("example.org\"", "example.org/\"", "without a trailing slash"),
            (
                "issuer = \"ci\"",
                "issuer = \"other\"",
                "issuer `other`, which is not defined",
            ),
            ("hello*", "Hello", "invalid pattern"),
            ("[\"hello*\"]", "[]", "has no `packages`"),
            ("suite = \"stable\"", "suite = \"../x\"", "invalid `suite`"),
            (
                "\"w.yml\"",
                "\".github/workflows/w.yml\"",
                "name of the file alone",
            ),
            ("\"a/b\"", "\"b\"", "`OWNER/NAME`"),
            ("\"a/b\"", "\"a/*\"", "`OWNER/NAME`"),
            ("account =", "ref = \"refs/*/x\"\naccount =", "only at the end"),
            ("owner_id = 65", "owner_id = -1", "expected an `owner_id`"),
        ] {
            let changed = whole.replacen(from, to, 1);
            let error = parse(&changed).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(parse(&format!("{ISSUER}{ISSUER}")).unwrap_err().contains("twice"));
    }

    #[test]
    fn what_strangers_set_off_fits_only_where_it_is_named() {
        let job = |reference: Option<&str>, event: Option<&str>| JobIdentity {
            repository: "a/b".into(),
            owner_id: "65".into(),
            workflow: "w.yml".into(),
            environment: None,
            reference: reference.map(str::to_owned),
            event: event.map(str::to_owned),
            commit: None,
            run: None,
            is_public: false,
        };
        let fits = |more: &str, job: &JobIdentity| {
            let read = parse(&format!("{ISSUER}{PUBLISHER}{more}")).unwrap();
            read.publishers[0].fits(job)
        };
        let main = Some("refs/heads/main");
        for (more, reference, event, expected) in [
            ("", main, Some("push"), true),
            ("", main, None, true),
            ("", main, Some("pull_request"), false),
            ("", main, Some("pull_request_target"), false),
            ("", main, Some("merge_request_event"), false),
            ("", Some("refs/pull/1/merge"), None, false),
            ("event = \"pull_request\"", main, Some("pull_request"), true),
            ("event = \"push\"", main, Some("schedule"), false),
            ("event = \"push\"", main, None, false),
            ("ref = \"refs/heads/main\"", main, Some("push"), true),
            (
                "ref = \"refs/heads/main\"",
                Some("refs/heads/mainly"),
                Some("push"),
                false,
            ),
            ("ref = \"refs/heads/main\"", None, Some("push"), false),
            ("ref = \"refs/tags/v*\"", Some("refs/tags/v1"), Some("push"), true),
            (
                "ref = \"refs/tags/v*\"",
                Some("refs/heads/v1"),
                Some("push"),
                false,
            ),
        ] {
            assert_eq!(
                fits(more, &job(reference, event)),
                expected,
                "{more} {reference:?} {event:?}"
            );
        }
    }
}
