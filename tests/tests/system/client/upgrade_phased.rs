//! `cpkgs upgrade` of updates that are phased in, beside the machine's apt.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use archive_tests::{Apt, Client, DebBuilder, TestArchive};

const PACKAGES: usize = 40;

/// Each package in two versions; the newer one is for so many machines of a hundred, from none to nearly all.
fn updates() -> Vec<DebBuilder> {
    let update = |number: usize| {
        let percentage = (number * 100 / PACKAGES).to_string();
        DebBuilder::new(&format!("package{number}"), "2", "all")
            .field("Phased-Update-Percentage", &percentage)
    };
    (0..PACKAGES).map(update).collect()
}

fn status() -> String {
    let mut status = String::new();
    for number in 0..PACKAGES {
        let written = writeln!(
            status,
            "Package: package{number}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\
             Maintainer: A <a@example.org>\nDescription: x\n"
        );
        written.unwrap();
    }
    status
}

#[test]
fn phased_updates_are_taken_on_the_machines_on_which_apt_takes_them() {
    let archive = TestArchive::new();
    archive.add(&updates());
    archive.publish();
    let root = archive.root().display().to_string();
    let client = Client::of(&archive, &format!("file:{root}"));
    client.run(&["update"]).ok();
    let apt = Apt::new(&format!(
        "Types: deb\nURIs: file:{root}\nSuites: stable\nComponents: main\nSigned-By: {root}/archive-keyring.pgp\n"
    ));
    fs::write(apt.system().join("var/lib/dpkg/status"), status()).unwrap();
    fs::create_dir_all(apt.system().join("etc")).unwrap();
    apt.update().silent();
    for id in [
        "0123456789abcdef0123456789abcdef",
        "912e43bd1c1d4ba481f9f8ccab25f9ee",
    ] {
        fs::write(apt.system().join("etc/machine-id"), format!("{id}\n")).unwrap();
        let machine = format!("APT::Machine-ID={id}");
        // A test may itself run in a chroot, where apt takes every update.
        let planned = apt.apt(&[
            "upgrade",
            "--simulate",
            "-o",
            &machine,
            "-o",
            "Dir::Bin::ischroot=/bin/false",
        ]);
        let lines = planned.run.ok().stdout;
        let lines = lines.lines().filter_map(|line| line.strip_prefix("Inst "));
        let by_apt: BTreeSet<String> = lines
            .filter_map(|line| line.split(' ').next())
            .map(str::to_owned)
            .collect();
        assert!((1..PACKAGES).contains(&by_apt.len()), "{by_apt:?}");

        let system = apt.system().display().to_string();
        let plan = client.json(&["upgrade", "--dry-run", "--system", "--dpkg-root", &system]);
        let plan = plan.first().unwrap();
        let names = |field: &str| -> BTreeSet<String> {
            let listed = plan[field].as_array().unwrap().iter();
            listed
                .map(|one| one["name"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names("upgrade"), by_apt, "on {id}");
        assert_eq!(names("kept_back").len(), PACKAGES - by_apt.len());
    }
}
