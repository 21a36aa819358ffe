//! Whose job a token is of: each CI says the same in its own words.

use archive_catalog::provenance::CiJob;

use super::claims::JobClaims;
use super::error::refused;
use super::issuer::IssuerKind;
use crate::id_tokens::shown;
use crate::problem::Problem;

/// Whose job it is, in the words of no CI in particular.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobIdentity {
    pub(super) repository: String,
    pub(super) owner_id: String,
    /// The file of the workflow, as publishers name it.
    pub(super) workflow: String,
    pub(super) environment: Option<String>,
    /// The branch or tag that it runs for, as `refs/heads/main`.
    pub(super) reference: Option<String>,
    /// What set it off, in the words of its CI.
    pub(super) event: Option<String>,
    /// The commit that it runs for.
    pub(super) commit: Option<String>,
    /// What its CI calls the run.
    pub(super) run: Option<String>,
    /// Whether its CI says that everybody may read the repository.
    pub(super) is_public: bool,
}

impl JobIdentity {
    /// Returns what is kept of the job beside the packages that it brings.
    pub(super) fn job(&self, issuer: &str) -> CiJob {
        CiJob {
            issuer: issuer.to_owned(),
            repository: self.repository.clone(),
            workflow: self.workflow.clone(),
            reference: self.reference.clone(),
            commit: self.commit.clone(),
            run: self.run.clone(),
            is_public: self.is_public,
        }
    }

    /// Reads whose job a verified token is of.
    pub(super) fn of(claims: &JobClaims, kind: IssuerKind) -> Result<Self, Problem> {
        match kind {
            // Source: the references of GitHub and of Forgejo on OpenID Connect in Actions, which have these claims alike.
            IssuerKind::GitHub | IssuerKind::Forgejo => {
                let repository = claims.text("repository")?;
                // The workflow whose steps run, where another one calls it.
                if let Some(called) = claims.optional("job_workflow_ref")? {
                    actions_workflow(("job_workflow_ref", &called), &repository, kind)?;
                }
                let workflow = claims.text("workflow_ref")?;
                Ok(Self {
                    workflow: actions_workflow(("workflow_ref", &workflow), &repository, kind)?,
                    owner_id: claims.text("repository_owner_id")?,
                    environment: claims.optional("environment")?,
                    reference: claims.optional("ref")?,
                    event: claims.optional("event_name")?,
                    commit: claims.optional("sha")?,
                    run: claims.optional("run_id")?,
                    is_public: is_public(claims, "repository_visibility")?,
                    repository,
                })
            }
            // Source: GitLab's reference on ID tokens.
            IssuerKind::GitLab => {
                let repository = claims.text("project_path")?;
                Ok(Self {
                    workflow: gitlab_workflow(&claims.text("ci_config_ref_uri")?, &repository)?,
                    owner_id: claims.text("namespace_id")?,
                    environment: claims.optional("environment")?,
                    reference: match claims.optional("ref_path")? {
                        Some(path) => Some(path),
                        None => claims.optional("ref")?,
                    },
                    event: claims.optional("pipeline_source")?,
                    commit: claims.optional("sha")?,
                    run: claims.optional("job_id")?,
                    is_public: is_public(claims, "project_visibility")?,
                    repository,
                })
            }
        }
    }
}

/// Says whether a repository is for everybody: one of which nothing is said is not.
fn is_public(claims: &JobClaims, claim: &str) -> Result<bool, Problem> {
    Ok(claims.optional(claim)?.as_deref() == Some("public"))
}

