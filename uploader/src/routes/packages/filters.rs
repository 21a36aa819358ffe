//! Which packages a list or a search is of.

use archive_catalog::listing::PackageQuery;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::routes::wire::PageParams;
use crate::routes::{lookup, wire};

/// Which packages.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filters {
    /// Name of the package.
    name: Option<String>,
    /// Version, compared as dpkg does: `1.0` also finds `1.00`.
    version: Option<String>,
    /// Codename or alias of a suite.
    suite: Option<String>,
    component: Option<String>,
    architecture: Option<String>,
    section: Option<String>,
    /// Part of the maintainer's name or address, ignoring case.
    maintainer: Option<String>,
    tag: Option<String>,
    /// Items on the page, from 1 to 500. Default: 50.
    #[param(minimum = 1, maximum = 500)]
    pub(super) limit: Option<usize>,
    /// The `next` of the previous page.
    pub(super) cursor: Option<String>,
}

impl Filters {
    /// Returns the filters of a form, which sends the fields that were left empty, too.
    pub(crate) fn of_form([suite, section, tag, architecture, cursor]: [&str; 5]) -> Self {
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            suite: filled(suite),
            section: filled(section),
            tag: filled(tag),
            architecture: filled(architecture),
            cursor: filled(cursor),
            ..Self::default()
        }
    }

    /// Returns which list is asked for, whichever part of it.
    pub(super) fn list(&self) -> Self {
        Self {
            limit: None,
            cursor: None,
            ..self.clone()
        }
    }

    /// Returns which part of the list is asked for.
    pub(super) fn page(&self) -> PageParams {
        PageParams {
            limit: self.limit,
            cursor: self.cursor.clone(),
        }
    }

    /// Reads the values, with the suites that the caller may read where none is named.
    pub(super) fn query(&self, app: &App, caller: &Caller) -> Result<PackageQuery, Problem> {
        Ok(PackageQuery {
            suites: match &self.suite {
                None => lookup::codenames(app, caller),
                Some(name) => {
                    let suite = caller.readable_suite(app.archive.config(), name)?;
                    vec![suite.codename.clone()]
                }
            },
            // A package is shown with all of its suites: whoever writes back what was read takes none of them away.
            also: lookup::codenames(app, caller),
            name: wire::asked(self.name.as_ref())?,
            version: wire::asked(self.version.as_ref())?,
            component: wire::asked(self.component.as_ref())?,
            architecture: wire::asked(self.architecture.as_ref())?,
            section: self.section.clone(),
            maintainer: self.maintainer.clone(),
            tag: self.tag.clone(),
            author: None,
        })
    }
}
