//! `cpkgs` against archives that are as they should be: updating, finding, installing, going back.

use std::path::Path;

use archive_tests::WriteDeb as _;
use archive_tests::{Client, DebBuilder, Nginx, TestArchive};
use serde_json::json;

pub(super) fn greeting(version: &str) -> DebBuilder {
    let script = format!("#!/bin/sh\necho hello {version}\n");
    DebBuilder::new("greeting", version, "all")
        .depends("phrases (>= 1)")
        .file("usr/bin/greeting", script)
}

pub(super) fn served() -> (TestArchive, Nginx, Client) {
    let (archive, nginx) = TestArchive::served(&["--suite", "stable"]);
    archive
        .add(&[greeting("1.0"), DebBuilder::new("phrases", "1.0", "all")])
        .ok();
    archive.publish();
    let client = Client::of(&archive, &nginx.url());
    client.run(&["update"]).ok();
    (archive, nginx, client)
}

#[test]
fn a_generation_has_more_packages_than_files_may_be_open() {
    let archive = TestArchive::new();
    let names: Vec<String> = (0..150).map(|number| format!("part{number}")).collect();
    let part = |name: &String| {
        DebBuilder::new(name, "1", "all")
            .file(&format!("usr/share/parts/{name}"), "x")
            .file(&format!("usr/share/{name}/x"), "x")
    };
    archive.add(&names.iter().map(part).collect::<Vec<_>>()).ok();
    archive.publish();
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    client.run(&["update"]).ok();
    let script = format!(
        "ulimit -n 128 && exec '{}' install --yes 'part*'",
        archive_tests::archive::cpkgs().display()
    );
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", &script])
        .env("CPKGS_HOME", client.home())
        .current_dir(client.folder());
    archive_tests::Run::of(&mut limited).ok();
    assert_eq!(client.json(&["list", "--installed"]).len(), names.len());
}

#[test]
fn what_is_installed_runs_and_is_upgraded_taken_back_and_removed() {
    let (archive, _nginx, client) = served();
    client.run(&["install", "--yes", "greeting"]).ok();
    assert_eq!(client.program("greeting", &[]).ok().stdout, "hello 1.0\n");
    archive.add(&[greeting("2.0")]).ok();
    archive.publish();
    client.run(&["update"]).ok();
    let upgradable = client.json(&["list", "--upgradable"]);
    assert_eq!(upgradable[0]["upgradable_to"], "2.0");
    client.run(&["upgrade", "--yes"]).ok();
    assert_eq!(client.program("greeting", &[]).ok().stdout, "hello 2.0\n");
    let planned = client.run(&["rollback", "--dry-run"]).ok().stdout;
    assert_eq!(planned, "change greeting 2.0 -> 1.0\n");
    assert_eq!(client.program("greeting", &[]).ok().stdout, "hello 2.0\n");
    let said = client.run(&["rollback"]).ok().stderr;
    assert_eq!(said, "change greeting 2.0 -> 1.0\ngeneration 1 is current\n");
    assert_eq!(client.program("greeting", &[]).ok().stdout, "hello 1.0\n");
    // Before the first change there was nothing.
    client.run(&["rollback"]).ok();
    assert!(client.json(&["list", "--installed"]).is_empty());
    assert!(!client.path("packages/bin/greeting").exists());
    client.run(&["rollback"]).exits(1);
    client.run(&["rollback", "1"]).ok();
    assert_eq!(client.program("greeting", &[]).ok().stdout, "hello 1.0\n");
    assert_eq!(client.run(&["hold", "greeting"]).ok().stderr, "held: greeting\n");
    assert_eq!(
        client.run(&["unhold", "greeting"]).ok().stderr,
        "no longer held: greeting\n"
    );
    let said = client.run(&["remove", "--yes", "greeting"]).ok().stderr;
    assert!(
        said.contains("1 package is no longer needed: `cpkgs autoremove` removes it\n"),
        "{said}"
    );
    assert!(!client.path("packages/bin/greeting").exists());
    let why = client.run(&["why", "phrases"]).ok();
    assert!(
        why.stderr.contains("nothing needs `phrases` any more"),
        "{}",
        why.report()
    );
    client.run(&["autoremove", "--yes"]).ok();
    assert!(client.json(&["list", "--installed"]).is_empty());
}

