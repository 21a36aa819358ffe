//! `cpkgs source add`: what is written, who is asked for it, and what is told where that is wrong or away.

use std::fs;

use archive_tests::{Client, Gpg, Nginx, Run};

use super::source::{Foreign, greeting};
use super::update::{Made, STABLE, knows_greeting};

#[test]
fn a_pasted_line_of_a_sources_list_is_a_source() {
    let foreign = Made::default().of(&greeting());
    let client = Client::new();
    let keys = foreign.keys(&client);
    let line = format!("deb [arch=amd64 signed-by={keys}] {} stable main", foreign.url());
    client.run(&["source", "add", &line, "--yes"]).ok();
    client.run(&["update"]).ok();
    knows_greeting(&client);
}

#[test]
fn a_proxy_that_is_down_is_named() {
    let foreign = Made::default().of(&greeting());
    let client = foreign.client_at("http://archive.invalid", &STABLE);
    let run = |variables: &[(&str, &str)]| {
        let mut command = client.command(&["update"]);
        Run::of(command.envs(variables.iter().copied())).exits(3)
    };
    // Nobody listens on port 1.
    let proxy = ("http_proxy", "http://ann:secret@127.0.0.1:1");
    let down = run(&[proxy]);
    assert!(
        down.stderr.contains("cannot reach the proxy `http://127.0.0.1:1"),
        "{}",
        down.report()
    );
    assert!(!down.stderr.contains("secret"), "{}", down.report());
    let direct = run(&[proxy, ("no_proxy", "archive.invalid")]);
    assert!(!direct.stderr.contains("proxy"), "{}", direct.report());
    // One cause: why, and not what this program is made of.
    assert_eq!(
        direct.stderr.matches("caused by").count(),
        1,
        "{}",
        direct.report()
    );
}

/// Serves an archive to `ann` with `secret` alone.
fn closed(foreign: &Foreign) -> Nginx {
    let users = foreign.path("users");
    fs::write(&users, "ann:{PLAIN}secret\n").unwrap();
    Nginx::serve_with(&foreign.path(""), |server| {
        let users = users.display();
        server.replacen(
            "    location ~ /\\. {",
            &format!("    auth_basic closed;\n    auth_basic_user_file {users};\n    location ~ /\\. {{"),
            1,
        )
    })
}

#[test]
fn a_password_stands_in_the_home_or_in_the_entry_of_the_source() {
    let foreign = Made::default().of(&greeting());
    let nginx = closed(&foreign);
    let client = foreign.client_at(&nginx.url(), &STABLE);
    let run = client.run(&["update"]).exits(5);
    assert!(run.stderr.contains("401"), "{}", run.report());
    let conf = client.path("auth.conf");
    let says = |password: &str| {
        let entry = format!("machine {}/ login ann password {password}\n", nginx.url());
        // Other bytes in a comment are no fault.
        fs::write(&conf, [&b"# \xe9\n"[..], entry.as_bytes()].concat()).unwrap();
    };
    says("wrong");
    let run = client.run(&["update"]).exits(5);
    assert!(run.stderr.contains("auth.conf` was refused"), "{}", run.report());
    says("secret");
    client.run(&["update"]).ok();
    knows_greeting(&client);
    fs::remove_file(&conf).unwrap();

    let config = client.path("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(client.path("secret"), "secret\n").unwrap();
    for said in ["password_file = \"secret\"", "password_command = \"echo secret\""] {
        fs::write(&config, format!("{text}user = \"ann\"\n{said}\n")).unwrap();
        fs::remove_dir_all(client.path("cache")).unwrap();
        client.run(&["update"]).ok();
        knows_greeting(&client);
    }
    fs::write(&config, format!("{text}user = \"ann\"\n")).unwrap();
    let run = client.run(&["update"]).exits(2);
    assert!(run.stderr.contains("belong together"), "{}", run.report());
}

#[test]
fn what_is_wrong_with_a_source_is_said_when_it_is_added() {
    let foreign = Made::default().of(&greeting());
    let nginx = closed(&foreign);
    let client = Client::new();
    let keys = foreign.keys(&client);
    let other = Gpg::new();
    other.key("ed25519", "");
    let strange = client.folder().join("other.asc").display().to_string();
    other.gpg(&["--armor", "--output", &strange, "--export"]).ok();
    fs::write(client.folder().join("secret"), "secret\n").unwrap();
    fs::write(client.folder().join("wrong"), "wrong\n").unwrap();
    let url = foreign.url();
    let closed = nginx.url();
    let add = |arguments: &[&str]| client.run(&[&["source", "add", "--yes"], arguments].concat());
    for (arguments, code, text) in [
        (&["archive/debian"][..], 2, "expected http://, https:// or file:/"),
        (
            &[&url, "stable", "main", "--signed-by", &keys],
            2,
            "--suite stable --component main`",
        ),
        (&["deb-src", &url, "stable", "main"], 2, "`deb-src`"),
        (&[&url, "--signed-by", &keys, "--suite", "stabel"], 3, "`stabel`"),
        (
            &[&url, "--signed-by", &strange, "--suite", "stable"],
            4,
            "signature",
        ),
        (
            &[
                &closed,
                "--signed-by",
                &keys,
                "--suite",
                "stable",
                "--user",
                "ann",
                "--password-file",
                "wrong",
            ],
            5,
            "401",
        ),
    ] {
        let run = add(arguments).exits(code);
        assert!(run.stderr.contains(text), "{}", run.report());
        assert!(!run.stderr.contains("added "), "{}", run.report());
        assert!(client.run(&["source", "list"]).ok().stdout.is_empty());
        assert!(
            !client.path("keyrings").exists()
                || fs::read_dir(client.path("keyrings")).unwrap().next().is_none()
        );
    }
    let login = ["--user", "ann", "--password-file", "secret"];
    let stable = [&closed, "--signed-by", &keys, "--suite", "stable"];
    let run = add(&[&stable[..], &login[..]].concat()).ok();
    assert!(run.stderr.contains("added "), "{}", run.report());
    client.run(&["update"]).ok();
    knows_greeting(&client);
    // The same suite once more is no second source, and what is gone leaves no key.
    add(&[&stable[..], &login[..], &["--architecture", "amd64"]].concat()).ok();
    let listed = client.run(&["source", "list"]).ok();
    let rows = listed.rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][3], "amd64");
    assert_eq!(rows[0][4].len(), 40, "{rows:?}");
    client.run(&["source", "remove", &closed]).ok();
    assert_eq!(fs::read_dir(client.path("keyrings")).unwrap().count(), 0);
}

#[test]
fn a_server_that_is_away_is_told_of_once() {
    let foreign = Made::default().of(&greeting());
    let client = foreign.client_at("http://archive.invalid", &["--suite", "one", "--suite", "two"]);
    let run = client.run(&["update"]).exits(3);
    assert_eq!(run.stderr.matches("error:").count(), 1, "{}", run.report());
    assert!(
        run.stderr
            .contains("cannot update `one`, `two` of `http://archive.invalid"),
        "{}",
        run.report()
    );
}
