//! What is said, and how a command ends, where dpkg is not done with packages.

use archive_tests::DebBuilder;

use super::{Machine, failing, set_status};

#[test]
fn a_command_that_leaves_packages_that_are_not_configured_has_failed_whatever_it_did() {
    let machine = Machine::new(&[failing("1"), DebBuilder::new("other", "1", "all")]);
    machine.cpkgs(&["install", "bad"]).exits(1);
    for arguments in [
        &["full-upgrade"][..],
        &["full-upgrade"],
        &["install", "other"],
        &["install", "other"],
        &["autoremove"],
    ] {
        let run = machine.cpkgs(arguments).exits(1);
        assert!(
            run.stderr
                .contains("`bad` is half-configured; `cpkgs repair --system` continues it"),
            "{}",
            run.report()
        );
    }
    assert_eq!(
        machine.status(),
        ["bad 1 install half-configured", "other 1 install installed"]
    );
    // What is only shown has not failed, and what takes it away has not either.
    let shown = machine.cpkgs(&["full-upgrade", "--dry-run"]).ok().stderr;
    assert_eq!(shown, "`bad` is half-configured; dpkg would continue it\n");
    let shown = machine.cpkgs(&["remove", "--dry-run", "bad"]).ok().stderr;
    assert!(!shown.contains("would continue"), "{shown}");
    machine.cpkgs(&["remove", "bad"]).ok();
    machine.cpkgs(&["full-upgrade"]).ok();
}

#[test]
fn what_is_left_is_configured_though_there_is_nothing_else_to_do() {
    let machine = Machine::new(&[DebBuilder::new("other", "1", "all")]);
    machine.cpkgs(&["install", "other"]).ok();
    set_status(&machine, "other", "install ok unpacked");
    machine.cpkgs(&["upgrade"]).ok();
    assert_eq!(machine.status(), ["other 1 install installed"]);
}

#[test]
fn repair_is_hinted_at_where_dpkg_left_something_to_do() {
    let stays = DebBuilder::new("stays", "1", "all").control_file("prerm", "#!/bin/sh\nexit 1\n");
    let machine = Machine::new(&[stays, failing("1")]);
    machine.cpkgs(&["install", "stays"]).ok();
    for (arguments, is_hinted) in [(["remove", "stays"], false), (["install", "bad"], true)] {
        let said = machine.cpkgs(&arguments).exits(1).stderr;
        assert!(said.contains("what dpkg did until then is kept"), "{said}");
        assert_eq!(
            said.contains("`cpkgs repair --system` does the rest"),
            is_hinted,
            "{said}"
        );
    }
}

#[test]
fn no_hint_says_to_remove_an_essential_package() {
    for (field, is_hinted) in [("Essential", false), ("Protected", false), ("Tag", true)] {
        let machine = Machine::new(&[failing("1").field(field, "yes")]);
        machine.cpkgs(&["install", "bad"]).exits(1);
        let said = machine.cpkgs(&["repair"]).exits(1).stderr;
        assert_eq!(said.contains("`cpkgs remove --system bad`"), is_hinted, "{said}");
        assert!(!said.contains("--fix-broken"), "{said}");
    }
}

#[test]
fn what_lacks_another_package_is_mended_by_what_the_hint_names() {
    let base = DebBuilder::new("base", "1", "all").depends("lib");
    let machine = Machine::new(&[base, DebBuilder::new("lib", "1", "all")]);
    machine.cpkgs(&["install", "base"]).ok();
    set_status(&machine, "lib", "deinstall ok not-installed");
    set_status(&machine, "base", "install ok unpacked");
    let said = machine.cpkgs(&["repair"]).exits(1).stderr;
    assert!(
        said.contains("`cpkgs full-upgrade --system --fix-broken`"),
        "{said}"
    );
    machine.cpkgs(&["full-upgrade", "--fix-broken"]).ok();
    assert_eq!(
        machine.status(),
        ["base 1 install installed", "lib 1 install installed"]
    );
}
