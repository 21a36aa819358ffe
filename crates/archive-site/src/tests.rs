//! The site as a whole: what is on its pages, and that a change leads to the files that everything written anew would be.

use std::collections::{BTreeMap, BTreeSet};

use debian_control::limits::Limits;
use debian_control::package::BinaryPackage;
use proptest::prelude::*;

use crate::*;

type Files = BTreeMap<String, String>;

fn site(url: Option<&str>) -> Site {
    Site {
        title: "Example packages".into(),
        description: Some("What example.org builds.".into()),
        url: url.map(str::to_owned),
        keys: vec![SiteKey {
            fingerprint: "0123456789abcdef0123456789abcdef01234567".into(),
            expires: Some(1_900_000_000),
        }],
        suites: vec![SiteSuite {
            codename: "bookworm".into(),
            alias: Some("stable".into()),
            components: vec!["main".into()],
            architectures: vec!["amd64".into()],
            sources: url.map(|url| {
                format!(
                    "Types: deb\nURIs: {url}/\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN\n"
                )
            }),
            shows_downloads: false,
        }],
    }
}

fn build(control: &str, added_at: i64) -> Build {
    let package = BinaryPackage::parse(control.as_bytes(), &Limits::default()).unwrap();
    let path = format!("pool/main/x/{}", package.file_name());
    Build {
        component: "main".parse().unwrap(),
        section: package.section().map(str::to_owned),
        priority: package.priority().map(str::to_owned),
        path,
        size: 53_000,
        sha256: "ab".repeat(32),
        added_at,
        files: FileList {
            paths: vec!["usr/bin/x".into()],
            total: 1,
        },
        vulnerabilities: Vec::new(),
        job: None,
        downloads: None,
        package,
    }
}

fn package(control: &str, added_at: i64) -> Package {
    let build = build(control, added_at);
    let placed = Placed {
        version: build.package.version().to_string(),
        architecture: build.package.architecture().to_string(),
        added_at,
        removed_at: None,
    };
    Package {
        builds: vec![build],
        history: vec![placed],
        downloads: None,
    }
}

fn hello(version: &str, rest: &str) -> Package {
    let control = format!(
        "Package: hello\nVersion: {version}\nArchitecture: amd64\nMaintainer: Jane <jane@example.org>\nSection: misc\n\
         Description: greets the world\n It says hello.\n .\n   $ hello\n{rest}\n"
    );
    package(&control, 1_795_000_000)
}

/// Everything that a suite of these packages has.
struct State {
    packages: Vec<Package>,
    record: Record<MemoryStore>,
}

impl State {
    fn new(packages: Vec<Package>) -> Self {
        let mut record = Record::begin(MemoryStore::default());
        for package in &packages {
            record.put(package.name(), Some(&package.row())).unwrap();
        }
        record.settle().unwrap();
        record.set_state(&state_of(1)).unwrap();
        Self { packages, record }
    }

    fn get(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name() == name)
    }

    fn row(&self, name: &str) -> Option<Row> {
        self.get(name).map(Package::row)
    }

    fn names<'s>(states: impl IntoIterator<Item = &'s Self>) -> BTreeSet<&'s str> {
        states
            .into_iter()
            .flat_map(|state| state.packages.iter().map(Package::name))
            .collect()
    }

    /// Applies an update and returns the paths that it named.
    fn apply(&self, site: &Site, files: &mut Files, changed: &Changed) -> BTreeSet<String> {
        let suite = &site.suites[0];
        let published = Published {
            revision: 3,
            packages: 1,
            date: 1_795_600_000,
            valid_until: Some(1_796_800_000),
        };
        let status = SuiteStatus::new(&suite.codename, &published, &self.record).unwrap();
        let update = Update::new(site, suite, &status, &self.record, changed).unwrap();
        let mut touched = BTreeSet::new();
        let mut put = |file: File| -> Result<(), InvalidRecord> {
            touched.insert(file.path().to_owned());
            match file {
                File::Holds(path, bytes) => files.insert(path, String::from_utf8(bytes).unwrap()),
                File::Gone(path) => files.remove(&path),
            };
            Ok(())
        };
        for name in update.new_names().chain(update.names()) {
            let files = update.package(name, self.get(name)).unwrap();
            files.into_iter().try_for_each(&mut put).unwrap();
        }
        update.lists(&mut put).unwrap();
        touched
    }

    fn all(&self, site: &Site) -> Files {
        let mut files = Files::new();
        self.apply(site, &mut files, &Changed::Everything);
        files
    }
}

fn state_of(revision: i64) -> RecordState {
    RecordState {
        revision,
        published: 5,
        settings: "abc".into(),
    }
}

