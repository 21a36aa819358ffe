//! `cpkgs` with archives that do not serve all that they list, say things of old, or ask who is there: what apt gets, it gets.

use std::fs;
use std::process::Command;

use archive_tests::WriteDeb as _;
use archive_tests::{Client, DebBuilder, Nginx, Run};

use super::source::{Foreign, greeting};

const HEADER: &str = "Suite: stable\nCodename: stable\nArchitectures: amd64\nComponents: main\n";
const INDEX: &str = "dists/stable/main/binary-amd64";
pub(super) const STABLE: [&str; 4] = ["--suite", "stable", "--component", "main"];

/// How an archive of one suite is made.
pub(super) struct Made<'a> {
    /// What its Release says besides the Date and the files.
    header: &'a str,
    /// The forms of the index that it lists.
    forms: &'a [&'a str],
    /// How their paths begin in it; each form stands there once for each of these.
    prefixes: &'a [&'a str],
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            header: HEADER,
            forms: &["Packages", "Packages.gz", "Packages.xz"],
            prefixes: &[""],
        }
    }
}

impl Made<'_> {
    /// Makes an archive with a package.
    pub(super) fn of(&self, package: &DebBuilder) -> Foreign {
        let foreign = Foreign::new();
        fs::create_dir_all(foreign.path(INDEX)).unwrap();
        fs::create_dir_all(foreign.path("pool")).unwrap();
        package.write_into(&foreign.path("pool"));
        let mut command = Command::new("apt-ftparchive");
        command.current_dir(foreign.path("")).args(["packages", "pool"]);
        // So long that a packed form is smaller.
        let text = Run::of(&mut command).ok().stdout.replacen(
            "Description:",
            &format!("Comment: {}\nDescription:", "long ".repeat(200)),
            1,
        );
        fs::write(foreign.path(INDEX).join("Packages"), text).unwrap();
        for program in ["gzip", "xz"] {
            let mut command = Command::new(program);
            Run::of(command.current_dir(foreign.path(INDEX)).args(["-k", "Packages"])).ok();
        }
        self.release(&foreign, cpkgs::machine::now());
        foreign
    }

    /// Writes and signs its Release of a time.
    fn release(&self, foreign: &Foreign, date: i64) {
        let mut text = format!(
            "Date: {}\n{}SHA256:\n",
            debian_control::release::format_date(date),
            self.header
        );
        for form in self.forms {
            let bytes = fs::read(foreign.path(INDEX).join(form)).unwrap();
            let digest = debian_control::digest::sha256(&bytes);
            for prefix in self.prefixes {
                let length = bytes.len();
                text.push_str(&format!(" {digest} {length} {prefix}main/binary-amd64/{form}\n"));
            }
        }
        let suite = foreign.path("dists/stable");
        fs::write(suite.join("Release"), text).unwrap();
        foreign.sign(&["--clearsign"], &suite.join("Release"), &suite.join("InRelease"));
    }
}

fn unserve(foreign: &Foreign, forms: &[&str]) {
    for form in forms {
        fs::remove_file(foreign.path(INDEX).join(form)).unwrap();
    }
}

pub(super) fn knows_greeting(client: &Client) {
    assert_eq!(client.json(&["info", "greeting"])[0]["version"], "1.0");
}

#[test]
fn a_form_that_is_listed_and_not_served_is_got_in_another() {
    for gone in [
        ["Packages.xz"].as_slice(),
        &["Packages"],
        &["Packages.xz", "Packages.gz"],
    ] {
        let foreign = Made::default().of(&greeting());
        unserve(&foreign, gone);
        let client = foreign.client(&STABLE);
        client.run(&["update"]).ok();
        knows_greeting(&client);
    }
    let foreign = Made::default().of(&greeting());
    unserve(&foreign, &["Packages", "Packages.gz", "Packages.xz"]);
    let run = foreign.client(&STABLE).run(&["update"]).exits(3);
    assert!(run.stderr.contains("does not exist"), "{}", run.report());
}

#[test]
fn an_index_in_the_container_that_xz_replaced_is_read() {
    let made = Made {
        forms: &["Packages", "Packages.lzma"],
        ..Made::default()
    };
    let foreign = Made::default().of(&greeting());
    let mut command = Command::new("xz");
    Run::of(
        command
            .current_dir(foreign.path(INDEX))
            .args(["-k", "--format=lzma", "Packages"]),
    )
    .ok();
    made.release(&foreign, cpkgs::machine::now());
    unserve(&foreign, &["Packages"]);
    let client = foreign.client(&STABLE);
    client.run(&["update"]).ok();
    knows_greeting(&client);
}

