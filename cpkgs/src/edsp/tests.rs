use super::*;
use crate::system::AptSettings;

/// Answers a scenario on a machine without settings of apt.
fn answered_for(scenario: &[u8], recommends: Recommends) -> String {
    answered_on(None, scenario, recommends)
}

fn answered_on(phasing: Option<&Phasing>, scenario: &[u8], recommends: Recommends) -> String {
    let keeping = Keeping::new(&AptSettings::default(), "").unwrap();
    answer(scenario, recommends, &keeping, phasing)
}

/// Packages by line: number, name, version, then what is so, with `a` for automatic, `c` for candidate, `i` for installed and `h` for
/// held; then further fields after `;`.
fn packages(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        let (head, fields) = line.split_once(';').unwrap_or((line, ""));
        let words: Vec<&str> = head.split_whitespace().collect();
        let &[id, name, version, flags] = words.as_slice() else {
            unreachable!("four words: {line}");
        };
        let _ = write!(text, "\nPackage: {name}\nVersion: {version}\nAPT-ID: {id}\n");
        if !fields.contains("Architecture:") {
            text.push_str("Architecture: amd64\n");
        }
        let said = [
            ('a', "APT-Automatic"),
            ('c', "APT-Candidate"),
            ('h', "Hold"),
            ('i', "Installed"),
        ];
        for (_, field) in said.iter().filter(|(flag, _)| flags.contains(*flag)) {
            let _ = writeln!(text, "{field}: yes");
        }
        if !fields.contains("APT-Pin:") {
            let pin = if flags.contains('i') { 100 } else { 500 };
            let _ = writeln!(text, "APT-Pin: {pin}");
        }
        for field in fields.split(';').filter(|field| !field.is_empty()) {
            let _ = writeln!(text, "{}", field.trim());
        }
    }
    text
}

fn scenario(request: &str, lines: &[&str]) -> String {
    let packages = packages(lines);
    format!("Request: EDSP 0.5\nArchitecture: amd64\nArchitectures: amd64\n{request}{packages}")
}

/// Returns the whole answer.
fn told(request: &str, lines: &[&str]) -> String {
    answered_for(scenario(request, lines).as_bytes(), Recommends::Leave)
}

/// Returns what is to be done, each as `Install 3`, sorted.
fn ask(request: &str, lines: &[&str]) -> Vec<String> {
    let answer = told(request, lines);
    let mut steps: Vec<String> = answer
        .lines()
        .filter(|line| {
            ["Install: ", "Remove: ", "Autoremove: ", "Error: "]
                .iter()
                .any(|step| line.starts_with(step))
        })
        .map(|line| line.replace(':', ""))
        .collect();
    steps.sort();
    steps
}

const UPGRADE: &str = "Upgrade-All: yes\nUpgrade: yes\nForbid-New-Install: yes\nForbid-Remove: yes\n";
const DIST_UPGRADE: &str = "Upgrade-All: yes\nDist-Upgrade: yes\n";
const APP: [&str; 4] = ["7 app 1 c;Depends: lib", "8 lib 2 c", "9 lib 3 -", "3 old 1 iac"];

#[test]
fn the_exact_limits_of_an_upgrade_count_before_the_older_field() {
    let packages = ["1 foo 1 i", "2 foo 2 c;Depends: new", "3 new 1 c"];
    let request =
        |new| format!("Upgrade-All: yes\nUpgrade: yes\nForbid-New-Install: {new}\nForbid-Remove: yes\n");
    assert_eq!(ask(&request("no"), &packages), ["Install 2", "Install 3"]);
    assert_eq!(ask(&request("yes"), &packages), [""; 0]);
    assert_eq!(ask("Upgrade: yes\n", &packages), [""; 0]);
}

#[test]
fn a_metapackage_that_goes_with_another_leaves_what_it_depends_on() {
    let packages = [
        "1 desktop 1 i;Section: contrib/metapackages;Depends: editor, browser (>= 1)",
        "2 editor 1 ia",
        "3 browser 1 ia",
    ];
    assert_eq!(ask("Remove: editor\n", &packages), ["Remove 1", "Remove 2"]);
    assert_eq!(
        ask("Remove: desktop\n", &packages),
        ["Autoremove 2", "Autoremove 3", "Remove 1"]
    );
}

