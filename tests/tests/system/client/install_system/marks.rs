//! Which packages count as asked for after something went wrong.

use archive_tests::DebBuilder;

use super::Machine;

const FAILS: &str = "#!/bin/sh\nexit 1\n";
const AUTOMATIC: &str = "Package: lib\nArchitecture: amd64\nAuto-Installed: 1\n\n";

#[test]
fn what_was_to_go_and_still_stands_stays_automatic() {
    let machine = Machine::new(&[
        DebBuilder::new("app", "1", "all").depends("lib"),
        DebBuilder::new("lib", "1", "all"),
    ]);
    machine.give_shell();
    machine.cpkgs(&["install", "app"]).ok();
    machine.archive.add(&[
        DebBuilder::new("app", "2", "all").depends("newlib"),
        DebBuilder::new("newlib", "2", "all")
            .field("Breaks", "lib")
            .control_file("preinst", FAILS),
    ]);
    machine.archive.publish();
    machine.client.run(&["update"]).ok();
    machine.cpkgs(&["full-upgrade"]).exits(1);
    let status = machine.status();
    assert!(
        status.contains(&"lib 1 install installed".to_owned()),
        "{status:?}"
    );
    // Nor is there a mark of what did not come.
    assert_eq!(machine.automatic(), AUTOMATIC);
}

#[test]
fn what_cannot_be_removed_stays_automatic() {
    let machine = Machine::new(&[
        DebBuilder::new("app", "1", "all").depends("lib"),
        DebBuilder::new("lib", "1", "all").control_file("prerm", FAILS),
    ]);
    machine.give_shell();
    machine.cpkgs(&["install", "app"]).ok();
    machine.cpkgs(&["remove", "app"]).ok();
    machine.cpkgs(&["autoremove"]).exits(1);
    assert!(
        machine.status()[0].starts_with("lib 1 "),
        "{:?}",
        machine.status()
    );
    assert_eq!(machine.automatic(), AUTOMATIC);
}
