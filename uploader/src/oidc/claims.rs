//! What a CI job's token says, once it is verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::publishers::{Issuer, Kind};
use super::{refused, shown};
use crate::problem::Problem;

/// How far the clocks of two machines may be apart, in seconds.
pub(super) const LEEWAY: i64 = 60;
/// How long a token may be good for: it is remembered for so long, too.
const MAX_LIFE: i64 = 24 * 3600;

/// The claims that are asked for by name, and all others.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Claims {
    pub(super) exp: i64,
    iat: i64,
    /// Typed, so that one of another type is refused instead of passed over.
    #[serde(rename = "nbf")]
    _nbf: Option<i64>,
    pub(super) jti: Option<String>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// Whose job it is, in the words of no CI in particular.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) repository: String,
    pub(super) owner_id: String,
    /// The file of the workflow, as publishers name it.
    pub(super) workflow: String,
    pub(super) environment: Option<String>,
    /// The branch or tag that it runs for, as `refs/heads/main`.
    pub(super) reference: Option<String>,
    /// What set it off, in the words of its CI.
    pub(super) event: Option<String>,
}

/// Returns the issuer that a token names, which proves nothing yet.
pub(super) fn issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        iss: String,
    }
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    Some(serde_json::from_slice::<Named>(&bytes).ok()?.iss)
}

/// Returns the name of the key and the algorithm, which is one of two.
pub(super) fn header(token: &str) -> Result<(String, Algorithm), Problem> {
    let unusable = || refused("expected a header with a `kid`, and RS256 or ES256 for `alg`");
    let header = decode_header(token).map_err(|_| unusable())?;
    let algorithm = match header.alg {
        Algorithm::RS256 | Algorithm::ES256 => header.alg,
        _ => return Err(unusable()),
    };
    Ok((header.kid.ok_or_else(unusable)?, algorithm))
}

/// Checks a token against its issuer's key, the audience and the clock.
pub(super) fn verify(
    issuer: &Issuer,
    token: &str,
    (key, algorithm): (&DecodingKey, Algorithm),
    now: i64,
) -> Result<Claims, Problem> {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&issuer.url]);
    validation.set_audience(&[&issuer.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    validation.leeway = u64::try_from(LEEWAY).unwrap_or_default();
    let claims = decode::<Claims>(token, key, &validation)
        .map_err(|error| refused(words(issuer, error.kind())))?
        .claims;
    if claims.iat > now + LEEWAY {
        return Err(refused("its `iat` is in the future"));
    }
    if claims.exp > now + MAX_LIFE {
        return Err(refused("it is good for longer than a day"));
    }
    if claims
        .jti
        .as_ref()
        .is_some_and(|id| id.is_empty() || id.len() > 256)
    {
        return Err(refused("its `jti` has not 1 to 256 bytes"));
    }
    Ok(claims)
}

fn words(issuer: &Issuer, kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidSignature => "its signature is not one of its issuer".into(),
        ErrorKind::InvalidAudience => format!("its `aud` is not `{}`", issuer.audience),
        ErrorKind::ExpiredSignature => "it has run out".into(),
        ErrorKind::ImmatureSignature => "its `nbf` is in the future".into(),
        ErrorKind::MissingRequiredClaim(claim) => format!("it has no `{claim}`"),
        _ => "it is no JWT with the claims that are needed".into(),
    }
}

impl Claims {
    /// Returns whose job it is.
    pub(super) fn identity(&self, kind: Kind) -> Result<Identity, Problem> {
        match kind {
            // Source: the references of GitHub and of Forgejo on OpenID Connect in Actions, which have these claims alike.
            Kind::GitHub | Kind::Forgejo => {
                let repository = self.text("repository")?;
                Ok(Identity {
                    workflow: actions_workflow(&self.text("workflow_ref")?, &repository, kind)?,
                    owner_id: self.text("repository_owner_id")?,
                    environment: self.optional("environment")?,
                    reference: self.optional("ref")?,
                    event: self.optional("event_name")?,
                    repository,
                })
            }
            // Source: GitLab's reference on ID tokens.
            Kind::GitLab => {
                let repository = self.text("project_path")?;
                Ok(Identity {
                    workflow: gitlab_workflow(&self.text("ci_config_ref_uri")?, &repository)?,
                    owner_id: self.text("namespace_id")?,
                    environment: self.optional("environment")?,
                    reference: match self.optional("ref_path")? {
                        Some(path) => Some(path),
                        None => self.optional("ref")?,
                    },
                    event: self.optional("pipeline_source")?,
                    repository,
                })
            }
        }
    }

    fn text(&self, claim: &str) -> Result<String, Problem> {
        let found = self.optional(claim)?;
        found.ok_or_else(|| refused(format!("it has no `{claim}`")))
    }

