//! What is kept of a package besides its .deb: section, priority and tags.

use archive_catalog::listing::{Description, Tag};
use debian_control::section::check_section;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::given_name::given_name;
use crate::problem::{Code, Problem};

const DEFAULT_COLOR: &str = "#6c757d";

const MAX_TAGS: usize = 32;

/// A change to a package. Omitted fields stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"section": "admin", "tags": [{"name": "web", "color": "#007bff"}], "suites": ["bookworm"]}))]
pub(crate) struct ChangePackage {
    pub(crate) section: Option<String>,
    pub(crate) priority: Option<String>,
    /// Replaces the tags of the package.
    pub(crate) tags: Option<Vec<NewTag>>,
    /// Replaces the suites of the package.
    pub(crate) suites: Option<Vec<NewPlace>>,
}

/// The name of a tag, or its name and color.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected the name of a tag, or {\"name\", \"color\"}")]
pub(crate) enum NewTag {
    Name(String),
    Tag { name: String, color: Option<String> },
}

/// A suite by codename or alias, or a suite and a component of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected a suite, or {\"suite\", \"component\"}")]
pub(crate) enum NewPlace {
    Suite(String),
    Place {
        suite: String,
        component: Option<String>,
    },
}

pub(crate) fn description(body: &ChangePackage) -> Result<Description, Problem> {
    for (key, value) in [("section", &body.section), ("priority", &body.priority)] {
        if let Some(value) = value {
            check_section(key, value).map_err(|error| wrong(error.to_string()))?;
        }
    }
    Ok(Description {
        section: body.section.clone(),
        priority: body.priority.clone(),
        tags: body.tags.as_deref().map(tags).transpose()?,
    })
}

fn tags(wanted: &[NewTag]) -> Result<Vec<Tag>, Problem> {
    if wanted.len() > MAX_TAGS {
        return Err(wrong(format!("expected at most {MAX_TAGS} tags")));
    }
    let mut tags: Vec<Tag> = Vec::new();
    for tag in wanted {
        let (name, color) = match tag {
            NewTag::Name(name) => (name, None),
            NewTag::Tag { name, color } => (name, color.as_deref()),
        };
        let color = color.unwrap_or(DEFAULT_COLOR);
        let name = given_name(name, 64).map_err(|why| wrong(format!("tag: {why}")))?;
        let digits = color.strip_prefix('#').unwrap_or_default();
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong("expected a tag color such as `#007bff`".into()));
        }
        if tags.iter().any(|other| other.name == name) {
            return Err(wrong(format!("tag `{}` occurs twice", name.escape_debug())));
        }
        tags.push(Tag {
            name,
            color: color.to_owned(),
        });
    }
    Ok(tags)
}

fn wrong(detail: String) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}