#[test]
fn a_form_that_its_server_does_not_give_is_got_in_another() {
    let foreign = Made::default().of(&greeting());
    for answer in ["return 401", "return 406"] {
        let nginx = Nginx::serve_with(&foreign.path(""), |server| {
            let refusal =
                format!("    location ~ /Packages\\.[gx]z$ {{ {answer}; }}\n    location ~ /\\. {{");
            server.replacen("    location ~ /\\. {", &refusal, 1)
        });
        let client = foreign.client_at(&nginx.url(), &STABLE);
        client.run(&["update"]).ok();
        knows_greeting(&client);
        let log = nginx.access_log();
        let refused = log.iter().filter(|access| access.path.ends_with('z'));
        assert_eq!(
            refused.filter(|access| access.status != 200).count(),
            2,
            "{answer}"
        );
    }
}

#[test]
fn a_store_that_refuses_names_by_digest_is_asked_for_the_plain_ones() {
    let header = format!("{HEADER}Acquire-By-Hash: yes\n");
    let made = Made {
        header: &header,
        ..Made::default()
    };
    let foreign = made.of(&greeting());
    for status in [400, 403, 404, 410, 500] {
        let nginx = Nginx::serve_with(&foreign.path(""), |server| {
            let refusal = format!("    location ~ /by-hash/ {{ return {status}; }}\n    location ~ /\\. {{");
            server.replacen("    location ~ /\\. {", &refusal, 1)
        });
        let client = foreign.client_at(&nginx.url(), &STABLE);
        client.run(&["update"]).ok();
        knows_greeting(&client);
        let log = nginx.access_log();
        let asked = log.iter().filter(|access| access.path.contains("/by-hash/"));
        assert!(asked.clone().any(|access| access.status == status), "{status}");
    }
}

#[test]
fn an_architecture_that_is_listed_without_an_index_is_empty() {
    let header = HEADER.replace("amd64", "amd64 arm64");
    let made = Made {
        header: &header,
        ..Made::default()
    };
    let foreign = made.of(&greeting());
    let client = foreign.client(&[&STABLE, ["--architecture", "arm64"].as_slice()].concat());
    let run = client.run(&["update"]).ok();
    assert!(
        run.stderr
            .contains("no index of `main` for arm64: taken as empty"),
        "{}",
        run.report()
    );
    client.run(&["update"]).ok();
    assert_eq!(client.run(&["search", "greeting"]).ok().stdout, "");
    // A component that nobody knows is a mistake still.
    let run = foreign
        .added(&["--suite", "stable", "--component", "mian"])
        .exits(1);
    assert!(run.stderr.contains("has no component `mian`"), "{}", run.report());
}

#[test]
fn an_index_that_is_listed_is_used_though_its_architecture_is_not() {
    for architectures in ["arm64", "all"] {
        let header = HEADER.replace("amd64", architectures);
        let made = Made {
            header: &header,
            ..Made::default()
        };
        let foreign = made.of(&greeting());
        for arguments in [
            &STABLE[..],
            &[&STABLE, ["--architecture", "amd64"].as_slice()].concat(),
        ] {
            let client = foreign.client(arguments);
            client.run(&["update"]).ok();
            knows_greeting(&client);
        }
    }
}

#[test]
fn dots_in_the_paths_of_a_release_and_in_the_name_of_a_suite_mean_nothing() {
    let made = Made {
        prefixes: &["./", ""],
        ..Made::default()
    };
    let foreign = made.of(&greeting());
    let client = foreign.client(&["--suite", "./stable", "--component", "main"]);
    client.run(&["update"]).ok();
    knows_greeting(&client);
}

#[test]
fn a_plus_is_asked_for_as_an_escape() {
    let package =
        DebBuilder::new("greeting", "1.0+b1", "all").file("usr/bin/greeting", "#!/bin/sh\necho hello\n");
    let foreign = Made::default().of(&package);
    let nginx = Nginx::serve(&foreign.path(""));
    let client = foreign.client_at(&nginx.url(), &STABLE);
    client.run(&["update"]).ok();
    client.run(&["install", "--yes", "greeting"]).ok();
    let log = nginx.access_log();
    assert!(
        log.iter().any(|access| access.path.contains("1.0%2bb1")),
        "{:?}",
        log.iter().map(|access| &access.path).collect::<Vec<_>>()
    );
}