#[test]
fn a_command_that_cannot_be_run_has_the_exit_codes_that_shells_have_for_that() {
    let (_archive, _nginx, client) = served();
    client.run(&["install", "--yes", "greeting"]).ok();
    let text = client.path("text");
    std::fs::write(&text, "no program\n").unwrap();
    let run = |command: &[&str], code| client.run(&[&["run", "--"], command].concat()).exits(code).stderr;
    let said = run(&["no-such-program", "x"], 127);
    assert!(
        said.contains("there is no program `no-such-program`")
            && said.contains("cpkgs search --file no-such-program"),
        "{said}"
    );
    let said = run(&["/no/such"], 127);
    assert!(said.contains("cannot run `/no/such`"), "{said}");
    run(&[text.to_str().unwrap()], 126);
    run(&["sh", "-c", "exit 3"], 3);
    client.run(&["remove", "--yes", "greeting"]).ok();
    run(&["greeting"], 127);
}

#[test]
fn an_upgrade_names_what_it_keeps_back_and_a_full_upgrade_removes_what_is_in_the_way() {
    let (archive, _nginx, client) = served();
    let app = |version: &str, library: &str| DebBuilder::new("app", version, "all").depends(library);
    archive
        .add(&[app("1", "old"), DebBuilder::new("old", "1", "all")])
        .ok();
    archive.publish();
    client.run(&["update"]).ok();
    client.run(&["install", "--yes", "app"]).ok();
    let new = DebBuilder::new("new", "1", "all").field("Breaks", "old");
    archive.add(&[app("2", "new"), new]).ok();
    archive.publish();
    client.run(&["update"]).ok();
    for arguments in [&["upgrade"][..], &["upgrade", "--dry-run"]] {
        let said = client.run(arguments).ok().stderr;
        assert!(
            said.contains("kept back: app (1); `cpkgs full-upgrade`"),
            "{said}"
        );
        assert!(said.contains("nothing to do"), "{said}");
    }
    let refused = client.run(&["upgrade", "app"]).exits(1).stderr;
    assert!(
        refused.contains("`app` is kept back at 1\n  caused by: 2 would remove old\n"),
        "{refused}"
    );
    let said = client.run(&["install", "app"]).ok().stderr;
    assert!(
        said.contains("warning: `app` is kept back at 1: 2 would remove old"),
        "{said}"
    );
    let plan = client.json(&["full-upgrade", "--dry-run"]);
    assert_eq!(plan[0]["upgrade"][0]["name"], "app");
    assert_eq!(plan[0]["remove"][0]["name"], "old");
    client.run(&["full-upgrade", "--yes"]).ok();
    let said = client.run(&["upgrade"]).ok().stderr;
    assert_eq!(said, "nothing to do\n");
}

#[test]
fn a_source_with_a_lower_priority_is_used_for_what_no_other_has() {
    let (_archive, _nginx, client) = served();
    let (other, other_nginx) = TestArchive::served(&["--suite", "unstable"]);
    other
        .add(&[greeting("3.0"), DebBuilder::new("only", "1", "all")])
        .ok();
    other.publish();
    let add = |priority: &str| {
        let keys = other.root().join("archive-keyring.pgp");
        let keys = keys.to_str().unwrap();
        let url = other_nginx.url();
        let arguments = [
            "source",
            "add",
            &url,
            "--signed-by",
            keys,
            "--priority",
            priority,
            "--yes",
        ];
        client.run(&arguments).ok();
        client.run(&["update"]).ok();
    };
    let comes = |name: &str| {
        let plan = client.json(&["install", "--dry-run", name]);
        let mut install = plan[0]["install"].as_array().unwrap().iter();
        let name = name.split('/').next().unwrap();
        let package = install.find(|package| package["name"] == name).unwrap();
        package["version"].as_str().unwrap().to_owned()
    };
    add("100");
    assert_eq!(comes("greeting"), "1.0");
    assert_eq!(comes("greeting/unstable"), "3.0");
    assert_eq!(comes("only"), "1");
    let listed = client.json(&["source", "list"]);
    assert_eq!(listed.last().unwrap()["priority"], 100);
    add("600");
    assert_eq!(comes("greeting"), "3.0");
    add("-1");
    assert_eq!(comes("greeting"), "1.0");
    client.run(&["install", "only"]).exits(1);
}

