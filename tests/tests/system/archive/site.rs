//! The pages that publishing writes beside `dists/`.

mod damage;
mod downloads;
mod interrupted;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use archive_tests::WriteDeb as _;
use archive_tests::{DebBuilder, Nginx, Run, TestArchive};

fn package(name: &str, version: &str) -> DebBuilder {
    DebBuilder::new(name, version, "all").file(&format!("usr/share/{name}/hello"), "hello")
}

/// Returns the files below a folder, by their paths there.
fn below(folder: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let short = |path: String| path[folder.to_str().unwrap().len() + 1..].to_owned();
    super::state(folder)
        .into_iter()
        .map(|(path, state)| (short(path), state))
        .collect()
}

/// Returns the files of the site with their text.
fn site_of(root: &Path) -> BTreeMap<String, String> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let browse = root.join("browse");
    let mut files = BTreeMap::new();
    if browse.exists() {
        let pages = below(&browse).into_iter();
        files.extend(pages.map(|(path, (bytes, _))| (format!("browse/{path}"), text(bytes))));
    }
    for name in [
        "index.html",
        "status.html",
        "status.json",
        "sitemap.xml",
        "robots.txt",
    ] {
        files.extend(
            fs::read(root.join(name))
                .ok()
                .map(|bytes| (name.to_owned(), text(bytes))),
        );
    }
    files
}

fn site(archive: &TestArchive) -> BTreeMap<String, String> {
    site_of(&archive.root())
}

/// Checks that two sites are the same, but for what says when it was published.
fn assert_same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) {
    let is_dated = |path: &str| {
        [
            "index.html",
            "browse/stable/index.html",
            "browse/stable/index.json",
        ]
        .contains(&path)
            || path.starts_with("status.")
    };
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let different: Vec<&String> = one
        .keys()
        .filter(|path| !is_dated(path) && one.get(*path) != other.get(*path))
        .collect();
    assert_eq!(different, [""; 0]);
}

fn has(archive: &TestArchive, path: &str) -> bool {
    archive.root().join(path).exists()
}

fn served() -> TestArchive {
    TestArchive::init(&["--url", "https://example.org/apt"])
}