#[test]
fn an_edge_that_lags_behind_takes_nothing_away() {
    let made = Made::default();
    let foreign = made.of(&greeting());
    let client = foreign.client(&STABLE);
    client.run(&["update"]).ok();
    let before = client.manifest();
    made.release(&foreign, cpkgs::machine::now() - 3_600);
    let run = client.run(&["update"]).ok();
    assert!(
        run.stderr.contains("was not changed: the server has a state of"),
        "{}",
        run.report()
    );
    assert_eq!(client.manifest(), before);
    knows_greeting(&client);
}

#[test]
fn an_ended_suite_counts_where_that_was_said() {
    let ended = debian_control::release::format_date(cpkgs::machine::now() - 86_400);
    let header = format!("{HEADER}Valid-Until: {ended}\n");
    let made = Made {
        header: &header,
        ..Made::default()
    };
    let foreign = made.of(&greeting());
    made.release(&foreign, cpkgs::machine::now() - 2 * 86_400);
    let run = foreign.added(&STABLE).ok();
    assert_eq!(run.stderr.matches("warning: ").count(), 1, "{}", run.report());
    assert!(run.stderr.contains("\nhint: "), "{}", run.report());
    foreign.client(&STABLE).run(&["update"]).exits(4);
    let client = foreign.client(&[&STABLE, ["--no-check-valid-until"].as_slice()].concat());
    let run = client.run(&["update"]).ok();
    assert!(run.stderr.contains("was valid until"), "{}", run.report());
    knows_greeting(&client);
}

#[test]
fn an_unreadable_valid_until_matters_only_where_it_counts() {
    let header = format!("{HEADER}Valid-Until: never\n");
    let made = Made {
        header: &header,
        ..Made::default()
    };
    let foreign = made.of(&greeting());
    foreign.added(&STABLE).exits(4);
    let client = foreign.client(&[&STABLE, ["--no-check-valid-until"].as_slice()].concat());
    client.run(&["update"]).ok();
    knows_greeting(&client);
}

#[test]
fn a_release_of_another_name_counts_where_that_was_said() {
    let header = HEADER.replace("stable", "bookworm");
    let made = Made {
        header: &header,
        ..Made::default()
    };
    let foreign = made.of(&greeting());
    let run = foreign.added(&STABLE).ok();
    assert!(run.stderr.contains("warning: "), "{}", run.report());
    foreign.client(&STABLE).run(&["update"]).exits(4);
    let client = foreign.client(&[&STABLE, ["--accept-codename", "bookworm"].as_slice()].concat());
    client.run(&["update"]).ok();
    knows_greeting(&client);
}

#[test]
fn an_architecture_that_a_suite_does_not_list_is_no_word_for_its_packages_for_all() {
    let header = HEADER.replace("amd64", "all amd64");
    let made = Made {
        header: &header,
        ..Made::default()
    };
    let foreign = made.of(&greeting());
    let added =
        |architectures| foreign.added(&[&STABLE, ["--architecture", architectures].as_slice()].concat());
    let run = added("amd46").exits(1);
    assert!(
        run.stderr.contains("has nothing for amd46; it has: all amd64"),
        "{}",
        run.report()
    );
    let run = added("amd64,amd46").ok();
    assert!(
        run.stderr.contains("has nothing for amd46; it has: all amd64"),
        "{}",
        run.report()
    );
    assert!(added("amd64").ok().stderr.starts_with("added "));
}