#[test]
fn a_folder_that_has_programs_already_is_refused_before_anything_is_downloaded() {
    let (_archive, _nginx, client) = served();
    std::fs::create_dir_all(client.path("packages/bin")).unwrap();
    let refused = client.run(&["install", "--yes", "greeting"]).exits(1);
    assert!(
        refused
            .stderr
            .contains("packages/bin` is there, and not a link of cpkgs"),
        "{}",
        refused.report()
    );
    assert!(!refused.stderr.contains("downloading"), "{}", refused.report());
    assert!(client.json(&["history"]).is_empty());
    std::fs::remove_dir(client.path("packages/bin")).unwrap();
    client.run(&["install", "--yes", "greeting"]).ok();
}

#[test]
fn programs_of_dependencies_are_in_bin_only_when_all_are_asked_for() {
    let (archive, _nginx, client) = served();
    let tool = DebBuilder::new("tool", "1.0", "all")
        .depends("mount")
        .file("usr/bin/tool", "#!/bin/sh\nexec mount\n");
    let mount = DebBuilder::new("mount", "1.0", "all").file("usr/bin/mount", "#!/bin/sh\necho mounted\n");
    archive.add(&[tool, mount]).ok();
    archive.publish();
    client.run(&["update"]).ok();
    client.run(&["install", "--yes", "tool"]).ok();
    let (tool, mount) = (
        client.path("packages/bin/tool"),
        client.path("packages/bin/mount"),
    );
    assert!(tool.exists() && !mount.exists());
    client.run(&["install", "--all-programs"]).ok();
    assert!(tool.exists() && mount.exists());
    client
        .run(&["install", "--all-programs", "--system", "tool"])
        .exits(2);
    client.run(&["install", "--all-programs=false"]).ok();
    assert!(tool.exists() && !mount.exists());
    // Asked for, it is there like any other.
    client.run(&["install", "mount"]).ok();
    assert!(mount.exists());
}

/// As PostgreSQL's: the program is of a package of the first one's source, which only what that brings needs.
#[test]
fn a_package_that_only_brings_others_stands_for_those_of_its_source_further_down() {
    let (archive, _nginx, client) = served();
    let of = |name, source| DebBuilder::new(name, "1", "all").field("Source", source);
    let program = |package: DebBuilder, name| package.file(&format!("usr/bin/{name}"), "#!/bin/sh\n");
    archive
        .add(&[
            of("meta", "common").depends("server"),
            program(of("server", "server").depends("client, other"), "serve"),
            program(of("client", "server").depends("wrappers"), "ask"),
            program(of("wrappers", "common"), "wrap"),
            program(of("other", "other").depends("wrappers"), "other"),
            // What it brings counts as asked for itself.
            of("language-full", "language-defaults")
                .depends("language")
                .entry(
                    "usr/lib/language/default",
                    tar::EntryType::Symlink,
                    0o777,
                    "language-1",
                    &[],
                ),
            program(of("language", "language").depends("language-tools"), "language"),
            program(of("language-tools", "tools"), "language-build"),
        ])
        .ok();
    archive.publish();
    client.run(&["update"]).ok();
    client.run(&["install", "--yes", "meta", "language-full"]).ok();
    let is_in_bin = |name| client.path(&format!("packages/bin/{name}")).exists();
    let names = ["serve", "ask", "wrap", "language", "language-build", "other"];
    assert_eq!(names.map(is_in_bin), [true, true, true, true, true, false]);
}