#[test]
fn an_upgrade_keeps_back_what_would_lack_what_it_newly_recommends() {
    let packages = ["1 foo 1 i", "2 foo 2 c;Recommends: bar"];
    let request = scenario(UPGRADE, &packages);
    assert_eq!(answered_for(request.as_bytes(), Recommends::Take), "");
    assert_eq!(ask(UPGRADE, &packages), ["Install 2"]);
    let request = scenario(DIST_UPGRADE, &packages);
    assert!(answered_for(request.as_bytes(), Recommends::Take).starts_with("Install: 2\n"));
}

#[test]
fn an_archive_that_was_rebuilt_is_upgraded_to_as_apt_does() {
    let packages = [
        "1 core 1 i;Breaks: video-5",
        "2 core 1 c;Breaks: video-6",
        "3 intel 1 i;Provides: video-6",
        "4 intel 2 c",
    ];
    assert_eq!(ask(DIST_UPGRADE, &packages), ["Install 2", "Install 4"]);
    // What would have to go for it stays, and so does this.
    assert_eq!(ask(DIST_UPGRADE, &packages[..3]), [""; 0]);
}

#[test]
fn an_architecture_that_apt_is_not_configured_for_meets_no_needs_of_others() {
    let packages = [
        "1 tool 1 i;Architecture: armhf;Multi-Arch: foreign",
        "2 user 1 i;Architecture: armhf;Depends: tool",
        "3 tool 1 c;Multi-Arch: foreign",
        "4 new 1 c;Depends: tool",
    ];
    assert_eq!(
        ask("Install: new\n", &packages),
        ["Install 3", "Install 4", "Remove 1"]
    );
}

#[test]
fn what_comes_is_said_in_the_numbers_of_apt_and_only_candidates_come() {
    assert_eq!(
        ask("Install: app:amd64\n", &APP),
        ["Autoremove 3", "Install 7", "Install 8"]
    );
}

#[test]
fn without_strict_pinning_any_version_may_come_and_the_candidate_is_preferred() {
    let newer = ["1 app 1 c;Depends: lib (>= 3)", "2 lib 2 c", "3 lib 3 -"];
    assert_eq!(ask("Install: app\n", &newer), [format!("Error {NO_PLAN}")]);
    assert_eq!(
        ask("Install: app\nStrict-Pinning: no\n", &newer),
        ["Install 1", "Install 3"]
    );
    assert_eq!(ask("Install: lib\nStrict-Pinning: no\n", &newer), ["Install 2"]);
}

#[test]
fn what_is_left_over_is_always_said_and_what_is_suggested_is_not() {
    let lines = [
        "0 app 1 ic;Depends: lib",
        "1 lib 1 iac;Suggests: hint",
        "2 hint 1 iac",
        "3 stays 1 ic;Recommends: wanted",
        "4 wanted 1 iac",
        "5 held 1 iach",
    ];
    assert_eq!(ask("", &lines), Vec::<String>::new());
    assert_eq!(
        ask("Remove: app:amd64\n", &lines),
        ["Autoremove 1", "Autoremove 2", "Remove 0"]
    );
}

#[test]
fn what_is_vital_in_any_version_is_never_left_over() {
    let lines = [
        "0 one 1 iac",
        "1 one 2 -;Essential: yes",
        "2 two 2 iac",
        "3 two 1 -;Important: yes",
        "4 three 1 iac;Depends: four",
        "5 three 2 -;Protected: yes",
        "6 four 1 iac",
        "7 left 1 iac;Essential: no",
        "8 app 1 c",
    ];
    assert_eq!(ask("Install: app:amd64\n", &lines), ["Autoremove 7", "Install 8"]);
}

