//! What is kept of a package besides its .deb: section, priority and tags.

use archive_catalog::listing::{Description, Tag};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::problem::{Code, Problem};

const DEFAULT_COLOR: &str = "#6c757d";

const MAX_TAGS: usize = 32;

/// What is to be changed of a package. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"section": "admin", "tags": [{"name": "web", "color": "#007bff"}], "suites": ["bookworm"]}))]
pub(crate) struct ChangePackage {
    pub(super) section: Option<String>,
    pub(super) priority: Option<String>,
    /// All its tags.
    pub(super) tags: Option<Vec<NewTag>>,
    /// All suites that it is to stand in.
    pub(super) suites: Option<Vec<NewPlace>>,
}

/// A tag, or its name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum NewTag {
    Name(String),
    Tag { name: String, color: Option<String> },
}

/// A suite by codename or alias, or a suite and a component of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum NewPlace {
    Suite(String),
    Place {
        suite: String,
        component: Option<String>,
    },
}

pub(crate) fn description(body: &ChangePackage) -> Result<Description, Problem> {
    for (key, value) in [("section", &body.section), ("priority", &body.priority)] {
        let right = |value: &String| {
            (1..=64).contains(&value.len())
                && value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_+./".contains(&byte))
        };
        if !value.as_ref().is_none_or(right) {
            return Err(wrong(format!(
                "`{key}` should be one word of 1 to 64 of `A-Za-z0-9-_+./`"
            )));
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
        return Err(wrong(format!("expected {MAX_TAGS} tags or fewer")));
    }
    let mut tags: Vec<Tag> = Vec::new();
    for tag in wanted {
        let (name, color) = match tag {
            NewTag::Name(name) => (name, None),
            NewTag::Tag { name, color } => (name, color.as_deref()),
        };
        let color = color.unwrap_or(DEFAULT_COLOR);
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            return Err(wrong(
                "the name of a tag should be one line of 1 to 64 bytes".into(),
            ));
        }
        let digits = color.strip_prefix('#').unwrap_or_default();
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong("the colour of a tag should be as `#007bff`".into()));
        }
        if tags.iter().any(|other| other.name == *name) {
            return Err(wrong(format!("tag `{}` is there twice", name.escape_debug())));
        }
        tags.push(Tag {
            name: name.clone(),
            color: color.to_owned(),
        });
    }
    Ok(tags)
}

fn wrong(detail: String) -> Problem {
    Problem::new(Code::InvalidRequest, detail)
}
