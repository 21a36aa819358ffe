//! `POST /api/suites/{suite}/promotions`: packages of another suite, or of a snapshot of one, come into this one.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use archive_catalog::listing::PackageQuery;
use archive_catalog::{PlacementOutcome, SnapshotPackage};
use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use debian_archive::check::Uninstallable;
use debian_archive::config::{Gate, Suite};
use debian_archive::ingest::UploadContext;
use debian_archive::promotion::{PromotedPackage, PromotionPlan, PromotionSource, newest_of_each};
use debian_control::counted::counted;
use debian_control::digest::Sha256;
use debian_control::version::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::clock::now;
use crate::credential::PresentedCredential;
use crate::extract::{Json, Params, Path};
use crate::identify::identify;
use crate::problem::{Code, Problem};
use crate::routes::change::{ChangeParams, ChangePublisher, published};
use crate::routes::packages::page::page_limit;
use crate::routes::suites::snapshots;
use crate::routes::upload::admission::vulnerable;
use crate::routes::wire;
use crate::scope::Glob;

/// How many packages one promotion may bring.
const MOST: usize = 5000;
/// How many names a request may list.
const MOST_NAMES: usize = 1000;

/// What is to be promoted. Without `names` and `query`: everything. Of each name the newest version comes, unless one is named.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(as = Promotion, example = json!({"from": "testing", "names": ["hello", "libgreet*", "weather=1.2-1"], "dry_run": true}))]
pub(crate) struct PromotionRequest {
    /// Codename or alias of the suite that the packages come from.
    pub(crate) from: String,
    /// ID of a snapshot of that suite. Default: what it holds now.
    pub(crate) snapshot: Option<String>,
    /// `NAME` or `NAME=VERSION`; in a name, `*` stands for any letters and `?` for one.
    #[schema(min_items = 1, max_items = 1000)]
    pub(crate) names: Option<Vec<String>>,
    /// Only packages that all of this fits. Not together with `snapshot`.
    pub(crate) query: Option<PromotionQuery>,
    /// Say what would come and what would become uninstallable, and change nothing.
    #[serde(default)]
    pub(crate) dry_run: bool,
    /// `plan` of a preview: promote exactly what it showed, or nothing.
    pub(crate) plan: Option<String>,
    /// Take packages also where they have known vulnerabilities that the suite does not take. Administrators only; the audit log names the
    /// vulnerabilities.
    #[serde(default)]
    pub(crate) allow_vulnerable: bool,
}

/// Which packages of a suite, as it is now.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromotionQuery {
    component: Option<String>,
    architecture: Option<String>,
    section: Option<String>,
    /// Part of the maintainer's name or address, ignoring case.
    maintainer: Option<String>,
    tag: Option<String>,
}

/// What a promotion brought, or would bring.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Promoted)]
pub(crate) struct PromotionAnswer {
    /// Codename of the suite that the packages come from.
    pub(crate) from: String,
    /// Codename of the suite that they come to.
    pub(crate) suite: String,
    /// Whether packages were placed: not by a `dry_run`, and not where all of them were there.
    pub(crate) is_changed: bool,
    /// Who makes the change live.
    pub(crate) published_by: ChangePublisher,
    /// What names just these packages.
    pub(crate) plan: String,
    pub(crate) packages: Vec<PromotedView>,
    /// Packages of the suite that cannot be installed with the promotion, and can without.
    pub(crate) uninstallable: Vec<UninstallableView>,
}

/// A package of a promotion.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PromotedPackage)]
pub(crate) struct PromotedView {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) architecture: String,
    /// The component that it comes to stand in.
    pub(crate) component: String,
    /// Whether the suite has just that already.
    pub(crate) is_there: bool,
    /// The newest version that the suite has of it on its architecture; null: none.
    pub(crate) held: Option<String>,
}

/// A package that cannot be installed, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Uninstallable)]
pub(crate) struct UninstallableView {
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) architecture: String,
    /// The shortest chain of who needs what, each link a sentence.
    pub(crate) reasons: Vec<String>,
}

/// Promotes packages of another suite into this one: all of them or none.
#[utoipa::path(post, path = "/api/suites/{suite}/promotions", operation_id = "promote_packages", tag = "suites", params(("suite" = String, Path), ChangeParams),
    request_body = PromotionRequest, security(("bearer" = [])),
    responses((status = 200, description = "Promoted, or what would be", body = PromotionAnswer),
        (status = 202, description = "Promoted, but not yet in the live InRelease", body = PromotionAnswer)))]
pub(crate) async fn promote(
    State(app): State<Arc<App>>,
    presented: PresentedCredential,
    Path(name): Path<String>,
    Params(params): Params<ChangeParams>,
    Json(body): Json<PromotionRequest>,
) -> Result<(StatusCode, Answer<PromotionAnswer>), Problem> {
    let caller = app.blocking(move |app| identify(app, &presented)).await?;
    let answer = promoted(&app, caller, name, body).await?;
    let status = published(&app, answer.is_changed, [answer.suite.as_str()], params.wait).await?;
    Ok((status, Answer(answer)))
}