#[test]
fn where_not_all_can_be_upgraded_what_was_asked_for_comes_first() {
    let lines = [
        "0 lib 1 ia",
        "1 lib 2 c",
        "2 app 1 i",
        "3 app 2 c;Depends: lib (<= 1)",
    ];
    assert_eq!(ask(UPGRADE, &lines), ["Install 3"]);
    let reversed: Vec<&str> = lines.iter().rev().copied().collect();
    assert_eq!(ask(UPGRADE, &reversed), ["Install 3"]);
}

#[test]
fn an_upgrade_mends_what_was_broken_within_its_limits_only() {
    let limits = "Upgrade-All: yes\nForbid-Remove: yes\n";
    let refused = [format!("Error {NO_PLAN}")];
    let rest = ["0 easy 1 i", "1 easy 2 c", "2 other 1 c"];
    let ask = |request: &str, more: &[&str]| ask(request, &[&rest, more].concat());
    let other = format!("Install: other:amd64\n{UPGRADE}");
    let gone = ["3 bad 1 ic;Depends: nowhere"];
    for request in [UPGRADE, limits, &other] {
        assert_eq!(ask(request, &gone), refused, "{request}");
    }
    let remove = format!("Remove: bad:amd64\n{UPGRADE}");
    assert_eq!(ask(&remove, &gone), ["Install 1", "Remove 3"]);
    let mended = ["3 bad 1 i;Depends: nowhere", "4 bad 2 c"];
    assert_eq!(ask(UPGRADE, &mended), ["Install 1", "Install 4"]);
    assert_eq!(ask(&other, &mended), ["Install 1", "Install 2", "Install 4"]);
    let lacks = ["3 bad 1 ic;Depends: new", "4 new 1 c"];
    assert_eq!(ask(UPGRADE, &lacks), refused);
    assert_eq!(ask(limits, &lacks), ["Install 1", "Install 4"]);
    assert_eq!(
        ask(&format!("Install: new:amd64\n{UPGRADE}"), &lacks),
        ["Install 1", "Install 4"]
    );
}

#[test]
fn an_upgrade_keeps_back_what_would_need_something_new_or_a_removal() {
    let lines = [
        "0 easy 1 i",
        "1 easy 2 c",
        "2 wants 1 i",
        "3 wants 2 c;Depends: new",
        "4 new 1 c",
        "5 fights 1 i",
        "6 fights 2 c;Conflicts: other",
        "7 other 1 ic",
        "8 held 1 ih",
        "9 held 2 c",
    ];
    assert_eq!(ask(UPGRADE, &lines), ["Install 1"]);
    assert_eq!(
        ask("Upgrade-All: yes\nForbid-Remove: yes\n", &lines),
        ["Install 1", "Install 3", "Install 4"]
    );
    // What is named is done all the same, with what it needs.
    let named = |name: &str| ask(&format!("Install: {name}:amd64\n{UPGRADE}"), &lines);
    assert_eq!(named("wants"), ["Install 1", "Install 3", "Install 4"]);
    assert_eq!(named("fights"), ["Install 1", "Install 6", "Remove 7"]);
    assert_eq!(named("held"), ["Install 1", "Install 9"]);
    assert_eq!(ask(&format!("Remove: easy\n{UPGRADE}"), &lines), ["Remove 0"]);
}

#[test]
fn limits_without_an_upgrade_hold_for_what_is_not_named() {
    assert_eq!(
        ask("Install: lib\nForbid-New-Install: yes\n", &APP),
        ["Autoremove 3", "Install 8"]
    );
    let refused = [format!("Error {NO_PLAN}")];
    assert_eq!(ask("Install: app\nForbid-New-Install: yes\n", &APP), refused);
    let lines = ["0 app 1 c;Conflicts: old", "1 old 1 ic"];
    assert_eq!(ask("Install: app\nForbid-Remove: yes\n", &lines), refused);
}