#[test]
fn a_working_directory_that_is_gone_is_needed_for_nothing_but_a_relative_home() {
    let (_archive, _nginx, client) = served();
    let gone = |command: &str| {
        let shell = client.command(&[]);
        let program = shell.get_program().to_owned();
        let script = format!("mkdir gone; cd gone; rmdir ../gone; {command}");
        let mut gone = std::process::Command::new("sh");
        gone.args(["-c", &script, "sh"])
            .arg(program)
            .current_dir(client.folder());
        gone.env_clear()
            .envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))));
        archive_tests::Run::of(&mut gone)
    };
    gone("\"$1\" --yes install greeting").ok();
    assert_eq!(client.program("greeting", &[]).ok().stdout, "hello 1.0\n");
    let run = gone("CPKGS_HOME=home \"$1\" list --installed").exits(1);
    assert!(
        run.stderr.contains("there is no working directory"),
        "{}",
        run.report()
    );
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let (_archive, _nginx, client) = served();
    let plan = &client.json(&["install", "greeting", "--dry-run"])[0];
    let package = |name: &str| json!({"name": name, "version": "1.0", "architecture": "all"});
    assert_eq!(plan["install"], json!([package("greeting"), package("phrases")]));
    assert_eq!(
        [&plan["upgrade"], &plan["downgrade"], &plan["remove"]],
        [&json!([]); 3]
    );
    assert!(plan["download_bytes"].as_u64().unwrap() > 0);
    assert!(client.json(&["list", "--installed"]).is_empty());
    assert!(!client.path("packages").exists());
}

#[test]
fn nothing_is_asked_where_nobody_can_answer() {
    let (_archive, _nginx, client) = served();
    let run = client.run(&["install", "greeting"]).exits(2);
    assert!(
        run.stderr.contains("hint: `--yes` answers it"),
        "{}",
        run.report()
    );
    assert!(client.json(&["list", "--installed"]).is_empty());
}

#[test]
fn a_folder_is_an_archive_and_a_file_a_package() {
    let archive = TestArchive::new();
    archive.add(&[DebBuilder::new("phrases", "1.0", "all")]).ok();
    archive.publish();
    let client = Client::of(&archive, &format!("file:{}", archive.root().display()));
    client.run(&["update"]).ok();
    let deb = greeting("3.0").write_into(&archive.outside());
    client.run(&["install", "--yes", deb.to_str().unwrap()]).ok();
    assert_eq!(client.program("greeting", &[]).ok().stdout, "hello 3.0\n");
    let found = client.json(&["search", "PHRASES"]);
    assert_eq!(found[0]["name"], "phrases");
}

/// Says whether this machine lets its users have namespaces with mounts of their own.
pub(super) fn has_namespaces() -> bool {
    let script = "mount -t overlay overlay -o ro,lowerdir=/usr/share:/usr/bin /usr/share";
    let tried = std::process::Command::new("unshare")
        .args(["-Urm", "sh", "-c", script])
        .output();
    tried.is_ok_and(|output| output.status.success())
}

