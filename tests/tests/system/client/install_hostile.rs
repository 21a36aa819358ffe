//! `cpkgs install` without root of packages whose authors mean harm.

use archive_tests::{Client, DebBuilder, Nginx, TestArchive};

use super::install::has_namespaces;

fn installed(packages: &[DebBuilder], names: &[&str]) -> (TestArchive, Nginx, Client) {
    let (archive, nginx) = TestArchive::served(&["--suite", "stable"]);
    archive.add(packages).ok();
    archive.publish();
    let client = Client::of(&archive, &nginx.url());
    client.run(&["update"]).ok();
    client.run(&[&["install", "--yes"], names].concat()).ok();
    (archive, nginx, client)
}

#[test]
fn scripts_that_never_end_or_write_elsewhere_do_nothing() {
    let beside = tempfile::tempdir().unwrap();
    let witness = beside.path().join("witness").display().to_string();
    let scripts = [
        format!("touch {witness}\nexec touch {witness}\n"),
        "x=aaaaaaaa\n".to_owned() + &"x=$x$x\n".repeat(1000) + "mkdir -p /etc/$x\n",
        "while :; do :; done\n".to_owned(),
        "f() { f; f; }\nf\n".to_owned(),
        format!("x={}{}\n", "$(echo ".repeat(50_000), ")".repeat(50_000)),
        format!("x=$(touch {witness})\ncat x > {witness}\n`touch {witness}`\n"),
        format!("cp /usr/share/bad5/x {witness}\nln -s /usr/share/bad5/x ../..{witness}\n"),
        format!(
            "mkdir -p /etc/{} /var/lib/.. /etc/x/. /etc/../../..{witness}\n",
            "x".repeat(300)
        ),
        format!("update-alternatives --install /../../..{witness} a /usr/share/bad8/x 5\n"),
        "update-alternatives --install /usr/bin/.. a /usr/share/bad9/x 5\n".to_owned(),
        format!("R -e 'system(\"touch {witness}\")'\n"),
    ];
    let names: Vec<String> = (0..scripts.len()).map(|index| format!("bad{index}")).collect();
    let packages = names.iter().zip(&scripts).map(|(name, script)| {
        DebBuilder::new(name, "1.0", "all")
            .file(&format!("usr/share/{name}/x"), "x")
            .control_file("preinst", format!("#!/bin/sh\ntouch {witness}\n"))
            .control_file("postinst", format!("#!/bin/sh\n{script}"))
    });
    let packages: Vec<DebBuilder> = packages.collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (_archive, _nginx, client) = installed(&packages, &names);
    assert_eq!(std::fs::read_dir(beside.path()).unwrap().count(), 0);
    assert!(client.path("packages/current/root/usr/share/bad0/x").exists());
}

#[test]
fn programs_that_make_indexes_write_nowhere_else_and_may_not_leave() {
    if !has_namespaces() {
        archive_tests::skip("overlay mounts in a user namespace");
        return;
    }
    // Not below `/tmp`, which is hidden.
    let beside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let witness = beside.path().join("witness").display().to_string();
    let script = format!(
        "#!/bin/sh\n\
         touch {witness} \"$HOME/witness\" /var/tmp/{0} /proc/1/root{witness} /proc/$PPID/root{witness}\n\
         mount -o remount,rw / && touch {witness}\n\
         unshare -rm sh -c 'mount -o remount,rw / && touch {witness}'\n\
         unshare -rm sh -c 'mount -o remount,bind,rw / && touch {witness}'\n\
         ln -s {witness} /usr/share/mime/link && touch /usr/share/mime/link\n\
         grep CapBnd /proc/self/status > /usr/share/mime/rights\n\
         exit 0\n",
        beside.path().file_name().unwrap().display(),
    );
    let package = DebBuilder::new("bad", "1.0", "all")
        .file("usr/bin/update-mime-database", script)
        .file("usr/share/mime/packages/bad.xml", "x");
    let (_archive, _nginx, client) = installed(&[package], &["bad"]);
    assert_eq!(std::fs::read_dir(beside.path()).unwrap().count(), 0);
    let outside = std::path::Path::new("/var/tmp").join(beside.path().file_name().unwrap());
    assert!(!outside.exists());
    let rights = client.path("packages/current/root/usr/share/mime/rights");
    let rights = std::fs::read_to_string(rights).unwrap();
    let rights = u64::from_str_radix(rights.trim_start_matches("CapBnd:").trim(), 16).unwrap();
    // Source: capabilities(7), and linux/capability.h for the numbers.
    let (ptrace, admin) = (1 << 19, 1 << 21);
    assert_eq!(rights & (ptrace | admin), 0, "{rights:x}");
}