#[test]
fn what_is_asked_for_becomes_what_apt_chose_whatever_is_installed() {
    let lines = [
        "0 tool 2 i",
        "1 tool 1 c;Depends: extra",
        "2 extra 1 c",
        "3 kept 1 ih",
        "4 kept 2 c;Conflicts: foe",
        "5 foe 1 iac",
    ];
    assert_eq!(
        ask("Install: tool:amd64\n", &lines),
        ["Autoremove 5", "Install 1", "Install 2"]
    );
    assert_eq!(ask("Install: kept:amd64\n", &lines), ["Install 4", "Remove 5"]);
    let same = ["0 aa 1 i", "1 aa 1 c;Depends: bb", "2 bb 1 c"];
    assert_eq!(ask("Install: aa:amd64\n", &same), ["Install 1", "Install 2"]);
    assert_eq!(
        ask("Install: bb:amd64\n", &same),
        ["Install 2"],
        "what is installed keeps its own relations"
    );
}

#[test]
fn an_upgrade_keeps_back_what_is_not_for_this_machine_yet() {
    let phasing = Phasing::new("0123456789abcdef0123456789abcdef");
    let ask = |request: &str, lines: &[&str]| {
        let text = scenario(request, lines);
        let answer = answered_on(phasing.as_ref(), text.as_bytes(), Recommends::Leave);
        let lines = answer.lines();
        let steps = lines.filter(|line| {
            ["Install: ", "Remove: ", "Error: "]
                .iter()
                .any(|step| line.starts_with(step))
        });
        steps.map(str::to_owned).collect::<Vec<String>>()
    };
    let upgrade = "Upgrade-All: yes\nForbid-New-Install: yes\nForbid-Remove: yes\n";
    let dist_upgrade = "Upgrade-All: yes\nDist-Upgrade: yes\n";
    let percentage = |percentage: u32| {
        format!(
            "1 hello 2.10-3 c;Source: hello;Source-Version: 2.10-3;Phased-Update-Percentage: {percentage}"
        )
    };
    for request in [upgrade, dist_upgrade] {
        let of = |update: &str| ask(request, &["0 hello 1 i", update, "2 other 1 i", "3 other 2 c"]);
        assert_eq!(of(&percentage(70)), ["Install: 3"], "{request}");
        assert_eq!(of(&percentage(71)), ["Install: 1", "Install: 3"], "{request}");
        // A hole is closed on all machines at once, also by a version in between.
        let release = "APT-Release: \n o=Ubuntu,a=jammy-security,n=jammy";
        assert_eq!(
            of(&format!("{};{release}", percentage(0))),
            ["Install: 1", "Install: 3"]
        );
        let between = format!("4 hello 1.5 -;{release}");
        let closed = ask(request, &["0 hello 1 i", &percentage(0), &between]);
        assert_eq!(closed, ["Install: 1"], "{request}");
    }
    // Who names a package asks for it, and for what it needs.
    let update = percentage(0);
    assert_eq!(
        ask("Install: hello:amd64\n", &["0 hello 1 i", &update]),
        ["Install: 1"]
    );
    let needs = ["0 hello 1 i", &update, "2 needs 1 c;Depends: hello (>= 2)"];
    let with = format!("Install: needs:amd64\n{dist_upgrade}");
    assert_eq!(ask(&with, &needs), ["Install: 1", "Install: 2"]);
}

#[test]
fn a_name_may_have_a_colon() {
    let lines = [
        "0 tool 1 c",
        "1 satisfy:command-line 1 c;APT-Pin: -1;Depends: tool",
        "2 builddeps:app 1 c;APT-Pin: -1;Depends: nothing",
    ];
    assert_eq!(
        ask("Install: satisfy:command-line:amd64\n", &lines),
        ["Install 0", "Install 1"]
    );
    let answer = told("Install: builddeps:app:amd64\n", &lines);
    assert!(
        answer.starts_with("Error: ") && answer.contains("`nothing`"),
        "{answer}"
    );
}

#[test]
fn what_is_installed_counts_whatever_its_architecture_is() {
    let lines = [
        "0 tool 1 c;Conflicts: old",
        "1 old 1 ic;Architecture: i386",
        "2 user 1 c;Depends: data",
        "3 data 1 ic;Architecture: armhf;Multi-Arch: foreign",
    ];
    assert_eq!(ask("Install: tool:amd64\n", &lines), ["Install 0", "Remove 1"]);
    // But it meets the needs of its own architecture only.
    assert_eq!(ask("Install: user:amd64\n", &lines), [format!("Error {NO_PLAN}")]);
    assert_eq!(ask("Remove: old:i386\n", &lines), ["Remove 1"]);
    let lines = ["0 tool 1 -", "1 tool 1 c;Architecture: i386"];
    assert_eq!(
        ask("Install: tool\n", &lines),
        ["Install 1"],
        "what may not come is not meant"
    );
}