#[test]
fn a_program_finds_its_files_at_fixed_paths_where_the_kernel_allows_it() {
    let (archive, _nginx, client) = served();
    let files = "/usr/share/fixed/words /etc/fixed.conf /var/lib/fixed/state";
    let script = format!("#!/bin/sh\ncat {files}; echo \"$@\"; exec other\n");
    let fixed = DebBuilder::new("fixed", "1.0", "all")
        .file("usr/bin/fixed", script)
        .file("usr/share/fixed/words", "words\n")
        .file("etc/fixed.conf", "configured\n")
        .file("var/lib/fixed/state", "state\n");
    // Started inside, it has to be found at its own path.
    let other = DebBuilder::new("other", "1.0", "all").file("usr/bin/other", "#!/bin/sh\necho $0\n");
    let plain = DebBuilder::new("plain", "1.0", "all").file("usr/bin/plain", "#!/bin/sh\necho plain\n");
    // Its folder has the name that it is called by, and not that of its file.
    let called = DebBuilder::new("called", "1.0", "all")
        .file("usr/bin/called-1", "#!/bin/sh\necho called\n")
        .entry("usr/bin/called", tar::EntryType::Symlink, 0o777, "called-1", &[])
        .file("usr/lib/called/words", "");
    // Its folder has the name of its module.
    let module = DebBuilder::new("module", "1.0", "all")
        .file(
            "usr/bin/tool",
            "#!/usr/bin/python3\nfrom module.cmd import main\n",
        )
        .file("usr/share/module/words", "");
    // Its folder lies where those of libraries of one architecture do.
    let placed = DebBuilder::new("placed", "1.0", "all")
        .file("usr/bin/placed", "#!/bin/sh\necho placed\n")
        .file("usr/lib/x86_64-linux-gnu/placed/words", "");
    // It reads what a compiler wrote, which saw the headers of the generation.
    let make = DebBuilder::new("make", "1.0", "all")
        .file("usr/bin/make", "#!/bin/sh\necho make\n")
        .file("usr/lib/gcc/x86_64-linux-gnu/12/cc1", "");
    archive
        .add(&[fixed, other, plain, called, module, placed, make])
        .ok();
    archive.publish();
    client.run(&["update"]).ok();
    let names = ["fixed", "other", "plain", "called", "module", "placed", "make"];
    client.run(&[&["install", "--yes"], &names[..]].concat()).ok();
    let bin = client.path("packages/bin");
    let run = |program: &str| {
        let mut command = std::process::Command::new(client.path(program));
        let path = format!("{}:/usr/bin:/bin", bin.display());
        command.args(["--json", "a b"]).env_clear().env("PATH", path);
        archive_tests::Run::of(&mut command)
    };
    if !has_namespaces() {
        assert!(!client.path("packages/current/direct").exists());
        assert!(!run("packages/bin/fixed").stdout.contains("words"));
        archive_tests::skip("overlay mounts in a user namespace");
        return;
    }
    let inside = run("packages/bin/fixed").ok();
    assert_eq!(
        inside.stdout,
        "words\nconfigured\nstate\n--json a b\n/usr/bin/other\n"
    );
    let outside = run("packages/current/direct/fixed").ok();
    assert_eq!(outside.stdout, "--json a b\n/usr/bin/other\n");
    // What names no path of the generation starts as it is, unless it looks around where it lies.
    assert!(!client.path("packages/current/direct/plain").exists());
    for program in ["other", "called", "tool", "placed", "make"] {
        let direct = client.path("packages/current/direct").join(program);
        assert!(direct.exists(), "{program}");
    }
    // Where something is mounted below a folder that would be laid over, it is followed.
    let below_a_mount = |program: &Path, arguments: &[&str]| {
        let script = "mount -t tmpfs tmpfs /usr/local/share && exec \"$@\"";
        let mut command = std::process::Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-euc", script, "sh"]);
        command.arg(program).args(arguments);
        for (name, value) in client.command(&[]).get_envs() {
            value.map(|value| command.env(name, value));
        }
        archive_tests::Run::of(&mut command)
    };
    let cpkgs = client.command(&[]).get_program().to_owned();
    below_a_mount(Path::new(&cpkgs), &["remove", "--yes", "placed"]).ok();
    let followed = below_a_mount(&client.path("packages/bin/fixed"), &["--json", "a b"]).ok();
    assert_eq!(
        followed.stdout,
        "words\nconfigured\nstate\n--json a b\n/usr/bin/other\n"
    );
}
