//! The recipes of docs/ci/, run as they stand there.

use archive_tests::WriteDeb as _;
use archive_tests::changes::changes;
use archive_tests::issuer::Issuer;
use archive_tests::{DebBuilder, Run, TestArchive, Uploader, workspace};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

struct World {
    archive: TestArchive,
    server: Uploader,
    token: String,
    folder: PathBuf,
}

/// A server, and `out/hello_1.0_all.deb` in a folder beside the archive.
fn world(publishers: &str) -> World {
    let archive = TestArchive::new();
    archive.account("ci", &["--role", "maintainer"]);
    let token = archive.token("ci", &["upload:stable/*"]);
    let folder = archive.outside();
    std::fs::create_dir_all(folder.join("out")).unwrap();
    DebBuilder::new("hello", "1.0", "all").write_into(&folder.join("out"));
    std::fs::write(archive.root().join("publishers.toml"), publishers).unwrap();
    World {
        server: Uploader::start(&archive),
        archive,
        token,
        folder,
    }
}

impl World {
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        Run::of(
            Command::new("sh")
                .args(arguments)
                .current_dir(&self.folder)
                .env("ARCHIVE_URL", self.server.url())
                .env("SUITE", "stable")
                .env("ARCHIVE_TOKEN", &self.token)
                .envs(variables.iter().copied()),
        )
    }

    #[track_caller]
    fn is_there(&self) {
        let listed = self.server.get("/api/packages?name=hello", None).json();
        assert_eq!(listed["items"][0]["author"], "ci", "{listed}");
        assert!(self.archive.root().join("dists/stable/InRelease").exists());
    }
}

fn recipe(name: &str) -> PathBuf {
    workspace().join("docs/ci").join(name)
}

/// Returns the last block of commands after a line `run: |` or `- |`, without its indentation.
fn commands(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let begins = |line: &&str| matches!(line.trim(), "run: |" | "- |");
    let start = lines.iter().rposition(begins).expect("a block of commands") + 1;
    let indentation = lines[start].len() - lines[start].trim_start().len();
    lines[start..]
        .iter()
        .map(|line| format!("{}\n", line.get(indentation..).unwrap_or_default()))
        .collect()
}

#[test]
fn curl_uploads_a_folder_and_may_be_repeated() {
    let world = world("");
    let script = recipe("curl.sh");
    let arguments = [script.to_str().unwrap(), "out"];
    world.run(&arguments, &[]).ok();
    world.is_there();
    world.run(&arguments, &[]).ok();
    let wrong = world.run(
        &arguments,
        &[("ARCHIVE_TOKEN", "rgt_wrong"), ("SUITE", "nowhere")],
    );
    assert_ne!(wrong.code, 0, "{}", wrong.report());
}

#[test]
fn cpkgs_uploads_a_folder_and_may_be_repeated() {
    let world = world("");
    let script = recipe("cpkgs.sh");
    let arguments = [script.to_str().unwrap(), "out"];
    let folder = archive_tests::archive::cpkgs();
    let folder = folder.parent().unwrap().display();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    let home = world.folder.join("home").display().to_string();
    let variables = [("PATH", path.as_str()), ("CPKGS_HOME", &home)];
    world.run(&arguments, &variables).ok();
    world.is_there();
    world.run(&arguments, &variables).ok();
    let wrong = [&variables[..], &[("ARCHIVE_TOKEN", "rgt_wrong")]].concat();
    world.run(&arguments, &wrong).exits(5);
}

#[test]
fn dput_uploads_what_a_changes_file_names() {
    let world = world("");
    let package = std::fs::read(world.folder.join("out/hello_1.0_all.deb")).unwrap();
    let list = changes("hello", &[("hello_1.0_all.deb", &package)]);
    std::fs::write(world.folder.join("out/hello_1.0_all.changes"), list).unwrap();
    let script = recipe("dput.sh");
    world
        .run(&[script.to_str().unwrap(), "out/hello_1.0_all.changes"], &[])
        .ok();
    world.is_there();
}

fn publishers(issuer: &Issuer, kind: &str, workflow: &str) -> String {
    format!(
        "[[issuer]]\nname = \"ci\"\nurl = \"{}\"\naudience = \"archive\"\nkind = \"{kind}\"\n\
         [[publisher]]\nissuer = \"ci\"\nrepository = \"example/hello\"\nowner_id = 65\nworkflow = \"{workflow}\"\n\
         environment = \"release\"\naccount = \"ci\"\nsuite = \"stable\"\npackages = [\"hello\"]\n",
        issuer.url()
    )
}

/// What both kinds of jobs say.
fn claims(issuer: &Issuer) -> serde_json::Value {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    json!({"iss": issuer.url(), "aud": "archive", "jti": "one", "iat": now, "exp": now + 300, "environment": "release",
        "repository": "example/hello", "repository_owner_id": "65",
        "workflow_ref": "example/hello/.github/workflows/release.yml@refs/tags/v1",
        "project_path": "example/hello", "namespace_id": "65",
        "ci_config_ref_uri": "gitlab.example.org/example/hello//.gitlab-ci.yml@refs/tags/v1"})
}

#[test]
fn a_job_of_github_uploads_by_who_it_is() {
    let issuer = Issuer::start();
    let key = issuer.rsa("key");
    issuer.publish(&[&key]);
    let world = world(&publishers(&issuer, "github", "release.yml"));
    let identity = json!({ "value": key.sign(&claims(&issuer)) }).to_string();
    // GitHub gives tokens at an address of the runner's; the audience is a part of it.
    issuer.serve(&format!("/token?v=1&audience={}", world.server.url()), &identity);
    let address = format!("{}/token?v=1", issuer.url());
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", address.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "x"),
    ];
    world
        .run(&["-c", &commands(&recipe("github.yml"))], &variables)
        .ok();
    world.is_there();
}

#[test]
fn a_job_of_gitlab_uploads_by_who_it_is() {
    let issuer = Issuer::start();
    let key = issuer.rsa("key");
    issuer.publish(&[&key]);
    let world = world(&publishers(&issuer, "gitlab", ".gitlab-ci.yml"));
    let identity = key.sign(&claims(&issuer));
    world
        .run(
            &["-c", &commands(&recipe("gitlab.yml"))],
            &[("ARCHIVE_IDENTITY", identity.as_str())],
        )
        .ok();
    world.is_there();
}
