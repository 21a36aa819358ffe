//! What `cpkgs` tells of packages: to people, to shells that complete names, and of names that stand for none.

use archive_tests::DebBuilder;

use super::install::served;

#[test]
fn what_people_read_of_packages_says_first_what_they_are_and_whether_they_are_here() {
    let (_archive, _nginx, client) = served();
    client.run(&["install", "--yes", "greeting"]).ok();
    let shown = client.run(&["show", "greeting", "phrases", "absent"]).exits(1);
    let lines: Vec<&str> = shown.stdout.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "Package: greeting",
            "Version: 1.0",
            "Architecture: all",
            "Installed: yes"
        ]
    );
    assert!(
        shown.stdout.contains("\n\nPackage: phrases\n"),
        "{}",
        shown.report()
    );
    assert!(
        shown.stdout.contains("Installed: yes, for other packages\n"),
        "{}",
        shown.report()
    );
    assert!(!shown.stdout.contains("SHA256"), "{}", shown.report());
    assert!(
        shown.stderr.contains("there is no package `absent`"),
        "{}",
        shown.report()
    );
    assert_eq!(
        client.run(&["list", "greet*", "--installed"]).ok().rows()[0][0],
        "greeting"
    );
    assert_eq!(client.run(&["list", "phra?es"]).ok().rows().len(), 1);
    assert_eq!(client.run(&["list", "phra"]).ok().stdout, "");
    client.run(&["gc", "--keep", "0"]).exits(2);
}

#[test]
fn a_shell_completes_names_of_packages_generations_sources_and_files() {
    let (archive, nginx, client) = served();
    archive.add(&[DebBuilder::new("greens", "1.0", "all")]).ok();
    archive.publish();
    client.run(&["update"]).ok();
    client.run(&["install", "--yes", "greeting"]).ok();
    std::fs::write(client.folder().join("own.deb"), "").unwrap();
    let program = archive_tests::archive::cpkgs();
    let folder = program.parent().unwrap().display().to_string();
    // As readline has it: `typed` is a whole line, and what it takes for words has no `=` in it.
    let split = |typed: &str, words: &[&str], current: &str| {
        let script = format!(
            "PATH={folder}:$PATH; source <(cpkgs completions bash); COMP_LINE='cpkgs {typed}'; COMP_WORDS=(cpkgs {}); COMP_CWORD={}; \
             _cpkgs_whole_words cpkgs {current}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len(),
        );
        let mut command = std::process::Command::new("bash");
        command
            .args(["-c", &script])
            .current_dir(client.folder())
            .env("CPKGS_HOME", client.home());
        let found = archive_tests::Run::of(&mut command).ok().stdout;
        found
            .lines()
            .map(|line| line.trim().to_owned())
            .collect::<Vec<String>>()
    };
    let completed = |words: &[&str]| split(&words.join(" "), words, words.last().unwrap());
    assert_eq!(completed(&["install", "gree"]), ["greens", "greeting"]);
    assert_eq!(
        split("install greeting=", &["install", "greeting", "="], "''"),
        ["1.0"]
    );
    assert_eq!(
        split("install greeting=1", &["install", "greeting", "=", "1"], "1"),
        ["1.0"]
    );
    assert_eq!(completed(&["install", "greeting/st"]), ["greeting/stable"]);
    assert_eq!(completed(&["install", "./ow"]), ["./own.deb"]);
    assert_eq!(completed(&["remove", "greet"]), ["greeting"]);
    // What the system has is offered for `--system` only.
    assert_eq!(completed(&["remove", "dpk"]), [""]);
    assert!(completed(&["remove", "--system", "dpk"]).contains(&"dpkg".to_owned()));
    assert!(completed(&["rollback", "''"]).contains(&"1".to_owned()));
    let of_system = completed(&["rollback", "--system", "''"]);
    assert!(!of_system.contains(&"1".to_owned()), "{of_system:?}");
    assert_eq!(completed(&["unhold", "greet"]), [""]);
    client.run(&["hold", "greeting"]).ok();
    assert_eq!(completed(&["unhold", "greet"]), ["greeting"]);
    assert_eq!(completed(&["source", "remove", "http"]), [nginx.url()]);
    let url = nginx.url();
    let of_source = completed(&["source", "remove", &url, "--suite", "sta"]);
    assert_eq!(of_source, ["stable"]);
    assert_eq!(completed(&["install", "-t", "sta"]), ["stable"]);
    // Of the folder that the command would work on.
    let elsewhere = ["remove", "--install-dir", "elsewhere", "greet"];
    assert_eq!(completed(&elsewhere), [""]);
    client
        .run(&["install", "--yes", "--install-dir", "elsewhere", "greeting"])
        .ok();
    assert_eq!(completed(&elsewhere), ["greeting"]);
}

#[test]
fn a_version_or_a_suite_that_is_not_there_names_those_that_are() {
    let (_archive, _nginx, client) = served();
    for wanted in ["phrases=9", "phrases/testing"] {
        let said = client.run(&["install", wanted]).exits(1).stderr;
        let expected =
            format!("error: there is no package `{wanted}`\n  caused by: available: 1.0 (stable)\n");
        assert_eq!(said, expected);
    }
}

#[test]
fn a_virtual_name_is_told_as_that_with_its_providers() {
    let (archive, _nginx, client) = served();
    let provider = |name| DebBuilder::new(name, "1", "all").field("Provides", "mta");
    archive.add(&[provider("exim"), provider("postfix")]).ok();
    archive.publish();
    client.run(&["update"]).ok();
    for command in ["info", "install"] {
        let said = client.run(&[command, "mta"]).exits(1).stderr;
        let expected = "error: `mta` is a virtual package\n  caused by: provided by exim, postfix\n";
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn a_request_that_cannot_be_met_says_why_and_names_what_is_near() {
    let (archive, _nginx, client) = served();
    archive
        .add(&[DebBuilder::new("app", "1.0", "all").depends("phrases (>= 9)")])
        .ok();
    archive.publish();
    client.run(&["update"]).ok();
    let run = client.run(&["install", "--yes", "app"]).exits(1);
    assert!(
        run.stderr.contains("error: `app` cannot be installed"),
        "{}",
        run.report()
    );
    assert!(
        run.stderr
            .contains("caused by: `app` 1.0 needs `phrases` (>= 9), newest available is 1.0"),
        "{}",
        run.report()
    );
    let run = client.run(&["install", "--yes", "greetin"]).exits(1);
    assert!(
        run.stderr.contains("hint: did you mean greeting?"),
        "{}",
        run.report()
    );
    let checked = client.run(&["check", "--json"]).exits(1);
    assert!(
        checked.stdout.ends_with("{\"checked\":3,\"broken\":1}\n"),
        "{}",
        checked.report()
    );
}