/// Returns the file of `OWNER/NAME/.github/workflows/FILE@REF`, which has to be of the repository itself.
fn actions_workflow(
    (claim, text): (&str, &str),
    repository: &str,
    kind: IssuerKind,
) -> Result<String, Problem> {
    let folders: &[&str] = match kind {
        IssuerKind::Forgejo => &[".forgejo/workflows/", ".gitea/workflows/", ".github/workflows/"],
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
            "the `{claim}` `{}` is not a workflow of `{}`",
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
            "the `ci_config_ref_uri` `{}` is not a file of `{}`",
            shown(text),
            shown(project)
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn identity(kind: IssuerKind, claims: Value) -> Result<JobIdentity, String> {
        let mut all = json!({"exp": 2, "iat": 1});
        all.as_object_mut()
            .unwrap()
            .extend(claims.as_object().unwrap().clone());
        let claims: JobClaims = serde_json::from_value(all).unwrap();
        JobIdentity::of(&claims, kind).map_err(|problem| problem.detail)
    }

    fn expected(workflow: &str, environment: Option<&str>) -> JobIdentity {
        JobIdentity {
            repository: "team/hello".into(),
            owner_id: "65".into(),
            workflow: workflow.into(),
            environment: environment.map(str::to_owned),
            reference: None,
            event: None,
            commit: None,
            run: None,
            is_public: false,
        }
    }

    #[test]
    fn each_ci_says_the_same_in_its_own_words() {
        let github = json!({"repository": "team/hello", "repository_owner_id": "65", "environment": "release",
            "workflow_ref": "team/hello/.github/workflows/release.yml@refs/heads/main"});
        assert_eq!(
            identity(IssuerKind::GitHub, github),
            Ok(expected("release.yml", Some("release")))
        );
        let forgejo = json!({"repository": "team/hello", "repository_owner_id": 65,
            "workflow_ref": "team/hello/.forgejo/workflows/release.yml@refs/tags/v1"});
        assert_eq!(
            identity(IssuerKind::Forgejo, forgejo),
            Ok(expected("release.yml", None))
        );
        let gitlab = json!({"project_path": "team/hello", "namespace_id": "65", "environment": "",
            "ci_config_ref_uri": "gitlab.example.org/team/hello//.gitlab-ci.yml@refs/heads/main"});
        assert_eq!(
            identity(IssuerKind::GitLab, gitlab),
            Ok(expected(".gitlab-ci.yml", None))
        );
    }

    #[test]
    fn a_job_is_kept_with_its_commit_and_run_and_public_only_where_its_ci_says_so() {
        for (kind, claims, expected) in [
            (
                IssuerKind::GitHub,
                json!({"repository": "team/hello", "repository_owner_id": "65", "sha": "c0ffee", "run_id": "17",
                    "repository_visibility": "public", "ref": "refs/tags/v1",
                    "workflow_ref": "team/hello/.github/workflows/release.yml@refs/tags/v1"}),
                ("17", true),
            ),
            (
                IssuerKind::GitLab,
                json!({"project_path": "team/hello", "namespace_id": "65", "sha": "c0ffee", "job_id": 18,
                    "project_visibility": "internal", "ref_path": "refs/tags/v1",
                    "ci_config_ref_uri": "gitlab.example.org/team/hello//.gitlab-ci.yml@refs/tags/v1"}),
                ("18", false),
            ),
        ] {
            let job = identity(kind, claims).unwrap().job("https://ci.example.org");
            assert_eq!((job.run.as_deref().unwrap(), job.is_public), expected);
            assert_eq!(job.commit.as_deref(), Some("c0ffee"));
            assert_eq!(job.reference.as_deref(), Some("refs/tags/v1"));
        }
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
            assert!(identity(IssuerKind::GitHub, claims).is_err(), "{reference}");
        }
        for reference in [
            "gitlab.example.org/other/hello//.gitlab-ci.yml@refs/heads/main",
            "gitlab.example.org/team/hello/.gitlab-ci.yml@refs/heads/main",
            "team/hello//.gitlab-ci.yml@refs/heads/main",
        ] {
            let claims =
                json!({"project_path": "team/hello", "namespace_id": "65", "ci_config_ref_uri": reference});
            assert!(identity(IssuerKind::GitLab, claims).is_err(), "{reference}");
        }
        let missing = json!({"repository": "team/hello",
            "workflow_ref": "team/hello/.github/workflows/release.yml@refs/heads/main"});
        assert_eq!(
            identity(IssuerKind::GitHub, missing),
            Err("the token has no `repository_owner_id` claim".into())
        );
        let mistyped = json!({"repository": ["team/hello"]});
        assert_eq!(
            identity(IssuerKind::GitHub, mistyped),
            Err("the `repository` of the token is not a string".into())
        );
    }
}
