//! How current the archive is: for people, and for what watches it.

use askama::Template;
use debian_control::release::format_iso;
use serde::{Deserialize, Serialize};

use crate::file::File;
use crate::layout::Layout;
use crate::record::Record;
use crate::record_store::RecordStore;
use crate::site::{Site, SiteKey};
use crate::text;

/// Where a suite stands: what the twin of its page says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteStatus {
    /// Codename.
    pub suite: String,
    /// How many names it holds.
    pub names: u64,
    /// How many packages it holds: builds of them, each counted.
    pub packages: u64,
    /// Bytes of the packages.
    pub size_bytes: u64,
    /// Revision of the suite that is published.
    pub revision: i64,
    /// Date of its Release, in Unix seconds.
    pub published: i64,
    /// The same for people and programs: RFC 3339.
    pub published_at: String,
    /// When clients begin to refuse it, in Unix seconds.
    pub valid_until: Option<i64>,
}

/// A publication of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Revision of the suite.
    pub revision: i64,
    /// How many packages that is.
    pub packages: u64,
    /// Date of its Release, in Unix seconds.
    pub date: i64,
    /// When clients begin to refuse it, in Unix seconds.
    pub valid_until: Option<i64>,
}

impl SuiteStatus {
    /// Returns where a suite stands after a publication of what a record says.
    pub fn new<S: RecordStore>(
        codename: &str,
        published: &Published,
        record: &Record<S>,
    ) -> Result<Self, S::Error> {
        Ok(Self {
            suite: codename.to_owned(),
            names: record.count()? as u64,
            packages: published.packages,
            size_bytes: record.size()?,
            revision: published.revision,
            published: published.date,
            published_at: format_iso(published.date),
            valid_until: published.valid_until,
        })
    }
}

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage<'a> {
    layout: Layout<'a>,
    suites: Vec<SuiteView<'a>>,
    keys: Vec<KeyView>,
}

struct SuiteView<'a> {
    status: &'a SuiteStatus,
    href: String,
    packages: String,
    size: String,
    published_day: String,
    valid_until: Option<(String, String)>,
}

/// A key, as pages show it.
pub(crate) struct KeyView {
    /// Its fingerprint in groups of four.
    pub(crate) groups: Vec<String>,
    /// The moment and the day on which it stops signing.
    pub(crate) expires: Option<(String, String)>,
}

impl KeyView {
    pub(crate) fn new(key: &SiteKey) -> Self {
        let digits: Vec<char> = key.fingerprint.to_uppercase().chars().collect();
        Self {
            groups: digits.chunks(4).map(|group| group.iter().collect()).collect(),
            expires: key.expires.map(|at| (format_iso(at), text::day(at))),
        }
    }
}

#[derive(Serialize)]
struct StatusJson<'a> {
    title: &'a str,
    suites: &'a [SuiteStatus],
    keys: Vec<KeyJson<'a>>,
}

#[derive(Serialize)]
struct KeyJson<'a> {
    fingerprint: &'a str,
    expires_at: Option<String>,
}

/// Returns the page of where the suites stand, and the same as JSON.
pub fn status(site: &Site, suites: &[SuiteStatus]) -> [File; 2] {
    let layout = Layout::new(site, "status.html", "Status").with_twin("status.json");
    let page = StatusPage {
        suites: suites.iter().map(|suite| suite_view(suite, &layout)).collect(),
        keys: site.keys.iter().map(KeyView::new).collect(),
        layout,
    };
    let twin = StatusJson {
        title: &site.title,
        suites,
        keys: site.keys.iter().map(key_json).collect(),
    };
    [File::page("status.html", &page), File::json("status.json", &twin)]
}

fn suite_view<'a>(status: &'a SuiteStatus, layout: &Layout<'_>) -> SuiteView<'a> {
    SuiteView {
        href: format!("{}/index.html", layout.suite_link(&status.suite)),
        packages: text::count(status.packages),
        size: text::bytes(status.size_bytes),
        published_day: text::day(status.published),
        valid_until: status
            .valid_until
            .map(|until| (format_iso(until), text::day(until))),
        status,
    }
}

fn key_json(key: &SiteKey) -> KeyJson<'_> {
    KeyJson {
        fingerprint: &key.fingerprint,
        expires_at: key.expires.map(format_iso),
    }
}
