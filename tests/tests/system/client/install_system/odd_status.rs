//! A status with what no package may have any more, and dpkg keeps.

use std::fs;

use super::{DebBuilder, Machine, hello};

/// Packages that were installed long ago.
const OLD: &[u8] = b"Package: latin
Status: install ok installed
Version: 1.0
Architecture: all
Maintainer: \xc9mile \x01 <e@example.org>
Depends: libhello (>= a1)
Provides: v (>= 1), w
Description: d

Package: letter
Status: install ok installed
Version: a1.0
Description: no version has a letter first

";

#[test]
fn packages_that_dpkg_only_warns_about_keep_nothing_else_away() {
    let needs = DebBuilder::new("needs", "1.0", "amd64").depends("w, letter (>= 9), hello");
    let machine = Machine::new(&[hello("1.0"), DebBuilder::new("libhello", "1.0", "amd64"), needs]);
    let status = machine.path("var/lib/dpkg/status");
    fs::write(&status, OLD).unwrap();
    let run = machine.cpkgs(&["list", "--installed"]).ok();
    assert!(
        run.stdout.contains("latin\t1.0") && run.stdout.contains("letter\ta1.0"),
        "{}",
        run.report()
    );
    let run = machine.cpkgs(&["install", "--dry-run", "needs"]).ok();
    assert!(run.stdout.contains("3 to install"), "{}", run.report());
    machine.cpkgs(&["install", "hello"]).ok();
    assert!(
        machine
            .status()
            .contains(&"hello 1.0 install installed".to_owned())
    );
    machine.cpkgs(&["autoremove"]).ok();
    // dpkg has its bytes as they were.
    let after = fs::read(&status).unwrap();
    let name = b"\xc9mile \x01";
    assert!(after.windows(name.len()).any(|window| window == name));
}

#[test]
fn a_stanza_that_dpkg_refuses_is_named_with_its_line() {
    let machine = Machine::new(&[hello("1.0")]);
    let text =
        "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\nPackage: b\nPackage: c\n";
    fs::write(machine.path("var/lib/dpkg/status"), text).unwrap();
    let run = machine.cpkgs(&["list", "--installed"]).exits(1);
    assert!(
        run.stderr.contains("line 7: field `Package` stands twice"),
        "{}",
        run.report()
    );
}