/// Makes the record of one state that of another, and returns what changed, as the caller finds it.
fn change(record: &mut Record<MemoryStore>, after: &State) -> Changed {
    let names: BTreeSet<String> = record.names().unwrap().into_iter().collect();
    let others = State::names([after]).into_iter().map(str::to_owned);
    let mut changes = Vec::new();
    for name in names.into_iter().chain(others) {
        let now = after.row(&name);
        let before = record.put(&name, now.as_ref()).unwrap();
        if before != now {
            changes.push(Change {
                name,
                before: vec![before],
            });
        }
    }
    record.settle().unwrap();
    Changed::Names(changes)
}

fn changes(before: &State, after: &State) -> Changed {
    change(&mut copy(before), after)
}

/// Opens a copy of the record of a state.
fn copy(state: &State) -> Record<MemoryStore> {
    let (record, found) = Record::open(state.record.store.clone()).unwrap().unwrap();
    assert_eq!(found, state_of(1));
    record
}

#[test]
fn the_page_of_a_package_is_this() {
    let other = package(
        "Package: greeter\nVersion: 1\nArchitecture: all\nMaintainer: J <j@example.org>\nDepends: hello (>= 2), nothing | hello\nDescription: d\n",
        1_795_000_001,
    );
    let files = State::new(vec![
        hello(
            "2.10-3",
            "Depends: libc6 (>= 2.36)\nHomepage: https://example.org/",
        ),
        other,
    ])
    .all(&site(Some("https://example.org/apt")));
    let main = |path: &str| {
        let page = &files[path];
        page.split_once("<main")
            .unwrap()
            .1
            .split_once("</main>")
            .unwrap()
            .0
            .to_owned()
    };
    insta::assert_snapshot!("package", main("browse/bookworm/hello/index.html"));
    insta::assert_snapshot!("package_twin", files["browse/bookworm/hello/index.json"]);
    insta::assert_snapshot!("package_feed", files["browse/bookworm/hello/feed.xml"]);
    insta::assert_snapshot!("suite", main("browse/bookworm/index.html"));
    insta::assert_snapshot!("badge", files["browse/bookworm/hello/badge.svg"]);
    assert!(
        main("browse/bookworm/greeter/index.html")
            .contains("href=\"../../../browse/bookworm/hello/index.html\"")
    );
}

#[test]
fn the_page_at_the_root_is_this() {
    let site = site(Some("https://example.org/apt"));
    let mut text = String::new();
    for file in home(&site, &[]).into_iter().chain(status(&site, &[])) {
        let File::Holds(path, bytes) = file else { panic!() };
        text.push_str(&format!("== {path}\n{}\n", String::from_utf8(bytes).unwrap()));
    }
    insta::assert_snapshot!("root", text);
}