/// Promotes packages, or says what that would come to.
pub(crate) async fn promoted(
    app: &Arc<App>,
    caller: Caller,
    name: String,
    body: PromotionRequest,
) -> Result<PromotionAnswer, Problem> {
    let (is_preview, allow_vulnerable) = (body.dry_run, body.allow_vulnerable);
    let (caller, plan, mut answer) = app
        .blocking(move |app| {
            let (plan, answer) = plan(app, &caller, &name, &body)?;
            Ok((caller, plan, answer))
        })
        .await?;
    if is_preview || !answer.brings_any() {
        return Ok(answer);
    }
    let suite = answer.suite.clone();
    answer.is_changed = app
        .changing(move |app| carry_out(app, &caller, &suite, &plan, allow_vulnerable))
        .await?;
    Ok(answer)
}

fn plan(
    app: &App,
    caller: &Caller,
    name: &str,
    body: &PromotionRequest,
) -> Result<(PromotionPlan, PromotionAnswer), Problem> {
    caller.account()?;
    let config = app.archive.config();
    let to = caller.suite(config, name)?;
    // Before the other suite is looked at: whoever may not change this one learns nothing more.
    caller.uploads(to, None)?;
    // The answer says what it holds.
    let to = caller.readable_suite(config, name)?;
    let from = caller.readable_suite(config, &body.from)?;
    if from.codename == to.codename {
        return Err(wrong("expected a `from` that is another suite"));
    }
    let revision = revision(app, from, body)?;
    let packages = chosen(app, (from, revision), body)?;
    for package in &packages {
        caller.uploads(to, Some(&package.name))?;
    }
    let arrival = arrival(caller, body.allow_vulnerable)?;
    let source = PromotionSource {
        suite: from,
        revision,
        packages: &packages,
    };
    let plan = app.archive.plan_promotion(source, to, &arrival)?;
    let name = wire::plan_name(plan.packages.iter().map(|package| {
        let content = &package.entry.content;
        format!("{} {} {}", to.codename, package.component, content.sha256)
    }));
    wire::check_plan(body.plan.as_deref(), &name)?;
    if to.gate == Gate::Block && !body.dry_run && !plan.broken.is_empty() {
        let names: Vec<&str> = plan
            .broken
            .iter()
            .map(|broken| broken.package.as_str())
            .take(10)
            .collect();
        return Err(Problem::new(
            Code::WouldBreak,
            format!(
                "{} of `{}` would become uninstallable, such as {}: a preview (`dry_run`) says why",
                counted(plan.broken.len(), "package"),
                to.codename,
                names.join(", ")
            ),
        ));
    }
    let answer = PromotionAnswer {
        from: from.codename.to_string(),
        suite: to.codename.to_string(),
        is_changed: false,
        published_by: ChangePublisher::of(app),
        plan: name,
        packages: plan.packages.iter().map(PromotedView::new).collect(),
        uninstallable: plan.broken.iter().map(UninstallableView::new).collect(),
    };
    Ok((plan, answer))
}

/// Returns by whom packages come, and what is allowed.
fn arrival(caller: &Caller, allow_vulnerable: bool) -> Result<UploadContext, Problem> {
    Ok(UploadContext {
        now: now(),
        by: Some(caller.actor().clone()),
        vulnerable: vulnerable(caller, allow_vulnerable)?,
        ..UploadContext::default()
    })
}

fn carry_out(
    app: &App,
    caller: &Caller,
    suite: &str,
    plan: &PromotionPlan,
    allow_vulnerable: bool,
) -> Result<bool, Problem> {
    // Finding what breaks took its time: what counts are the rights as they are now.
    let caller = caller.again(&app.archive)?;
    let to = caller.suite(app.archive.config(), suite)?;
    for package in &plan.packages {
        caller.uploads(to, Some(&package.entry.content.name))?;
    }
    let arrival = arrival(&caller, allow_vulnerable)?;
    let placed = app.archive.promote(to, plan, &arrival)?;
    app.publications.changed();
    Ok(placed.contains(&PlacementOutcome::Added))
}

/// Returns the revision of a suite that a request means; `None` for what it holds now.
fn revision(app: &App, from: &Suite, body: &PromotionRequest) -> Result<Option<i64>, Problem> {
    match &body.snapshot {
        Some(_) if body.query.is_some() => Err(wrong(
            "expected either a `snapshot` or a `query`: a query is of what the suite holds now",
        )),
        Some(id) => {
            let states = app.archive.states_named(&[from], &snapshots::id(id)?)?;
            Ok(states.first().map(|(_, state)| state.revision))
        }
        None => Ok(None),
    }
}

/// Returns the packages that a request means.
fn chosen(
    app: &App,
    (from, revision): (&Suite, Option<i64>),
    body: &PromotionRequest,
) -> Result<Vec<SnapshotPackage>, Problem> {
    let mut held = app.archive.held(from, revision)?;
    if let Some(query) = &body.query {
        let fits = fitting(app, from, query)?;
        held.retain(|package| fits.contains(&package.sha256));
    }
    let packages = match &body.names {
        Some(names) => named(&held, names)?,
        None => newest_of_each(held),
    };
    check_count(packages.len())?;
    Ok(packages)
}