#[test]
fn what_is_essential_goes_only_where_it_is_named() {
    for field in ["Essential", "Protected", "Important"] {
        let vital = format!("0 vital 1 ic;{field}: yes;Depends: under");
        let lines = [
            vital.as_str(),
            "1 under 1 iac",
            "2 foe 1 c;Conflicts: vital;Replaces: vital;Provides: vital",
        ];
        assert_eq!(ask("Remove: vital:amd64\n", &lines), ["Autoremove 1", "Remove 0"]);
        assert_eq!(
            ask("Install: foe:amd64\nRemove: vital:amd64\n", &lines),
            ["Autoremove 1", "Install 2", "Remove 0"]
        );
        let refused = [format!("Error {NO_PLAN}")];
        assert_eq!(ask("Remove: under:amd64\n", &lines), refused);
        assert_eq!(ask("Install: foe:amd64\n", &lines), refused);
        assert_eq!(ask(DIST_UPGRADE, &lines), Vec::<String>::new());
    }
}

#[test]
fn a_dist_upgrade_lets_go_of_what_no_source_has_any_more() {
    let lines = |flags: &str, more: &str| {
        [
            "0 app 1 i".to_owned() + ";Depends: libfoo1",
            "1 app 2 c;Depends: libfoo1t64".to_owned(),
            format!("2 libfoo1 1 {flags};{more}"),
            "3 libfoo1t64 2 c;Breaks: libfoo1 (<< 2)".to_owned(),
            "4 libbar1 1 iac".to_owned(),
            "5 user 1 ic;Depends: libbar1".to_owned(),
        ]
    };
    let ask = |flags: &str, more: &str| {
        let lines = lines(flags, more);
        ask(DIST_UPGRADE, &lines.each_ref().map(String::as_str))
    };
    let upgraded = ["Install 1", "Install 3", "Remove 2"];
    assert_eq!(ask("iac", ""), upgraded);
    // For what was asked for, also what a source has.
    assert_eq!(ask("iac", "APT-Release:\n a=stable,n=trixie"), upgraded);
    // What is held stays, and holds up nothing else.
    assert_eq!(ask("iach", ""), Vec::<String>::new());
    // What was asked for stays itself, but for libraries: whatever made the system marked them so.
    assert_eq!(ask("ic", ""), Vec::<String>::new());
    assert_eq!(ask("ic", "Section: libs"), upgraded);
    assert_eq!(
        ask("ic", "Section: libs;APT-Release:\n a=stable,n=trixie"),
        Vec::<String>::new()
    );
}

#[test]
fn a_build_brings_nothing_that_is_only_recommended() {
    let lines = [
        "1 builddeps:app 1 c;Depends: compiler",
        "2 compiler 1 c;Recommends: manual",
        "3 manual 1 c",
    ];
    let ask = |name: &str| {
        let lines = lines.map(|line| line.replace("builddeps:app", name));
        let scenario = scenario(
            &format!("Install: {name}:amd64\n"),
            &lines.each_ref().map(String::as_str),
        );
        answered_for(scenario.as_bytes(), Recommends::Take)
    };
    assert!(!ask("builddeps:app").contains("Install: 3"));
    assert!(ask("app").contains("Install: 3"));
}