#[test]
fn script_in_any_field_is_text() {
    let evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";
    let control = format!(
        "Package: evil\nVersion: 1\nArchitecture: amd64\nMaintainer: {evil}\nSection: {}\nPriority: {evil}\nHomepage: javascript:alert(1)//{evil}\n\
         Description: {evil}\n {evil}\n   {evil}\nMulti-Arch: foreign\nX-Other: {evil}\n",
        "</h1><script>x</script>"
    );
    let mut package = package(&control, 5);
    package.builds[0].files.paths.push(format!("usr/{evil}"));
    package.builds[0].path = format!("pool/{evil}");
    let mut site = site(Some("https://example.org/apt"));
    site.title = format!("Title {evil}");
    site.description = Some(evil.into());
    let state = State::new(vec![package]);
    let mut files = state.all(&site);
    for file in home(&site, &[]).into_iter().chain(status(&site, &[])) {
        if let File::Holds(path, bytes) = file {
            files.insert(path, String::from_utf8(bytes).unwrap());
        }
    }
    for (path, text) in files.iter().filter(|(path, _)| !path.ends_with(".json")) {
        // The one element that pages have of their own.
        let own = text.matches("<script src=\"").count();
        assert_eq!(text.matches("<script").count(), own, "{path}: {text}");
        assert!(
            !text.contains("<img src=x") && !text.contains("href=\"javascript"),
            "{path}"
        );
    }
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".json")) {
        serde_json::from_str::<serde_json::Value>(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

#[test]
fn what_is_too_long_for_a_list_is_whole_on_the_page_of_the_package_alone() {
    let (summary, section) = ("x".repeat(50_000), "y".repeat(60_000));
    let control = format!(
        "Package: long\nVersion: 1\nArchitecture: amd64\nMaintainer: J <j@example.org>\nSection: {section}\nPriority: {section}\n\
         Description: {summary}\n"
    );
    let files = State::new(vec![package(&control, 5)]).all(&site(Some("https://example.org/apt")));
    assert!(files["browse/bookworm/long/index.html"].contains(&summary));
    for (path, text) in files.iter().filter(|(path, _)| !path.contains("/long/")) {
        assert!(
            !text.contains(&"x".repeat(201)) && !text.contains(&"y".repeat(65)),
            "{path}"
        );
    }
    assert!(files["browse/bookworm/index.html"].contains(&format!("{}…", "y".repeat(64))));
}

#[test]
fn no_page_lets_a_package_change_the_direction_of_writing() {
    let control = "Package: rtl\nVersion: 1\nArchitecture: amd64\nMaintainer: J\u{202e} <j@example.org>\nSection: a\u{2066}b\n\
         Description: s\u{202e}txt\n long\u{2067}\n";
    let mut package = package(control, 5);
    package.builds[0]
        .files
        .paths
        .push("usr/bin/a\u{202e}cod.exe".into());
    let files = State::new(vec![package]).all(&site(Some("https://example.org/apt")));
    let is_read = |path: &str| !path.ends_with("/index.json");
    for (path, text) in files.iter().filter(|(path, _)| is_read(path)) {
        let turns = text.contains(debian_control::terminal::changes_direction);
        assert!(!turns, "{path}: {text}");
    }
    let page = &files["browse/bookworm/rtl/index.html"];
    assert!(page.contains("usr/bin/a\\u{202e}cod.exe"), "{page}");
}

#[test]
fn each_page_has_the_twin_that_it_names() {
    let files = State::new(vec![hello("1", "")]).all(&site(Some("https://example.org/apt")));
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        let (_, rest) = text.split_once("application/json\" href=\"").expect(path);
        let (folder, _) = path.rsplit_once('/').unwrap();
        let twin = format!("{folder}/{}", rest.split('"').next().unwrap());
        assert!(files.contains_key(&twin), "{path}: {twin}");
    }
}

#[test]
fn no_page_has_a_script_or_style_of_its_own_or_anything_from_elsewhere() {
    let files = State::new(vec![hello("1", "")]).all(&site(Some("https://example.org/apt")));
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        assert!(
            !text.contains("style=") && !text.contains("<style") && !text.contains(" on"),
            "{path}"
        );
        for link in text
            .split("src=\"")
            .skip(1)
            .chain(text.split("<link rel=\"stylesheet\" href=\"").skip(1))
        {
            assert!(
                !link.starts_with("http") && !link.starts_with('/'),
                "{path}: {link}"
            );
        }
    }
}

#[test]
fn every_link_of_the_site_leads_to_a_file() {
    let site = site(Some("https://example.org/apt"));
    let packages = (0..400).map(|at| {
        let control = format!("Package: p{at}\nVersion: 1\nArchitecture: all\nMaintainer: J\nSection: s/{}\nDepends: p{}, gone\nDescription: d{at}\n", at % 3, at / 2);
        package(&control, at)
    });
    let mut files = State::new(packages.collect()).all(&site);
    for file in home(&site, &[])
        .into_iter()
        .chain(status(&site, &[]))
        .chain(assets())
    {
        if let File::Holds(path, bytes) = file {
            files.insert(path, String::from_utf8(bytes).unwrap());
        }
    }
    let mut followed = 0;
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        let links = text
            .split("href=\"")
            .chain(text.split("src=\""))
            .filter_map(|rest| rest.split('"').next());
        for link in links.filter(|link| !link.contains([':', '#', '<', '\n']) && link.contains('.')) {
            let mut parts: Vec<&str> = path.split('/').collect();
            parts.pop();
            for part in link.split('/') {
                match part {
                    ".." => drop(parts.pop()),
                    part => parts.push(part),
                }
            }
            let target = parts.join("/");
            let is_elsewhere = target.starts_with("pool/")
                || target.starts_with("archive-keyring")
                || target == "repository.json";
            assert!(
                is_elsewhere || files.contains_key(&target),
                "{path} links to {target}"
            );
            followed += 1;
        }
    }
    assert!(followed > 5000, "{followed}");
}

#[test]
fn without_a_url_there_is_no_feed_no_sitemap_and_no_command_with_a_wrong_address() {
    let site = site(None);
    let files = State::new(vec![hello("1", "")]).all(&site);
    assert!(!files.keys().any(|path| path.ends_with(".xml")));
    let root = home(&site, &[]);
    assert!(root.contains(&File::Gone("sitemap.xml".into())));
    let File::Holds(_, page) = &root[0] else { panic!() };
    assert!(!String::from_utf8_lossy(page).contains("Use bookworm"));
}