    /// Returns a claim that is a text, or a number as one writes it.
    fn optional(&self, claim: &str) -> Result<Option<String>, Problem> {
        match self.other.get(claim) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
            Some(_) => Err(refused(format!("its `{claim}` is no text"))),
        }
    }
}

/// Returns the file of `OWNER/NAME/.github/workflows/FILE@REF`, which has to be of the repository itself.
fn actions_workflow(text: &str, repository: &str, kind: Kind) -> Result<String, Problem> {
    let folders: &[&str] = match kind {
        Kind::Forgejo => &[".forgejo/workflows/", ".gitea/workflows/", ".github/workflows/"],
        _ => &[".github/workflows/"],
    };
    let file = || {
        let path = text.strip_prefix(repository)?.strip_prefix('/')?;
        let (path, _) = path.split_once('@')?;
        folders.iter().find_map(|folder| path.strip_prefix(folder))
    };
    let file = file().map(str::to_owned);
    file.ok_or_else(|| {
        refused(format!(
            "its `workflow_ref` `{}` is no workflow of `{}`",
            shown(text),
            shown(repository)
        ))
    })
}

/// Returns the file of `HOST/PROJECT//FILE@REF`, which has to be of the project itself.
fn gitlab_workflow(text: &str, project: &str) -> Result<String, Problem> {
    let file = || {
        let (at, rest) = text.split_once("//")?;
        let (_host, path) = at.split_once('/')?;
        let (file, _) = rest.split_once('@')?;
        (path == project).then_some(file)
    };
    let file = file().map(str::to_owned);
    file.ok_or_else(|| {
        refused(format!(
            "its `ci_config_ref_uri` `{}` is no file of `{}`",
            shown(text),
            shown(project)
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity(kind: Kind, claims: Value) -> Result<Identity, String> {
        let mut all = json!({"exp": 2, "iat": 1});
        all.as_object_mut()
            .unwrap()
            .extend(claims.as_object().unwrap().clone());
        let claims: Claims = serde_json::from_value(all).unwrap();
        claims.identity(kind).map_err(|problem| problem.detail)
    }

    fn expected(workflow: &str, environment: Option<&str>) -> Identity {
        Identity {
            repository: "team/hello".into(),
            owner_id: "65".into(),
            workflow: workflow.into(),
            environment: environment.map(str::to_owned),
            reference: None,
            event: None,
        }
    }

    #[test]
    fn each_ci_says_the_same_in_its_own_words() {
        let github = json!({"repository": "team/hello", "repository_owner_id": "65", "environment": "release",
            "workflow_ref": "team/hello/.github/workflows/release.yml@refs/heads/main"});
        assert_eq!(
            identity(Kind::GitHub, github),
            Ok(expected("release.yml", Some("release")))
        );
        let forgejo = json!({"repository": "team/hello", "repository_owner_id": 65,
            "workflow_ref": "team/hello/.forgejo/workflows/release.yml@refs/tags/v1"});
        assert_eq!(
            identity(Kind::Forgejo, forgejo),
            Ok(expected("release.yml", None))
        );
        let gitlab = json!({"project_path": "team/hello", "namespace_id": "65", "environment": "",
            "ci_config_ref_uri": "gitlab.example.org/team/hello//.gitlab-ci.yml@refs/heads/main"});
        assert_eq!(
            identity(Kind::GitLab, gitlab),
            Ok(expected(".gitlab-ci.yml", None))
        );
    }

    #[test]
    fn a_workflow_of_another_repository_is_not_the_repositorys() {
        for reference in [
            "other/hello/.github/workflows/release.yml@refs/heads/main",
            "team/hello-fork/.github/workflows/release.yml@refs/heads/main",
            "team/hello/elsewhere/release.yml@refs/heads/main",
            "team/hello/.github/workflows/release.yml",
        ] {
            let claims =
                json!({"repository": "team/hello", "repository_owner_id": "65", "workflow_ref": reference});
            assert!(identity(Kind::GitHub, claims).is_err(), "{reference}");
        }
        for reference in [
            "gitlab.example.org/other/hello//.gitlab-ci.yml@refs/heads/main",
            "gitlab.example.org/team/hello/.gitlab-ci.yml@refs/heads/main",
            "team/hello//.gitlab-ci.yml@refs/heads/main",
        ] {
            let claims =
                json!({"project_path": "team/hello", "namespace_id": "65", "ci_config_ref_uri": reference});
            assert!(identity(Kind::GitLab, claims).is_err(), "{reference}");
        }
        let missing = json!({"repository": "team/hello",
            "workflow_ref": "team/hello/.github/workflows/release.yml@refs/heads/main"});
        assert_eq!(
            identity(Kind::GitHub, missing),
            Err("it has no `repository_owner_id`".into())
        );
        let mistyped = json!({"repository": ["team/hello"]});
        assert_eq!(
            identity(Kind::GitHub, mistyped),
            Err("its `repository` is no text".into())
        );
    }
}
