//! What lists and search promise.

use super::*;

pub(super) fn pages_follow_each_other_and_show_asked_suites_only(catalog: &SqlCatalog) {
    let mut hidden = placement("hidden", "1.0", "misc");
    hidden.suite = suite("private");
    place(
        catalog,
        &[
            placement("hello", "10.0", "misc"),
            placement("hello", "9.0", "misc"),
            placement("nginx", "1.0", "web"),
            hidden,
        ],
    );
    let mut all = Vec::new();
    let mut after: Option<PageCursor> = None;
    loop {
        let page = catalog.page(&in_stable(), after.as_ref(), packages(2)).unwrap();
        let Some(last) = page.packages.last() else { break };
        let content = &last.entry.content;
        after = Some(PageCursor {
            name: content.name.to_string(),
            version_key: content.version.sort_key(),
            architecture: content.architecture.to_string(),
            sha256: content.sha256,
        });
        all.extend(
            page.packages
                .iter()
                .map(|listed| format!("{} {}", listed.entry.content.name, listed.entry.content.version)),
        );
    }
    assert_eq!(all, ["hello 9.0", "hello 10.0", "nginx 1.0"]);
}

pub(super) fn where_a_package_stands_is_told_of_other_suites_too_and_what_these_say_is_not(
    catalog: &SqlCatalog,
) {
    let mut elsewhere = placement("hello", "1.0", "misc");
    elsewhere.suite = suite("private");
    elsewhere.metadata.section = Some("secret".to_owned());
    place(catalog, &[placement("hello", "1.0", "misc"), elsewhere]);
    let shown = |also: &[&str]| {
        let query = PackageQuery {
            also: also.iter().map(|name| suite(name)).collect(),
            ..in_stable()
        };
        let page = catalog.page(&query, None, packages(9)).unwrap();
        let [found] = page.packages.as_slice() else {
            panic!("{} packages", page.packages.len())
        };
        let suites = found.entry.suites.iter().map(|(suite, _)| suite.to_string());
        (suites.collect::<Vec<_>>(), found.extras.section.clone())
    };
    assert_eq!(shown(&[]).0, ["stable"]);
    let (suites, section) = shown(&["private", "stable", "nowhere"]);
    assert_eq!(suites, ["private", "stable"]);
    assert_eq!(section, shown(&[]).1);
    // What stands in the others alone is not found.
    let query = PackageQuery {
        suites: vec![suite("nowhere")],
        also: vec![suite("stable")],
        ..PackageQuery::default()
    };
    assert!(
        catalog
            .page(&query, None, packages(9))
            .unwrap()
            .packages
            .is_empty()
    );
}

pub(super) fn only_filters_on_what_packages_say_wait_for_the_search_index(catalog: &SqlCatalog) {
    place(catalog, &[placement("hello", "1.0", "misc")]);
    let is_behind = || {
        catalog
            .read("look", crate::statements::details::are_behind)
            .unwrap()
    };
    let found = catalog.page(&in_stable(), None, packages(9)).unwrap();
    assert_eq!(names(&found.packages), ["hello"]);
    assert!(is_behind());
    let misc = PackageQuery {
        section: Some("misc".to_owned()),
        ..in_stable()
    };
    let found = catalog.page(&misc, None, packages(9)).unwrap();
    assert_eq!(names(&found.packages), ["hello"]);
    assert!(!is_behind());
}

pub(super) fn a_part_of_a_list_ends_early_where_packages_are_large_and_says_that_more_comes(
    catalog: &SqlCatalog,
) {
    let large = |name: &str| {
        let mut large = placement(name, "1.0", "misc");
        let text = &mut large.content.content.control;
        text.push_str(&" word word word\n".repeat(1000));
        large
    };
    place(catalog, &[large("alpha"), large("beta"), large("gamma")]);
    for (bytes, expected) in [
        (1, &["alpha"][..]),
        (20_000, &["alpha", "beta"]),
        (1 << 20, &["alpha", "beta", "gamma"]),
    ] {
        let most = PageLimit { packages: 10, bytes };
        let page = catalog.page(&in_stable(), None, most).unwrap();
        assert_eq!(names(&page.packages), expected);
        assert_eq!(page.more, expected.len() < 3, "{bytes}");
        let found = catalog.search(&in_stable(), "word", 0, most).unwrap();
        assert_eq!(
            (found.packages.len(), found.more),
            (expected.len(), expected.len() < 3)
        );
    }
    let two = catalog.page(&in_stable(), None, packages(2)).unwrap();
    assert_eq!((two.packages.len(), two.more), (2, true));
    let three = catalog.page(&in_stable(), None, packages(3)).unwrap();
    assert_eq!((three.packages.len(), three.more), (3, false));
}