#[test]
fn a_package_has_pages_from_its_first_publish_until_it_leaves() {
    let archive = served();
    archive.add(&[package("hello", "1.0"), package("other", "1.0").depends("hello")]);
    archive.publish();
    for file in ["index.html", "index.json", "feed.xml", "badge.svg"] {
        assert!(has(&archive, &format!("browse/stable/hello/{file}")), "{file}");
    }
    let page = archive.read("browse/stable/hello/index.html");
    assert!(
        page.contains("usr/share/hello/hello") && page.contains("../../../browse/stable/other/index.html")
    );
    let twin: serde_json::Value =
        serde_json::from_str(&archive.read("browse/stable/hello/index.json")).unwrap();
    let path = twin["builds"][0]["path"].as_str().unwrap();
    assert!(has(&archive, path), "{path}");
    assert!(archive.read("browse/stable/_search/h.json").contains("\"hello\""));

    archive.repogen(&["remove", "hello"]).ok();
    archive.publish();
    assert!(!has(&archive, "browse/stable/hello"));
    assert!(!has(&archive, "browse/stable/_search/h.json"));
    assert!(
        !archive
            .read("browse/stable/other/index.html")
            .contains("browse/stable/hello")
    );
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_publish_leaves_unrelated_pages_alone() {
    let archive = served();
    archive.add(&[package("hello", "1.0"), package("other", "1.0")]);
    archive.publish();
    let before = below(&archive.root().join("browse"));
    archive.add(&[package("hello", "2.0")]);
    archive.publish();
    let after = below(&archive.root().join("browse"));
    let touched: Vec<&str> = after
        .iter()
        .filter(|(path, state)| before.get(*path) != Some(state))
        .map(|(path, _)| path.strip_prefix("stable/").unwrap())
        .collect();
    assert!(
        touched.contains(&"hello/index.html") && touched.contains(&"_all/index.html"),
        "{touched:?}"
    );
    assert!(
        !touched
            .iter()
            .any(|path| path.starts_with("other/") || path.starts_with("_search/")),
        "{touched:?}"
    );
    assert!(archive.repogen(&["publish"]).ok().stdout.contains("unchanged"));
    assert_eq!(below(&archive.root().join("browse")), after);
}

#[test]
fn what_changes_little_by_little_is_what_is_written_at_one_time() {
    let archive = served();
    let names: Vec<String> = (0..60).map(|at| format!("p{at}")).collect();
    for part in names.chunks(20) {
        let packages: Vec<DebBuilder> = part
            .iter()
            .map(|name| package(name, "1.0").depends("p1"))
            .collect();
        archive.add(&packages);
        archive.publish();
    }
    archive.add(&[package("p1", "2.0")]);
    archive.repogen(&["remove", "p2"]).ok();
    archive.publish();
    let little_by_little = site(&archive);
    fs::remove_dir_all(archive.root().join("state/site")).unwrap();
    fs::write(archive.root().join("browse/stable/stray.html"), "x").unwrap();
    archive.repogen(&["publish", "--force"]).ok();
    assert_same(&site(&archive), &little_by_little);
}

#[test]
fn nothing_of_a_private_suite_is_on_the_site() {
    let archive = TestArchive::init(&[
        "--url",
        "https://example.org/apt",
        "--suite",
        "stable",
        "--suite",
        "inner",
    ]);
    for (suite, name) in [("stable", "open"), ("inner", "secret")] {
        let file = package(name, "1.0").write_into(&archive.outside());
        archive
            .repogen(&["add", "--suite", suite, file.to_str().unwrap()])
            .ok();
    }
    let leaks = |archive: &TestArchive| -> Vec<String> {
        let is_leak = |text: &str| text.contains("inner") || text.contains("secret");
        let files = site(archive).into_iter();
        // `inner` is a word of the script, too.
        let files = files.filter(|(path, _)| !path.contains("_assets"));
        files
            .filter(|(path, text)| is_leak(path) || is_leak(text))
            .map(|(path, _)| path)
            .collect()
    };
    archive.publish();
    assert!(!leaks(&archive).is_empty(), "a control: it was public");
    archive.configure_last_suite("private = true");
    let found = archive.repogen(&["verify"]);
    assert!(found.stdout.contains("site-stale"), "{}", found.report());
    archive.publish();
    assert_eq!(leaks(&archive), [""; 0]);
    archive.repogen(&["verify"]).ok();
}

#[test]
fn a_site_that_is_switched_off_goes_and_comes_back() {
    let archive = served();
    archive.add(&[package("hello", "1.0")]);
    archive.publish();
    let before = site(&archive);
    archive.configure("enabled       = true", "enabled = false");
    archive.publish();
    assert_eq!(site(&archive), BTreeMap::new());
    archive.repogen(&["verify"]).ok();
    archive.configure("enabled = false", "enabled = true");
    archive.publish();
    assert_same(&site(&archive), &before);
}

#[test]
fn a_configuration_without_a_site_has_none() {
    let archive = served();
    archive.configure("[site]", "[ignored]");
    let text = archive.read("repogen.toml");
    let (head, rest) = text.split_once("[ignored]").unwrap();
    let rest = &rest[rest.find("[[suite]]").unwrap()..];
    fs::write(archive.home().join("repogen.toml"), format!("{head}{rest}")).unwrap();
    archive.add(&[package("hello", "1.0")]);
    archive.publish();
    assert_eq!(site(&archive), BTreeMap::new());
}

#[test]
fn what_is_served_below_a_path_has_relative_links_and_whole_addresses_in_feeds() {
    let archive = served();
    archive.add(&[package("g++", "1.0"), package("hello", "1.0").depends("g++")]);
    archive.publish();
    for (path, text) in site(&archive).iter().filter(|(path, _)| path.ends_with(".html")) {
        assert!(!text.contains("href=\"/") && !text.contains("src=\"/"), "{path}");
    }
    let feed = archive.read("browse/stable/_feed.xml");
    assert!(
        feed.contains("https://example.org/apt/browse/stable/g%2B%2B/index.html"),
        "{feed}"
    );
    assert!(
        archive
            .read("sitemap.xml")
            .contains("<loc>https://example.org/apt/browse/stable/index.html</loc>")
    );
    assert!(
        archive
            .read("robots.txt")
            .contains("Sitemap: https://example.org/apt/sitemap.xml")
    );

    let outside = archive.outside().join("web");
    fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(archive.root(), outside.join("apt")).unwrap();
    let nginx = Nginx::serve_with(&outside, |text| text.replace("~ ^/(", "~ ^/apt/("));
    let page = nginx.get("/apt/browse/stable/g%2B%2B/index.html");
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(nginx.get("/apt/browse/stable/hello/").status, 200);
}

#[test]
fn the_commands_of_the_first_page_write_the_entry_for_apt() {
    let (archive, _nginx) = TestArchive::served(&["--origin", "Jane's packages"]);
    let page = archive.read("index.html");
    let commands: Vec<String> = page
        .split("<code>")
        .skip(1)
        .map(|rest| rest.split("</code>").next().unwrap())
        .map(|text| {
            text.replace("&#60;", "<")
                .replace("&#62;", ">")
                .replace("&#39;", "'")
                .replace("&#34;", "\"")
        })
        .collect();
    let entry = "/etc/apt/sources.list.d/jane-s-packages-stable.sources";
    let written = archive.outside().join("entry");
    fs::create_dir_all(archive.outside()).unwrap();
    let is_for_a_shell = |command: &&String| command.starts_with("sudo tee") || command.starts_with("curl");
    let mut ran = 0;
    for command in commands.iter().filter(is_for_a_shell) {
        assert!(command.contains(entry), "{command}");
        let command = command
            .replace("sudo ", "")
            .replace(entry, written.to_str().unwrap());
        Run::of(archive.tool("sh").args(["-c", &command])).ok();
        assert_eq!(
            fs::read_to_string(&written).unwrap(),
            archive.read("stable.sources"),
            "{command}"
        );
        fs::remove_file(&written).unwrap();
        ran += 1;
    }
    assert_eq!(ran, 2, "{commands:?}");
    assert!(
        commands
            .iter()
            .any(|command| command == &format!("ADD {}/stable.sources {entry}", archive_url(&archive)))
    );
}

fn archive_url(archive: &TestArchive) -> String {
    let repository: serde_json::Value = serde_json::from_str(&archive.read("repository.json")).unwrap();
    repository["url"].as_str().unwrap().to_owned()
}

#[test]
fn prune_deletes_pages_of_what_is_not_published_and_nothing_else_of_the_site() {
    let archive = served();
    archive.add(&[package("hello", "1.0")]);
    archive.publish();
    let before = site(&archive);
    for path in ["browse/stable/stray/index.html", "browse/gone/hello/index.html"] {
        let path = archive.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    // By this file the pages of a suite are known from what is somebody's own.
    let twin = archive.read("browse/stable/index.json");
    fs::write(archive.root().join("browse/gone/index.json"), twin).unwrap();
    let found = archive.repogen(&["verify"]);
    assert_eq!(
        found.stdout.matches("site-stale").count(),
        3,
        "{}",
        found.report()
    );
    archive.repogen(&["prune"]).ok();
    assert_eq!(site(&archive), before);
    fs::remove_dir_all(archive.root().join("browse/stable/hello")).unwrap();
    assert!(
        archive
            .repogen(&["verify"])
            .stdout
            .contains("browse/stable/hello/index.html")
    );
}

#[test]
fn without_an_address_no_page_leads_to_commands_that_are_not_there() {
    let archive = TestArchive::new();
    archive.add(&[package("hello", "1.0")]);
    archive.publish();
    let page = archive.read("browse/stable/index.html");
    assert!(!page.contains("#setup-stable"), "{page}");
    let served = served();
    served.publish();
    let page = served.read("browse/stable/index.html");
    assert!(page.contains("#setup-stable"), "{page}");
    assert!(served.read("index.html").contains("id=\"setup-stable\""));
}

#[test]
fn pages_stay_as_long_as_what_they_are_about_is_served() {
    let archive = served();
    let add = |component: &str, name: &str| {
        let deb = package(name, "1").write_into(&archive.outside());
        Run::of(archive.command(&["add", "--component", component]).arg(deb)).ok();
    };
    archive.configure(r#"["main"]"#, r#"["main", "extra"]"#);
    add("main", "hello");
    add("extra", "more");
    archive.publish();
    archive.configure(r#"["main", "extra"]"#, r#"["main"]"#);
    // Nobody said that the component is to go, so that its packages are served still.
    archive.repogen(&["publish"]).exits(1);
    archive.repogen(&["prune"]).ok();
    assert!(has(&archive, "browse/stable/more/index.html"));
    let found = archive.repogen(&["verify"]);
    assert!(!found.stdout.contains("site-stale"), "{}", found.report());
    archive.repogen(&["publish", "--drop"]).ok();
    archive.repogen(&["prune"]).ok();
    assert!(!has(&archive, "browse/stable/more/index.html"));
    assert!(has(&archive, "browse/stable/hello/index.html"));
}

/// Returns the paths that `repogen verify` reports.
fn stale(archive: &TestArchive) -> Vec<String> {
    let found = archive.repogen(&["verify", "--json"]);
    let lines = found.stdout.lines();
    let findings = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    findings
        .inspect(|finding| assert_eq!(finding["kind"], "site-stale"))
        .map(|finding| finding["path"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_section_that_the_settings_say_is_that_of_the_pages() {
    let archive = served();
    archive.add(&[package("alpha", "1").field("Section", "misc")]);
    archive.publish();
    assert!(has(&archive, "browse/stable/_section/misc/index.html"));
    archive.configure_last_suite("[suite.overrides]\nalpha = { section = \"games\" }");
    archive.publish();
    assert!(has(&archive, "browse/stable/_section/games/index.html"));
    assert!(!has(&archive, "browse/stable/_section/misc/index.html"));
}

#[test]
fn a_mirror_has_the_same_pages() {
    let archive = served();
    archive.add(&[package("hello", "1.0"), package("other", "1.0")]);
    archive.publish();
    let mirror = archive.outside().join("mirror");
    let replicate = || {
        archive
            .repogen(&["replicate", "--to", mirror.to_str().unwrap(), "--delete"])
            .ok()
    };
    replicate();
    assert_eq!(site_of(&mirror), site(&archive));
    assert!(mirror.join("index.html").exists() && mirror.join("browse/stable/hello/index.html").exists());
    archive.repogen(&["remove", "hello"]).ok();
    archive.publish();
    replicate();
    assert_eq!(site_of(&mirror), site(&archive));
}