#[test]
fn a_dist_upgrade_lets_what_came_by_itself_and_a_source_has_go_for_what_was_asked_for_alone() {
    let archive = "APT-Release:\n a=stable,n=trixie";
    let lines = |flags: &str, of_old: &str| {
        [
            format!("0 app 1 {flags}"),
            "1 app 2 c;Conflicts: old".to_owned(),
            format!("2 old 1 iac;{archive}"),
            format!("3 user 1 ic;{of_old}"),
        ]
    };
    let ask = |flags: &str, of_old: &str| {
        let lines = lines(flags, of_old);
        ask(DIST_UPGRADE, &lines.each_ref().map(String::as_str))
    };
    assert_eq!(ask("i", ""), ["Install 1", "Remove 2"]);
    // Not where something else that was asked for would go with it, not even in the place of a library that gives way, and not for what
    // came by itself.
    let swapped = [
        "0 app 1 i",
        "1 app 2 c;Depends: lib;Conflicts: user",
        "2 user 1 ic",
        "3 lib 1 i;Section: libs",
    ];
    assert_eq!(self::ask(DIST_UPGRADE, &swapped), Vec::<String>::new());
    assert_eq!(ask("i", "Depends: old"), Vec::<String>::new());
    assert_eq!(ask("ia", "Depends: app;Recommends: old"), Vec::<String>::new());
}

#[test]
fn what_no_source_has_any_more_still_serves_where_it_stays() {
    let lines = [
        "0 app 1 i",
        "1 app 2 c;Depends: thing",
        "2 local 1 iac;Provides: thing",
        "3 thing 1 c",
        "4 libfoo1 1 iac",
        "5 libfoo2 1 c;Breaks: libfoo1",
        "6 user 1 i",
        "7 user 2 c;Depends: libfoo2",
    ];
    assert_eq!(
        ask(DIST_UPGRADE, &lines),
        ["Install 1", "Install 5", "Install 7", "Remove 4"]
    );
}

#[test]
fn a_dist_upgrade_brings_what_is_essential_now_where_it_can() {
    let lines = [
        "0 new 1 c;Essential: yes;Depends: more",
        "1 more 1 c",
        "2 never 1 c;Essential: yes;Depends: nothing",
        "3 foreign 1 c;Essential: yes;Architecture: i386",
    ];
    assert_eq!(ask(DIST_UPGRADE, &lines), ["Install 0", "Install 1"]);
    assert_eq!(ask(UPGRADE, &lines), Vec::<String>::new());
    assert_eq!(ask("", &lines), Vec::<String>::new());
}

#[test]
fn whatever_is_wrong_is_an_answer_that_says_so() {
    let cases = [
        (scenario("Install: absent:amd64\n", &APP), "`absent:amd64`"),
        (
            scenario("Install: bad\n", &["1 bad 1 c;Depends: (("]),
            "`bad` with `APT-ID: 1`",
        ),
        (scenario("Upgrade-All: perhaps\n", &APP), "`perhaps`"),
        (scenario("", &["1 one 1 c", "1 two 1 c"]), "`two`"),
        (scenario("", &["1 one 1 i", "2 one 2 ic"]), "installed twice"),
        (scenario("", &["x one 1 c"]), "no number, but `x`"),
        (scenario("", &["1 one _ c"]), "`one`"),
        (
            scenario("", &APP).replace("Package: app", "Package app"),
            "cannot be read",
        ),
        ("Request: EIPP 0.1\n".to_owned(), "`Request: EIPP 0.1`"),
        ("Request: EDSP 0.5\nArchitecture: A!\n".to_owned(), "`A!`"),
        (String::new(), "empty"),
    ];
    for (scenario, said) in cases {
        let answer = answered_for(scenario.as_bytes(), Recommends::Leave);
        assert!(
            answer.starts_with("Error: ") && answer.ends_with("\n\n"),
            "{answer}"
        );
        assert!(
            answer.contains("\nMessage: ") && answer.contains(said),
            "{said}: {answer}"
        );
    }
    let answer = answered_for(b"Request: EDSP 0.5\nArchitecture: \xff\n", Recommends::Leave);
    assert!(answer.contains("not UTF-8 from byte 32 on"), "{answer}");
}

#[test]
fn fields_that_are_not_known_are_passed_over() {
    let request = "Install: lib\nSolver: cpkgs\nMachine-ID: 1\nPreferences: x\nNew-Field: y\n";
    assert_eq!(ask(request, &APP), ["Autoremove 3", "Install 8"]);
}
