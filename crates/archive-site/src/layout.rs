//! What every page has around its own part.

use crate::paths::{href, suite_folder};
use crate::site::Site;

/// The frame of a page; `templates/base.html` shows it.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) site: &'a Site,
    /// What leads from the page to the root: empty, or `../` for each folder between.
    pub(crate) root: String,
    /// Of the page, without that of the site.
    pub(crate) title: String,
    /// The suite whose packages the search finds.
    pub(crate) suite: Option<&'a str>,
    /// The same as JSON, beside the page.
    pub(crate) twin: Option<String>,
    /// The feed about what the page shows, from the root.
    pub(crate) feed: Option<String>,
}

impl<'a> Layout<'a> {
    /// Returns the frame of the page at `path`.
    pub(crate) fn new(site: &'a Site, path: &str, title: impl Into<String>) -> Self {
        Self {
            site,
            root: "../".repeat(path.matches('/').count()),
            title: title.into(),
            suite: None,
            twin: None,
            feed: None,
        }
    }

    /// Makes it the frame of a page of a suite.
    pub(crate) fn of_suite(self, codename: &'a str) -> Self {
        Self {
            suite: Some(codename),
            ..self
        }
    }

    /// Names the twin, a file beside the page.
    pub(crate) fn with_twin(self, name: impl Into<String>) -> Self {
        Self {
            twin: Some(name.into()),
            ..self
        }
    }

    /// Names the feed, where there are feeds.
    pub(crate) fn with_feed(self, path: &str) -> Self {
        let feed = self.site.url.is_some().then(|| self.link(path));
        Self { feed, ..self }
    }

    /// Returns the suites that the navigation names: all of them at the root. A page of a suite names no other, since it may outlive
    /// the moment when another one becomes private.
    pub(crate) fn named_suites(&self) -> Vec<&str> {
        if self.root.is_empty() {
            self.site
                .suites
                .iter()
                .map(|suite| suite.codename.as_str())
                .collect()
        } else {
            self.suite.into_iter().collect()
        }
    }

    /// Returns a link to a file by its path below the root.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{}", self.root, href(path))
    }

    /// Returns a link to the folder of a suite.
    pub(crate) fn suite_link(&self, codename: &str) -> String {
        self.link(&suite_folder(codename))
    }

    /// Returns the whole title, the most particular first.
    pub(crate) fn full_title(&self) -> String {
        // A page at the root is of no suite, also where its search is.
        let is_of_suite = |suite: &&str| !self.root.is_empty() && *suite != self.title;
        let suite = self.suite.filter(is_of_suite);
        let parts = [Some(self.title.as_str()), suite, Some(&self.site.title)];
        let mut parts: Vec<&str> = parts.into_iter().flatten().collect();
        parts.dedup();
        parts.join(" · ")
    }
}
