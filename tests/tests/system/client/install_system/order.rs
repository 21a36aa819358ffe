//! In which order dpkg is told to remove, unpack and configure.

use archive_tests::DebBuilder;

use super::Machine;

/// The library of a transition: the old package's last script fails where the file has gone with it.
#[test]
fn a_library_that_gets_another_name_is_there_at_every_moment() {
    let file = "./usr/lib/libx.so";
    let machine = Machine::new(&[
        DebBuilder::new("user", "1", "amd64").depends("libx"),
        DebBuilder::new("libx", "1", "amd64")
            .file(file, "old")
            .control_file("postrm", "#!/bin/sh\n[ -e /usr/lib/libx.so ]\n"),
    ]);
    machine.give_shell();
    machine.cpkgs(&["install", "user"]).ok();
    machine.archive.add(&[
        DebBuilder::new("user", "2", "amd64").depends("libxt64"),
        DebBuilder::new("libxt64", "2", "amd64")
            .file(file, "new")
            .field("Provides", "libx (= 2)")
            .field("Replaces", "libx")
            .field("Breaks", "libx (<< 2)"),
    ]);
    machine.archive.publish();
    machine.client.run(&["update"]).ok();
    let kept = machine.cpkgs(&["upgrade"]).ok().stderr;
    assert!(
        kept.contains("`cpkgs full-upgrade --system` removes what is in the way"),
        "{kept}"
    );
    let run = machine.cpkgs(&["full-upgrade"]).ok();
    assert_eq!(
        machine.status(),
        ["libxt64 2 install installed", "user 2 install installed"]
    );
    // What dpkg says of a file has the package's name.
    assert!(run.stderr.contains("libxt64_2_amd64.deb"), "{}", run.report());
}