#[test]
fn a_new_version_touches_its_own_pages_and_the_lists_that_show_it() {
    let site = site(Some("https://example.org/apt"));
    let others = || {
        (0..500).map(|at| package(&format!("Package: p{at}\nVersion: 1\nArchitecture: all\nMaintainer: J\nDepends: hello\nDescription: d\n"), at))
    };
    let before = State::new(others().chain([hello("1", "Depends: p1")]).collect());
    let after = State::new(others().chain([hello("2", "Depends: p1")]).collect());
    let mut files = before.all(&site);
    let touched = after.apply(&site, &mut files, &changes(&before, &after));
    let expected = [
        "_all/at-h.html",
        "_all/at-h.json",
        "_feed.xml",
        "_newest/index.html",
        "_newest/index.json",
        "_section/misc/index.html",
        "_section/misc/index.json",
        "hello/badge.svg",
        "hello/feed.xml",
        "hello/index.html",
        "hello/index.json",
        "index.html",
        "index.json",
    ];
    let touched: Vec<&str> = touched
        .iter()
        .map(|path| path.strip_prefix("browse/bookworm/").unwrap())
        .collect();
    assert_eq!(touched, expected);
}

#[test]
fn in_long_lists_too_a_change_leads_to_the_files_of_everything_written_anew() {
    let site = site(Some("https://example.org/apt"));
    let names: Vec<String> = (0..400)
        .map(|at| format!("lib{}{at:03}", if at % 2 == 0 { "a" } else { "b" }))
        .collect();
    let mut held: BTreeMap<String, u8> = names.iter().map(|name| (name.clone(), 1)).collect();
    held.insert("lib".into(), 1);
    let make = |held: &BTreeMap<String, u8>| {
        let packages: Vec<_> = held
            .iter()
            .map(|(name, version)| (name.clone(), *version, None, 0))
            .collect();
        state(&packages)
    };
    let mut before = make(&held);
    let mut files = before.all(&site);
    let steps: [(&str, Option<u8>); 6] = [
        ("liba000", Some(2)),
        ("lib", Some(2)),
        ("libb001", None),
        ("libc", Some(1)),
        ("lib", None),
        ("libc", None),
    ];
    for (name, version) in steps {
        match version {
            Some(version) => held.insert(name.into(), version),
            None => held.remove(name),
        };
        let after = make(&held);
        after.apply(&site, &mut files, &changes(&before, &after));
        assert_eq!(files, after.all(&site), "{name} {version:?}");
        before = after;
    }
    // From divided lists to short ones, and back.
    for count in [100, 400] {
        let after = make(&held.clone().into_iter().take(count).collect());
        after.apply(&site, &mut files, &changes(&before, &after));
        assert_eq!(files, after.all(&site), "{count}");
        before = after;
    }
}

fn archive() -> impl Strategy<Value = Vec<(String, u8, Option<String>, u8)>> {
    let name = "[ab]{1,3}";
    let package = (name, 1..3u8, proptest::option::of(name), 0..2u8);
    proptest::collection::btree_map(name, package, 0..8).prop_map(|packages| {
        packages
            .into_iter()
            .map(|(name, (_, version, needs, section))| (name, version, needs, section))
            .collect()
    })
}

fn state(packages: &[(String, u8, Option<String>, u8)]) -> State {
    let control = |(name, version, needs, section): &(String, u8, Option<String>, u8)| {
        let needs = needs
            .as_ref()
            .map(|needs| format!("Depends: {needs}\nSuggests: a\n"))
            .unwrap_or_default();
        format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: J\nSection: s{section}\n{needs}Description: word{version} x\n"
        )
    };
    State::new(
        packages
            .iter()
            .map(|one| package(&control(one), i64::from(one.1)))
            .collect(),
    )
}

proptest! {
    #[test]
    fn a_change_leads_to_the_files_of_everything_written_anew(before in archive(), after in archive()) {
        let site = site(Some("https://example.org/apt"));
        let (before, after) = (state(&before), state(&after));
        let mut files = before.all(&site);
        after.apply(&site, &mut files, &changes(&before, &after));
        prop_assert_eq!(files, after.all(&site));
    }

    #[test]
    fn a_changed_record_is_that_of_everything_put_anew(before in archive(), after in archive()) {
        let (before, after) = (state(&before), state(&after));
        let mut record = copy(&before);
        change(&mut record, &after);
        prop_assert_eq!(record.store, after.record.store);
    }

    /// Another machine wrote the state between; of what it wrote, this one knows what the catalog tells of each name.
    #[test]
    fn a_change_over_a_state_that_was_not_seen_leads_there_too(
        before in archive(),
        between in archive(),
        after in archive(),
    ) {
        let site = site(Some("https://example.org/apt"));
        let states = [state(&before), state(&between), state(&after)];
        let [before, between, after] = &states;
        let mut files = before.all(&site);
        between.apply(&site, &mut files, &changes(before, between));
        let change = |name: &str| Change {
            name: name.to_owned(),
            before: vec![before.row(name), None, between.row(name)],
        };
        let changes = State::names(&states).into_iter().map(change);
        after.apply(&site, &mut files, &Changed::Names(changes.collect()));
        prop_assert_eq!(files, after.all(&site));
    }
}