#[test]
fn long_descriptions_come_from_the_translation_and_nothing_fails_where_that_is_absent() {
    let made = Made {
        forms: &["Packages"],
        ..Made::default()
    };
    let foreign = made.of(&greeting());
    let index = foreign.path(INDEX).join("Packages");
    let text = fs::read_to_string(&index).unwrap();
    let short: String = text
        .lines()
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| match line.strip_prefix("Description:") {
            Some(_) => {
                "Description: says hello\nDescription-md5: 0123456789abcdef0123456789abcdef\n".to_owned()
            }
            None => format!("{line}\n"),
        })
        .collect();
    fs::write(&index, short).unwrap();
    let folder = foreign.path("dists/stable/main/i18n");
    fs::create_dir_all(&folder).unwrap();
    let translation = "Package: greeting\nDescription-md5: 0123456789abcdef0123456789abcdef\n\
        Description-en: says hello\n Whoever starts it is welcomed\n .\n most warmly.\n\n";
    fs::write(folder.join("Translation-en"), translation).unwrap();
    let release = |date| {
        made.release(&foreign, date);
        let suite = foreign.path("dists/stable");
        let text = fs::read_to_string(suite.join("Release")).unwrap();
        let digest = debian_control::digest::sha256(translation.as_bytes());
        let text = format!("{text} {digest} {} main/i18n/Translation-en\n", translation.len());
        fs::write(suite.join("Release"), text).unwrap();
        foreign.sign(&["--clearsign"], &suite.join("Release"), &suite.join("InRelease"));
    };
    release(cpkgs::machine::now() - 60);
    let client = foreign.client(&STABLE);
    client.run(&["update"]).ok();
    let info = client.run(&["info", "greeting"]).ok();
    assert!(
        info.stdout
            .contains("Description: says hello\n Whoever starts it is welcomed\n .\n most warmly.\n"),
        "{}",
        info.report()
    );
    assert_eq!(
        client.json(&["search", "welcomed", "warmly"])[0]["name"],
        "greeting"
    );
    let fields = &client.json(&["info", "greeting"])[0]["fields"];
    assert!(
        fields["Description"].as_str().unwrap().contains("most warmly"),
        "{fields}"
    );

    // Listed and not served: the packages count without it.
    fs::remove_file(folder.join("Translation-en")).unwrap();
    let client = foreign.client(&STABLE);
    client.run(&["update"]).ok();
    assert_eq!(client.run(&["search", "welcomed"]).ok().stdout, "");
    knows_greeting(&client);
    // Nor does it matter that its server fails, and the next update asks again.
    fs::write(folder.join("Translation-en"), translation).unwrap();
    let fails = foreign.path("fails");
    fs::write(&fails, "").unwrap();
    let nginx = Nginx::serve_with(&foreign.path(""), |server| {
        let refusal = format!(
            "    location ~ /Translation {{ if (-f {}) {{ return 500; }} }}\n    location ~ /\\. {{",
            fails.display()
        );
        server.replacen("    location ~ /\\. {", &refusal, 1)
    });
    let client = foreign.client_at(&nginx.url(), &STABLE);
    let run = client.run(&["update"]).ok();
    assert!(
        run.stderr.contains("the long descriptions of main"),
        "{}",
        run.report()
    );
    knows_greeting(&client);
    fs::remove_file(&fails).unwrap();
    client.run(&["update"]).ok();
    assert_eq!(client.json(&["search", "welcomed"])[0]["name"], "greeting");
    // Not what was signed.
    fs::write(folder.join("Translation-en"), translation.replace('W', "V")).unwrap();
    foreign.client(&STABLE).run(&["update"]).exits(4);
}

#[test]
fn a_signature_that_cannot_be_checked_is_no_other_text() {
    let made = Made::default();
    let foreign = made.of(&greeting());
    let other = foreign.gpg.key("brainpoolP256r1", "");
    let suite = foreign.path("dists/stable");
    let (release, signed) = (suite.join("Release"), suite.join("InRelease"));
    let sign = |users: &[&str]| {
        let _ = fs::remove_file(&signed);
        let mut arguments: Vec<&str> = users.iter().flat_map(|user| ["--local-user", user]).collect();
        let paths = [signed.display().to_string(), release.display().to_string()];
        arguments.extend(["--output", &paths[0], "--clearsign", &paths[1]]);
        foreign.gpg.gpg(&arguments).ok();
    };
    let client = foreign.client(&STABLE);
    sign(&[&other]);
    let run = client.run(&["update"]).exits(4);
    assert!(
        run.stderr.contains("it cannot be checked") && run.stderr.to_lowercase().contains("brainpool"),
        "{}",
        run.report()
    );
    assert!(!run.stderr.contains("does not match"), "{}", run.report());
    // Another signature that counts suffices.
    sign(&[&other, "ed25519@example.org"]);
    client.run(&["update"]).ok();
    knows_greeting(&client);
}