pub(super) fn filters_combine(catalog: &SqlCatalog) {
    place(
        catalog,
        &[
            placement("hello", "1.0", "misc"),
            placement("nginx", "1.0", "web"),
        ],
    );
    let query = PackageQuery {
        section: Some("web".into()),
        maintainer: Some("JANE".into()),
        ..in_stable()
    };
    assert_eq!(
        names(&catalog.page(&query, None, packages(10)).unwrap().packages),
        ["nginx"]
    );
    let query = PackageQuery {
        name: Some("hello".parse().unwrap()),
        ..query
    };
    assert!(
        catalog
            .page(&query, None, packages(10))
            .unwrap()
            .packages
            .is_empty()
    );
}

pub(super) fn names_come_before_descriptions_and_misprints_find_them_too(catalog: &SqlCatalog) {
    let mut other = placement("server", "1.0", "web");
    let text = &mut other.content.content.control;
    *text = text.replace("short words of server", "a proxy, as nginx is one");
    place(
        catalog,
        &[
            other,
            placement("nginx", "1.0", "web"),
            placement("hello", "1.0", "misc"),
            placement("hallo", "1.0", "misc"),
        ],
    );
    let search = |text: &str| {
        let found = catalog.search(&in_stable(), text, 0, packages(10)).unwrap();
        names(&found.packages)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(search("nginx"), ["nginx", "server"]);
    assert_eq!(search("ngi"), ["nginx", "server"]);
    assert_eq!(search("ngnix"), ["nginx"]);
    assert_eq!(search("hillo"), ["hallo", "hello"]);
    assert_eq!(search("hello"), ["hello"], "a whole name is no misprint");
    assert_eq!(search("\"*(:"), Vec::<String>::new());
    assert_eq!(search("hello OR nginx"), Vec::<String>::new());

    // Words may be unfinished, but those of a whole name are not.
    let mut longer = placement("many", "1.0", "web");
    let text = &mut longer.content.content.control;
    *text = text.replace("short words of many", "several nginxes");
    longer.content.content.sha256 = digest::sha256(text.as_bytes());
    place(catalog, &[longer]);
    assert_eq!(search("ngi"), ["nginx", "server", "many"]);
    assert_eq!(search("nginx"), ["nginx", "server"]);
}

pub(super) fn a_package_knows_the_token_and_the_job_that_brought_it(catalog: &SqlCatalog) {
    let new = account("jane", Role::Maintainer);
    catalog.create_account(&new, &event("user.create")).unwrap();
    let token = |name: &str| ApiToken {
        id: id(name),
        account: id("id-jane"),
        name: format!("token {name}"),
        scopes: vec!["upload:stable/*".into()],
        created_at: NOW,
        expires_at: Some(NOW + 60),
        last_used_at: None,
    };
    let job = CiJob {
        issuer: "https://ci.example.org".into(),
        repository: "team/hello".into(),
        workflow: "release.yml".into(),
        reference: Some("refs/tags/v1".into()),
        commit: Some("c0ffee".into()),
        run: None,
        is_public: true,
    };
    let assertion = Assertion {
        issuer: job.issuer.clone(),
        id: "one".into(),
        expires_at: NOW + 60,
        job: job.clone(),
        publishers: Vec::new(),
    };
    let hash = |text: &str| digest::sha256(text.as_bytes());
    let exchanged = catalog.exchange(&assertion, &token("job"), &hash("job"), &event("token.exchange"));
    assert!(exchanged.unwrap());
    let plain = catalog.create_token(&token("plain"), &hash("plain"), &event("token.create"));
    plain.unwrap();

    let by = |token: Option<&str>| {
        Some(Actor {
            name: Some("jane".into()),
            token: token.map(str::to_owned),
            ..Actor::default()
        })
    };
    let placed = |version: &str, by: Option<Actor>| {
        let mut wish = placement("hello", version, "misc");
        wish.by = by;
        place(catalog, std::slice::from_ref(&wish));
        wish.content.content.sha256
    };
    let of = |content| catalog.provenance(&content, &[suite("stable")]).unwrap();
    let built = placed("1", by(Some("job")));
    let from_job = of(built).remove(0);
    assert_eq!((from_job.account.as_deref(), from_job.at), (Some("jane"), NOW));
    assert_eq!(from_job.token.unwrap().name.as_deref(), Some("token job"));
    assert_eq!(from_job.job.as_ref(), Some(&job));
    // Whoever has another secret is not the job.
    let rotated = catalog.rotate_token(&token("job"), &hash("rotated"), &event("token.rotate"));
    assert!(rotated.unwrap());
    let by_rotated = of(placed("1.1", by(Some("job")))).remove(0);
    assert_eq!(
        (by_rotated.token.unwrap().id.as_str(), by_rotated.job),
        ("job", None)
    );
    let sent = of(placed("2", by(Some("plain")))).remove(0);
    assert_eq!(sent.token.unwrap().id, "plain");
    assert_eq!(sent.job, None);
    assert_eq!(of(placed("3", by(None)))[0].token, None, "a sign-in");
    assert_eq!(of(placed("4", None)), [], "a shell");

    // It is of the suite that it came into, and outlives the token.
    let deleted = catalog.delete_token(&id("id-jane"), &id("job"), &event("token.delete"));
    assert!(deleted.unwrap());
    assert_eq!(of(built)[0].job.as_ref(), Some(&job));
    assert_eq!(catalog.provenance(&built, &[suite("private")]).unwrap(), []);
    let state = catalog.snapshot(&suite("stable"), "", None).unwrap();
    let shown = state.named(&"hello".parse().unwrap()).unwrap();
    let jobs: Vec<Option<&CiJob>> = shown.iter().map(|named| named.job.as_ref()).collect();
    assert_eq!(jobs, [None, None, None, None, Some(&job)]);
}

pub(super) fn what_is_counted_once_follows_each_change(catalog: &SqlCatalog) {
    let both = [suite("stable"), suite("private")];
    let counted = |suites: &[SuiteName]| {
        let totals = catalog.totals(suites).unwrap();
        let placed = catalog.placed_by_day(suites, NOW - 86400).unwrap();
        let placed: u64 = placed.iter().map(|(_, count)| count).sum();
        // What is remembered is what was counted.
        assert_eq!(catalog.totals(suites).unwrap(), totals);
        (totals.packages, totals.names, totals.bytes, placed)
    };
    assert_eq!(counted(&both), (0, 0, 0, 0));
    let hello = placement("hello", "1.0", "misc");
    let mut hidden = hello.clone();
    hidden.suite = suite("private");
    place(catalog, &[hello, placement("hello", "2.0", "misc"), hidden]);
    assert_eq!(counted(&both), (2, 1, 2, 3));
    assert_eq!(counted(&both[1..]), (1, 1, 1, 1));
    place(catalog, &[placement("nginx", "1.0", "web")]);
    assert_eq!(counted(&both), (3, 2, 3, 4));
    let gone = Selection {
        suite: Some(suite("stable")),
        name: Some("hello".parse().unwrap()),
        ..Selection::default()
    };
    catalog.remove(&[gone], None, NOW).unwrap();
    assert_eq!(counted(&both), (2, 2, 2, 4));
    assert_eq!(counted(&both[..1]), (1, 1, 1, 3));
    assert_eq!(catalog.placed_by_day(&both, NOW + 86400).unwrap(), []);
}

#[test]
fn a_server_keeps_the_plan_for_looking_one_package_up() {
    let catalog = with_suites(&TestServer::shared().database());
    let hello = placement("hello", "1.0", "misc");
    let digest = hello.content.content.sha256;
    place(&catalog, &[hello]);
    for _ in 0..8 {
        let found = catalog.package(&digest.as_bytes()[..16], &[suite("stable")], &[]);
        assert_eq!(names(&[found.unwrap().unwrap()]), ["hello"]);
    }
    let kept = catalog.read_at_once("look at plans", |db| {
        let kept = "select generic_plans from pg_prepared_statements where statement like 'select content.sha256%first.sha256%'";
        db.query(kept, &[], |row| row.get::<i64>(0))
    });
    // The server makes five plans for the values at hand before it decides.
    assert_eq!(kept.unwrap(), [3]);
}