fn check_count(packages: usize) -> Result<(), Problem> {
    if packages <= MOST {
        return Ok(());
    }
    Err(wrong(&format!(
        "{packages} packages are more than the {MOST} that one promotion may bring: promote them in parts"
    )))
}

/// Returns what of a suite has one of these names; an error where one of them means nothing.
fn named(held: &[SnapshotPackage], names: &[String]) -> Result<Vec<SnapshotPackage>, Problem> {
    if names.is_empty() || names.len() > MOST_NAMES {
        return Err(wrong(&format!("expected 1 to {MOST_NAMES} `names`")));
    }
    let newest = newest_of_each(held.to_vec());
    // A package counts once, however many of the names it has.
    let mut found: BTreeSet<&SnapshotPackage> = BTreeSet::new();
    for text in names {
        let (name, version) = match text.split_once('=') {
            Some((name, version)) => (name, Some(wire::value::<Version>(version)?)),
            None => (text.as_str(), None),
        };
        let glob = Glob::parse(name).ok_or_else(|| {
            wrong(&format!(
                "invalid name `{}`: expected `NAME` or `NAME=VERSION`",
                text.escape_debug()
            ))
        })?;
        let among = if version.is_some() { held } else { &newest };
        let mut fits = among
            .iter()
            .filter(|package| version.as_ref().is_none_or(|version| package.version == *version))
            .filter(|package| glob.fits(&package.name))
            .peekable();
        if fits.peek().is_none() {
            return Err(Problem::new(
                Code::PackageNotFound,
                format!("no package `{}` among those to promote", text.escape_debug()),
            ));
        }
        found.extend(fits);
        check_count(found.len())?;
    }
    Ok(found.into_iter().cloned().collect())
}

/// Returns the contents of a suite that a query fits.
fn fitting(app: &App, from: &Suite, query: &PromotionQuery) -> Result<HashSet<Sha256>, Problem> {
    let query = PackageQuery {
        suites: vec![from.codename.clone()],
        component: query.component.as_deref().map(wire::value).transpose()?,
        architecture: query.architecture.as_deref().map(wire::value).transpose()?,
        section: query.section.clone(),
        maintainer: query.maintainer.clone(),
        tag: query.tag.clone(),
        ..PackageQuery::default()
    };
    let mut found = HashSet::new();
    let mut after = None;
    loop {
        let page = app
            .archive
            .listing()
            .page(&query, after.as_ref(), page_limit(Some(500))?)?;
        found.extend(page.packages.iter().map(|package| package.entry.content.sha256));
        let Some(last) = page.packages.last().filter(|_| page.more) else {
            return Ok(found);
        };
        after = Some(crate::routes::packages::page::after(last));
    }
}

impl PromotionAnswer {
    /// Says whether something comes that is not there.
    pub(crate) fn brings_any(&self) -> bool {
        self.packages.iter().any(|package| !package.is_there)
    }
}

impl PromotedView {
    fn new(package: &PromotedPackage) -> Self {
        let content = &package.entry.content;
        Self {
            name: content.name.to_string(),
            version: content.version.to_string(),
            architecture: content.architecture.to_string(),
            component: package.component.to_string(),
            is_there: package.outcome == PlacementOutcome::Unchanged,
            held: package.held.as_ref().map(ToString::to_string),
        }
    }
}

impl UninstallableView {
    pub(super) fn new(broken: &Uninstallable) -> Self {
        Self {
            package: broken.package.clone(),
            version: broken.version.clone(),
            architecture: broken.architecture.clone(),
            reasons: broken.reasons.clone(),
        }
    }
}

fn wrong(detail: &str) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str) -> SnapshotPackage {
        SnapshotPackage {
            component: "main".parse().unwrap(),
            name: name.parse().unwrap(),
            architecture: "all".parse().unwrap(),
            version: version.parse().unwrap(),
            sha256: debian_control::digest::sha256(format!("{name}={version}").as_bytes()),
            size: 1,
            path: None,
        }
    }

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_package_that_several_names_mean_comes_once() {
        let held = [package("aa", "1"), package("aa", "2"), package("ab", "1")];
        let found = named(&held, &texts(&["a*", "aa", "*", "aa=1", "aa=2"])).unwrap();
        assert_eq!(found, held);
        let found = named(&held, &texts(&["*"])).unwrap();
        assert_eq!(found, [package("aa", "2"), package("ab", "1")]);
        assert!(named(&held, &texts(&["aa=3"])).is_err());
    }

    #[test]
    fn many_names_that_mean_everything_end_at_the_first() {
        let held: Vec<_> = (0..=MOST).map(|at| package(&format!("p{at}"), "1")).collect();
        let refused = named(&held, &vec!["*".to_owned(); MOST_NAMES]).unwrap_err();
        assert!(
            refused.detail.contains("promote them in parts"),
            "{}",
            refused.detail
        );
    }
}
